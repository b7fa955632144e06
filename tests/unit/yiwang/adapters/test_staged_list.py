"""Staging: what an installed environment may contain, and what its staged list says of each file."""

from __future__ import annotations

import json
import os
import py_compile
import zipfile
from pathlib import Path

import pytest

from support.handmade_wheel import make_wheel
from yiwang.adapters import staging
from yiwang.errors import Refused
from yiwang_kit import boot

KIT = {"yiwang_kit/__init__.py": '"""Kit."""\n', "yiwang_kit/boot.py": '"""Boot."""\n'}


class Site:
    """One installed release, unpacked from two handmade wheels as an installer would."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "hub"
        self.packages = boot.site_packages(self.root)
        self.wheels = [make_wheel(folder, "yiwang_kit", KIT), make_wheel(folder, "other")]
        self.packages.mkdir(parents=True)
        for wheel in self.wheels:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(self.packages)
        (self.packages / "other-1.0.dist-info" / "INSTALLER").write_text("uv", encoding="ascii")
        (self.root / "venv" / "pyvenv.cfg").write_text("home = /usr/bin\n", encoding="ascii")
        py_compile.compile(str(self.packages / "other.py"), doraise=True)

    def seal(self) -> dict[str, list[object]]:
        return dict(staging.seal(self.root, "2026.11.0", self.wheels)["files"])


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_every_file_is_staged_with_the_artefact_it_is_from(site: Site) -> None:
    site.seal()
    staged = json.loads((site.root / "staged.json").read_text(encoding="utf-8"))
    origin = {Path(path).name: staged["origins"][entry[2]] for path, entry in staged["files"].items()}
    assert origin["other.py"] == "other-1.0-py3-none-any.whl"
    assert origin["boot.py"] == "yiwang_kit-1.0-py3-none-any.whl"
    assert origin["INSTALLER"] == origin["pyvenv.cfg"] == "installer"
    assert [kind for name, kind in origin.items() if name.endswith(".pyc")] == [
        "bytecode of other-1.0-py3-none-any.whl"
    ]


def test_a_sealed_site_shows_no_drift_and_one_byte_shows(site: Site) -> None:
    site.seal()
    assert staging.scan(site.root)[1] == ()
    (site.packages / "other.py").write_text("X = 2\n", encoding="ascii")
    (finding,) = staging.scan(site.root)[1]
    assert finding.sentence().endswith("site-packages/other.py changed (other-1.0-py3-none-any.whl)")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("evil.pth", "evil.pth extra"),
        ("sitecustomize.py", "sitecustomize.py extra"),
        ("__pycache__/ghost.cpython-311.pyc", "ghost.cpython-311.pyc extra"),
        ("other.py", "other.py changed"),
    ],
)
def test_what_no_wheel_accounts_for_is_not_sealed(site: Site, path: str, why: str) -> None:
    (site.packages / path).write_text("import os\n", encoding="ascii")
    with pytest.raises(Refused, match=why):
        site.seal()
    assert not (site.root / "staged.json").exists()


def test_a_file_that_the_installer_left_out_is_not_sealed(site: Site) -> None:
    (site.packages / "other.py").unlink()
    with pytest.raises(Refused, match=r"other\.py missing \(other-1.0-py3-none-any\.whl\)"):
        site.seal()


def test_a_living_process_is_what_it_booted_as(site: Site) -> None:
    report = {"release": "2026.11.0", "tree_digest": "a" * 64, "start_time_ticks": boot.start_time_ticks(), "drift": []}
    proof = staging.loaded("hub", os.getpid(), report)
    assert proof.alive
    assert proof.start_time_ticks == proof.boot_start_time_ticks


def test_a_dead_or_silent_process_proves_nothing() -> None:
    assert not staging.loaded("hub", 2**22 + 1, None).alive
    assert staging.loaded("hub", os.getpid(), None).tree_digest is None
