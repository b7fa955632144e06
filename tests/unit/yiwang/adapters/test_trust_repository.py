"""TUF with hybrid keys: what a site accepts below its pinned root, and every attack it refuses by name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import tuf
from tuf.api.metadata import Metadata

from yiwang.adapters.repository import Keyring, Repository
from yiwang.adapters.signing import HybridSigner, TrustClient
from yiwang.errors import NotReady, Refused, Unreachable
from yiwang.model.trust import TrustRole

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TARGET = "control/441721/pack.json"


class Clock:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture(scope="session")
def ceremony(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One ceremony for all tests; each works on a copy."""
    folder = tmp_path_factory.mktemp("ceremony")
    Repository(folder / "repository", Keyring(folder / "keys"), lambda: START).ceremony(demo=True, owner="test")
    return folder


class Lab:
    """A repository, its keys, a clock, and a site that pinned the root."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, Clock()
        self.repository = Repository(folder / "repository", Keyring(folder / "keys"), self.clock)
        self.root = self.repository.root_bytes()

    def site(self, name: str = "site", **rest: Any) -> TrustClient:
        return TrustClient(
            root=self.root, repository=str(self.folder / "repository"), state=self.folder / name, now=self.clock, **rest
        )

    def publish(self, content: bytes = b"{}", path: str = TARGET) -> None:
        assert self.repository.publish(TrustRole.CONTROL, {path: content})

    def metadata(self, name: str) -> Path:
        return self.folder / "repository" / "metadata" / name

    def edit(self, name: str, change: Callable[[dict[str, Any]], None]) -> None:
        content = json.loads(self.metadata(name).read_text(encoding="utf-8"))
        change(content)
        self.metadata(name).write_text(json.dumps(content), encoding="utf-8")

    def resign(self, name: str, role: TrustRole, change: Callable[[Any], None]) -> None:
        """What an attacker does who holds one role's key."""
        metadata: Metadata[Any] = Metadata.from_bytes(self.metadata(name).read_bytes())
        change(metadata.signed)
        metadata.sign(self.repository.keyring.signer(role))
        self.metadata(name).write_bytes(metadata.to_bytes())


@pytest.fixture
def lab(ceremony: Path, tmp_path: Path) -> Lab:
    shutil.copytree(ceremony, tmp_path, dirs_exist_ok=True)
    return Lab(tmp_path)


def test_the_version_of_tuf_is_the_one_whose_inside_we_use() -> None:
    assert tuf.__version__ == "6.0.0"


def test_a_site_reads_what_control_signed(lab: Lab) -> None:
    lab.publish(b'{"a":1}')
    assert lab.site().session().read(TARGET) == b'{"a":1}'


def test_publishing_the_same_again_changes_nothing(lab: Lab) -> None:
    lab.publish(b"same")
    assert not lab.repository.publish(TrustRole.CONTROL, {TARGET: b"same"})


def test_a_second_ceremony_changes_nothing(lab: Lab) -> None:
    assert lab.repository.ceremony(demo=False, owner="other") == lab.root


def test_keys_are_readable_by_their_owner_alone(lab: Lab) -> None:
    assert {path.stat().st_mode & 0o777 for path in (lab.folder / "keys").iterdir()} == {0o600}


@pytest.mark.parametrize("half", ["ed25519", "sm2"])
def test_metadata_without_one_signature_half_is_refused_and_the_half_is_named(lab: Lab, half: str) -> None:
    def drop(content: dict[str, Any]) -> None:
        signature = content["signatures"][0]
        signature["sig"] = ",".join(part for part in signature["sig"].split(",") if not part.startswith(half))

    lab.edit("timestamp.json", drop)
    with pytest.raises(Refused, match=f"^timestamp: .*the {half} half of the signature is missing"):
        lab.site().session()


@pytest.mark.parametrize("half", [0, 1])
def test_one_wrong_half_makes_the_whole_signature_void(lab: Lab, half: int) -> None:
    def spoil(content: dict[str, Any]) -> None:
        parts = content["signatures"][0]["sig"].split(",")
        parts[half] = parts[half][:-2] + ("00" if parts[half][-2:] != "00" else "11")
        content["signatures"][0]["sig"] = ",".join(parts)

    lab.edit("timestamp.json", spoil)
    with pytest.raises(Refused, match=r"^timestamp: .*not valid"):
        lab.site().session()


def test_a_root_key_that_lacks_a_half_is_refused(lab: Lab) -> None:
    def drop(content: dict[str, Any]) -> None:
        next(iter(content["signed"]["keys"].values()))["keyval"].pop("sm2")

    content = json.loads(lab.root)
    drop(content)
    lab.root = json.dumps(content).encode()
    with pytest.raises(Refused, match=r"^root: .*lacks its sm2 half"):
        lab.site().session()


def test_a_tampered_target_is_refused_by_name(lab: Lab) -> None:
    lab.publish(b'{"a":1}')
    (file,) = (lab.folder / "repository" / "targets" / "control" / "441721").iterdir()
    file.write_bytes(b'{"a":2}')
    with pytest.raises(Refused, match=rf"^{TARGET}: .*tampered"):
        lab.site().session().read(TARGET)


def test_a_target_that_grew_is_refused_by_name(lab: Lab) -> None:
    lab.publish(b'{"a":1}')
    (file,) = (lab.folder / "repository" / "targets" / "control" / "441721").iterdir()
    file.write_bytes(b'{"a":1}' + b" " * 1000)
    with pytest.raises(Refused, match=rf"^{TARGET}: .*longer than signed"):
        lab.site().session().read(TARGET)


def test_an_unsigned_target_does_not_exist(lab: Lab) -> None:
    with pytest.raises(Refused, match="not among the signed targets"):
        lab.site().session().read("control/441721/nothing.json")


@pytest.mark.parametrize("role", ["snapshot", "targets", "releases"])
def test_edited_metadata_is_refused_by_name(lab: Lab, role: str) -> None:
    lab.edit(f"1.{role}.json", lambda content: content["signed"].update(version=1, x=1))
    with pytest.raises(Refused, match=rf"^{role}: .*tampered"):
        lab.site().session().targets("releases")


def test_metadata_that_is_no_json_is_refused(lab: Lab) -> None:
    lab.metadata("timestamp.json").write_bytes(b"\xff\x00 not json")
    with pytest.raises(Refused, match=r"^timestamp: "):
        lab.site().session()


def test_a_rollback_of_the_timestamp_is_refused(lab: Lab) -> None:
    before = lab.metadata("timestamp.json").read_bytes()
    lab.publish()
    site = lab.site()
    site.session()
    lab.metadata("timestamp.json").write_bytes(before)
    with pytest.raises(Refused, match=r"^timestamp: .*older than what was already accepted"):
        site.session()


def test_a_snapshot_that_takes_a_role_back_is_refused_although_it_is_signed(lab: Lab) -> None:
    """A rollback by someone who holds both online keys: the snapshot's numbers may only grow."""
    lab.publish()
    site = lab.site()
    site.session()
    lab.metadata("3.snapshot.json").write_bytes(lab.metadata("2.snapshot.json").read_bytes())
    lab.resign("3.snapshot.json", TrustRole.SNAPSHOT, _take_control_back)
    lab.resign("timestamp.json", TrustRole.TIMESTAMP, lambda signed: _point_at(signed, lab.metadata("3.snapshot.json")))
    with pytest.raises(Refused, match=r"^snapshot: .*older"):
        site.session()


def _take_control_back(snapshot: Any) -> None:
    snapshot.version = 3
    snapshot.meta["control.json"].version = 1
    snapshot.meta["control.json"].hashes = None
    snapshot.meta["control.json"].length = None


def _point_at(timestamp: Any, snapshot: Path) -> None:
    timestamp.version += 1
    timestamp.snapshot_meta.version = int(snapshot.name.split(".")[0])
    timestamp.snapshot_meta.length = None
    timestamp.snapshot_meta.hashes = None


def test_a_frozen_repository_is_refused_when_its_timestamp_expires(lab: Lab) -> None:
    site = lab.site()
    site.session()
    lab.clock.time += timedelta(days=8)
    with pytest.raises(Refused, match=r"^timestamp: .*has expired"):
        site.session()


def test_setting_the_clock_back_revives_nothing(lab: Lab) -> None:
    """The verification time is the later of the clock and the highest signed issue time ever seen."""
    old = lab.metadata("timestamp.json").read_bytes()
    site = lab.site()
    lab.clock.time += timedelta(days=20)
    lab.publish()
    site.session()
    lab.clock.time = START
    assert site.verification_time() == START + timedelta(days=20)
    lab.metadata("timestamp.json").write_bytes(old)
    shutil.rmtree(site.state / "metadata")
    with pytest.raises(Refused, match=r"^timestamp: .*has expired"):
        site.session()


def test_a_timestamp_without_issue_time_is_refused(lab: Lab) -> None:
    lab.resign("timestamp.json", TrustRole.TIMESTAMP, lambda signed: signed.unrecognized_fields.pop("issued"))
    with pytest.raises(Refused, match="carries no signed issue time"):
        lab.site().session()


def test_a_mixture_of_old_and_new_metadata_is_refused(lab: Lab) -> None:
    lab.publish(b"one")
    lab.publish(b"two")
    lab.metadata("3.control.json").write_bytes(lab.metadata("2.control.json").read_bytes())
    with pytest.raises(Refused, match=r"^control: .*tampered"):
        lab.site().session().read(TARGET)


def test_a_role_signs_nothing_outside_its_own_folder(lab: Lab) -> None:
    """Whoever holds control's key cannot publish a release."""
    lab.publish(b"evil", path="releases/2026.11.0/manifest.json")
    session = lab.site().session()
    assert session.info("releases/2026.11.0/manifest.json") is None
    assert session.targets("control") == {}


def test_metadata_signed_by_another_role_s_key_is_refused(lab: Lab) -> None:
    lab.publish()
    metadata: Metadata[Any] = Metadata.from_bytes(lab.metadata("2.control.json").read_bytes())
    metadata.sign(lab.repository.keyring.signer(TrustRole.TREE))
    stranger = metadata.to_bytes()
    lab.metadata("2.control.json").write_bytes(stranger)

    def admit(snapshot: Any) -> None:
        snapshot.meta["control.json"].hashes, snapshot.meta["control.json"].length = None, None

    lab.resign("2.snapshot.json", TrustRole.SNAPSHOT, admit)
    lab.resign("timestamp.json", TrustRole.TIMESTAMP, lambda signed: _point_at(signed, lab.metadata("2.snapshot.json")))
    with pytest.raises(Refused, match=r"^control: .*signed by 0/1 keys"):
        lab.site().session().read(TARGET)


def test_a_stranger_s_root_leads_nowhere(lab: Lab, tmp_path: Path) -> None:
    other = Repository(tmp_path / "other", Keyring(tmp_path / "other-keys"), lab.clock)
    lab.root = other.ceremony(demo=True, owner="stranger")
    with pytest.raises(Refused, match=r"^timestamp: .*signed by 0/1 keys"):
        lab.site().session()


def test_production_refuses_a_demonstration_root(lab: Lab) -> None:
    with pytest.raises(Refused, match="demonstration root"):
        lab.site(profile="production").session()


def test_production_accepts_a_root_made_for_it(lab: Lab, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "real", Keyring(tmp_path / "real-keys"), lab.clock)
    root = repository.ceremony(demo=False, owner="province")
    client = TrustClient(root, str(repository.folder), tmp_path / "s", profile="production", now=lab.clock)
    assert client.session().targets("releases") == {}


def test_striking_the_demo_mark_out_breaks_the_root_s_signatures(lab: Lab) -> None:
    content = json.loads(lab.root)
    content["signed"]["demo"] = False
    lab.root = json.dumps(content).encode()
    with pytest.raises(Refused, match=r"^root: .*signed by 0/2 keys"):
        lab.site(profile="production").session()


def test_a_linked_agent_refuses_a_stick_s_timestamp(lab: Lab) -> None:
    lab.metadata("timestamp.json").write_bytes(lab.repository.stick_timestamp("441721"))
    with pytest.raises(Refused, match="medium stick"):
        lab.site().session()
    lab.clock.time += timedelta(days=25)
    assert lab.site("stick-site", medium="stick").session().targets("control") == {}


def test_refreshing_signs_again_only_when_expiry_is_near(lab: Lab) -> None:
    assert not lab.repository.refresh()
    lab.clock.time += timedelta(days=5)
    assert lab.repository.refresh()
    lab.clock.time += timedelta(days=5)
    lab.site().session()


def test_a_published_release_never_changes(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "2026.11.0"
    (folder / "wheels").mkdir(parents=True)
    (folder / "manifest.json").write_bytes(b"{}")
    (folder / "wheels" / "w.whl").write_bytes(b"wheel")
    assert lab.repository.publish_release("2026.11.0", folder)
    assert not lab.repository.publish_release("2026.11.0", folder)
    (folder / "manifest.json").write_bytes(b'{"x":1}')
    with pytest.raises(Refused, match="immutable"):
        lab.repository.publish_release("2026.11.0", folder)


def test_a_broken_download_leaves_the_old_file(lab: Lab, tmp_path: Path) -> None:
    lab.publish(b"good")
    destination = tmp_path / "pack.json"
    lab.site().session().download(TARGET, destination)
    lab.publish(b"new!")
    for file in (lab.folder / "repository" / "targets" / "control" / "441721").iterdir():
        file.write_bytes(b"evil")
    with pytest.raises(Refused):
        lab.site().session().download(TARGET, destination)
    assert destination.read_bytes() == b"good"


def test_a_repository_that_is_not_there_is_unreachable_not_refused(lab: Lab) -> None:
    shutil.rmtree(lab.folder / "repository")
    with pytest.raises(Unreachable):
        lab.site().session()


def test_old_metadata_is_dropped_but_roots_stay(lab: Lab) -> None:
    for number in range(30):
        lab.publish(str(number).encode())
    names = [path.name for path in (lab.folder / "repository" / "metadata").iterdir()]
    assert len([name for name in names if name.endswith(".control.json")]) == 20
    assert "1.root.json" in names
    assert lab.site().session().read(TARGET) == b"29"


def test_a_missing_key_is_named(lab: Lab) -> None:
    lab.repository.keyring.path(TrustRole.CONTROL).unlink()
    with pytest.raises(NotReady, match="signing key of control"):
        lab.publish()


def test_a_key_file_opens_only_as_the_key_it_is(lab: Lab) -> None:
    ring = lab.repository.keyring
    address = f"yiwang-key:{ring.path(TrustRole.TREE)}"
    signer = HybridSigner.from_priv_key_uri(address, ring.signer(TrustRole.TREE).public_key)
    assert signer.public_key == ring.signer(TrustRole.TREE).public_key
    with pytest.raises(ValueError, match="holds key"):
        HybridSigner.from_priv_key_uri(address, ring.signer(TrustRole.CONTROL).public_key)


@pytest.mark.parametrize("role", [TrustRole.TARGETS, TrustRole.SNAPSHOT, TrustRole.TIMESTAMP, TrustRole.CONTROL])
def test_a_replaced_key_is_followed_from_the_old_pinned_root(lab: Lab, role: TrustRole) -> None:
    lab.publish(b"before")
    site = lab.site()
    site.session()
    lab.repository.replace_key(role)
    lab.publish(b"after")
    assert site.session().read(TARGET) == b"after"
    assert lab.site("newcomer").session().read(TARGET) == b"after"


def test_what_a_replaced_key_signs_is_refused(lab: Lab) -> None:
    ring = lab.repository.keyring
    old = ring.signer(TrustRole.TIMESTAMP)
    lab.repository.replace_key(TrustRole.TIMESTAMP)
    metadata: Metadata[Any] = Metadata.from_bytes(lab.metadata("timestamp.json").read_bytes())
    metadata.sign(old)
    lab.metadata("timestamp.json").write_bytes(metadata.to_bytes())
    with pytest.raises(Refused, match=r"^timestamp: .*signed by 0/1 keys"):
        lab.site().session()


def test_a_new_root_by_one_keeper_alone_is_refused(lab: Lab) -> None:
    lab.repository.replace_key(TrustRole.TIMESTAMP)
    lab.edit("2.root.json", lambda content: content["signatures"].pop())
    with pytest.raises(Refused, match=r"^root: .*signed by 1/2 keys"):
        lab.site().session()


def test_root_keys_are_not_replaced_by_one_machine(lab: Lab) -> None:
    with pytest.raises(Refused, match="by its keepers together"):
        lab.repository.replace_key(TrustRole.ROOT)
