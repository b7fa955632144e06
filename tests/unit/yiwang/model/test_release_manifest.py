"""The manifest: what may be compared, entered, and gone back to."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from yiwang.model.release import (
    Artefact,
    ArtefactKind,
    DependencySet,
    Interpreter,
    Manifest,
    Policy,
    difference,
    release_order,
)

DIGEST = "a" * 64
OTHER = "b" * 64
PYTHON = Interpreter(python="3.11", arch="x86_64", glibc="2.28")


def manifest(release: str = "2026.11.0", wheel: str = DIGEST, **rest: object) -> Manifest:
    artefact = Artefact(name="w", kind=ArtefactKind.WHEEL, path="wheels/w.whl", sha256=wheel, size=1)
    dependencies = (DependencySet(lock="hub", lock_sha256=DIGEST, interpreter=PYTHON, files=()),)
    fields = {
        "release": release, "source": DIGEST, "artefacts": (artefact,), "dependencies": dependencies,
        "migrations": {"kit": "0001_start"}, "contracts": {}, "settings_schema": DIGEST,
    }  # fmt: skip
    return Manifest(**(fields | rest))  # type: ignore[arg-type]  # keyword maps in a test


def test_a_manifest_survives_its_own_bytes() -> None:
    before = manifest()
    assert Manifest.model_validate_json(before.canonical_bytes()) == before


def test_one_changed_artefact_changes_the_release_s_true_name() -> None:
    assert manifest().digest() != manifest(wheel=OTHER).digest()


def test_november_follows_september() -> None:
    assert sorted(["2026.11.0", "2026.9.10", "2026.9.2"], key=release_order) == ["2026.9.2", "2026.9.10", "2026.11.0"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "", "a//b", "a\\b", "./a", "a\x00b"])
def test_an_artefact_cannot_point_out_of_the_release(path: str) -> None:
    with pytest.raises(ValidationError, match="relative path"):
        Artefact(name="x", kind=ArtefactKind.WHEEL, path=path, sha256=DIGEST, size=1)


@pytest.mark.parametrize("release", ["1.0", "2026.13.0", "2026.09.0", "2026.11", "2026.11.0-rc1", "2026.11.0\n"])
def test_a_release_id_is_calver(release: str) -> None:
    with pytest.raises(ValidationError):
        manifest(release=release)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="extra"):
        manifest(colour="red")


def test_a_fresh_site_and_a_repeat_may_always_enter() -> None:
    release = manifest("2026.12.0", policy=Policy(may_enter_from=("2026.11.0",), rollback_floor="2026.11.0"))
    assert release.may_be_entered_from(None)
    assert release.may_be_entered_from("2026.12.0")
    assert release.may_be_entered_from("2026.11.0")
    assert not release.may_be_entered_from("2026.9.0")


def test_nobody_goes_back_below_the_rollback_floor() -> None:
    release = manifest("2026.12.0", policy=Policy(may_enter_from=("2026.11.0",), rollback_floor="2026.11.0"))
    assert release.may_go_back_to("2026.11.0")
    assert not release.may_go_back_to("2026.10.9")
    assert not manifest().may_go_back_to("2026.10.0")


@pytest.mark.parametrize(
    ("python", "arch", "glibc", "fits"),
    [
        ("3.11", "x86_64", "2.36", True),
        ("3.11", "x86_64", "2.28", True),
        ("3.11", "x86_64", "2.17", False),
        ("3.12", "x86_64", "2.36", False),
        ("3.11", "aarch64", "2.36", False),
        ("3.11", "x86_64", "", False),
    ],
)
def test_dependencies_fit_only_the_interpreter_they_were_locked_for(
    python: str, arch: str, glibc: str, fits: bool
) -> None:
    site = Interpreter(python=python, arch=arch, glibc=glibc)
    assert (manifest().dependency_set("hub", site) is not None) is fits


def test_the_difference_names_what_changes_and_nothing_else() -> None:
    after = manifest("2026.12.0", wheel=OTHER, migrations={"kit": "0002_more"}, contracts={"c/order.v2": DIGEST})
    lines = {(change.what, change.name): (change.before, change.after) for change in difference(manifest(), after)}
    assert lines == {
        ("artefact", "wheels/w.whl"): (DIGEST, OTHER),
        ("migrations", "kit"): ("0001_start", "0002_more"),
        ("contract", "c/order.v2"): (None, DIGEST),
    }
