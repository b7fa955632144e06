"""A backup as a file: whole, ours, and nothing else."""

from __future__ import annotations

import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from yiwang.adapters.backup_file import member_of, open_backup, write_backup
from yiwang.adapters.signing import public_halves
from yiwang.errors import NotReady, Refused
from yiwang.model.backup import BackupManifest, TableFigures, differences
from yiwang_kit.crypto import HybridPrivateKey

OURS, THEIRS = HybridPrivateKey.generate(), HybridPrivateKey.generate()


@pytest.fixture
def made(tmp_path: Path) -> Path:
    files = {"hub.dump": tmp_path / "a", "attachments/x/y.jpg": tmp_path / "b"}
    (tmp_path / "a").write_bytes(b"dump" * 1000)
    (tmp_path / "b").write_bytes(b"picture")
    manifest = BackupManifest(
        schema=1, site="441721", incarnation=2, release="2026.11.0", made_at=datetime(2026, 11, 23, tzinfo=UTC),
        engine="18.4", roles=("matter",), tables={"kit.audit": TableFigures(rows=3, hash="-12")},
        members=tuple(member_of(path, name) for name, path in files.items()),
    )  # fmt: skip
    target = tmp_path / "out" / "one.yiwang-backup"
    write_backup(target, manifest, files, OURS)
    return target


def opening(path: Path, key: HybridPrivateKey = OURS):
    return open_backup(path, public_halves(key.public_key()))


def test_what_was_put_in_comes_out_and_only_its_owner_reads_the_file(made: Path, tmp_path: Path) -> None:
    assert made.stat().st_mode & 0o777 == 0o600
    with opening(made) as backup:
        assert backup.manifest.incarnation == 2
        assert backup.unpack("attachments/x/y.jpg", tmp_path / "back").read_bytes() == b"picture"


def test_nothing_is_left_of_a_backup_that_could_not_be_finished(made: Path, tmp_path: Path) -> None:
    with opening(made) as backup:
        manifest = backup.manifest
    with pytest.raises(NotReady, match="No such file"):
        write_backup(tmp_path / "new" / "two.yiwang-backup", manifest, {"hub.dump": tmp_path / "gone"}, OURS)
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("kept", [0, 100, 700, 5000])
def test_half_a_backup_is_refused_by_name(made: Path, kept: int) -> None:
    made.write_bytes(made.read_bytes()[:kept])
    with pytest.raises(Refused, match="nothing was touched") as refused, opening(made):
        pass
    assert "one.yiwang-backup" in refused.value.rule


def test_a_changed_byte_of_the_data_is_found_when_it_is_unpacked(made: Path, tmp_path: Path) -> None:
    content = bytearray(made.read_bytes())
    content[content.index(b"dumpdump") + 2] ^= 1
    made.write_bytes(content)
    with opening(made) as backup, pytest.raises(Refused, match="is not what was backed up"):
        backup.unpack("hub.dump", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_changed_list_and_a_list_of_somebody_else_are_refused(made: Path) -> None:
    with pytest.raises(Refused), opening(made, THEIRS):
        pass
    made.write_bytes(made.read_bytes().replace(b'"incarnation":2', b'"incarnation":3'))
    with pytest.raises(Refused), opening(made):
        pass


def test_a_member_that_nobody_listed_is_refused(made: Path) -> None:
    with tarfile.open(made, "a") as archive:
        archive.add(__file__, "attachments/extra")
    with pytest.raises(Refused, match="attachments/extra"), opening(made):
        pass


def test_a_file_that_is_not_there_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="no such backup"), opening(tmp_path / "none"):
        pass


def test_a_table_that_lost_a_row_or_is_missing_is_named() -> None:
    promised = {"a.x": TableFigures(rows=2, hash="5"), "a.y": TableFigures(rows=1, hash="1")}
    assert differences(promised, promised) == ()
    said = differences(promised, {"a.x": TableFigures(rows=1, hash="4")})
    assert [line.split(":")[0] for line in said] == ["a.x", "a.y"]
