"""boot.py: hashes first, imports later, and names every file that is not what was staged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from yiwang_kit import boot

SERVE = """
import json, sys
def main(argv, report):
    flags = [sys.flags.isolated, sys.flags.no_site]
    print(json.dumps({"argv": argv, "drift": report["drift"], "flags": flags}))
    return 0
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    packages = boot.site_packages(tmp_path)
    (packages / "yiwang_kit").mkdir(parents=True)
    (packages / "yiwang_kit" / "__init__.py").write_text('"""Kit."""\n', encoding="utf-8")
    (packages / "yiwang_kit" / "serve.py").write_text(SERVE, encoding="utf-8")
    (tmp_path / "venv" / "python").symlink_to(sys.executable)
    shutil.copyfile(boot.__file__, tmp_path / "boot.py")
    boot.seal(tmp_path, "2026.11.0", lambda path: "kit.whl" if "yiwang_kit" in path else "installer")
    return tmp_path


def start(root: Path) -> tuple[dict[str, object], dict[str, object]]:
    """Start the hub as the supervisor does; return what it said and its boot report."""
    place = root / "run" / "boot.json"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", str(root / "boot.py"), "serve", "all"],
        env={**os.environ, boot.REPORT_VARIABLE: str(place)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout), json.loads(place.read_text(encoding="utf-8"))


def drift(root: Path) -> list[tuple[str, str, str]]:
    return [(item["path"], item["kind"], item["artefact"]) for item in boot.scan(root)["drift"]]


def test_a_start_reports_release_process_and_no_drift(installed: Path) -> None:
    said, report = start(installed)
    assert said == {"argv": ["serve", "all"], "drift": [], "flags": [1, 1]}
    assert report["release"] == "2026.11.0"
    assert report["tree_digest"] == report["staged_digest"]
    assert isinstance(report["start_time_ticks"], int)


def test_one_flipped_byte_is_named_and_the_hub_still_starts(installed: Path) -> None:
    file = boot.site_packages(installed) / "yiwang_kit" / "__init__.py"
    data = bytearray(file.read_bytes())
    data[5] ^= 1
    file.write_bytes(data)
    said, report = start(installed)
    assert said["drift"] == report["drift"]
    assert drift(installed) == [(file.relative_to(installed).as_posix(), "changed", "kit.whl")]


def test_a_pth_file_is_drift_and_never_runs(installed: Path, tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    (boot.site_packages(installed) / "evil.pth").write_text(
        f"import os; os.mkdir({str(witness)!r})\n", encoding="utf-8"
    )
    start(installed)
    assert not witness.exists()
    assert [kind for path, kind, _ in drift(installed) if path.endswith("evil.pth")] == ["extra"]


def test_an_extra_bytecode_file_is_drift(installed: Path) -> None:
    cache = boot.site_packages(installed) / "yiwang_kit" / "__pycache__"
    cache.mkdir()
    (cache / "serve.cpython-311.pyc").write_bytes(b"code that no source shows")
    assert [kind for _, kind, _ in drift(installed)] == ["extra"]


def test_a_start_writes_no_bytecode(installed: Path) -> None:
    start(installed)
    assert drift(installed) == []


def test_a_missing_file_and_a_turned_link_are_drift(installed: Path) -> None:
    (boot.site_packages(installed) / "yiwang_kit" / "__init__.py").unlink()
    link = installed / "venv" / "python"
    link.unlink()
    link.symlink_to("/bin/true")
    assert sorted(kind for _, kind, _ in drift(installed)) == ["changed", "missing"]


def test_a_changed_boot_is_drift(installed: Path) -> None:
    with (installed / "boot.py").open("a", encoding="utf-8") as stream:
        stream.write("# one line more\n")
    assert [path for path, *_ in drift(installed)] == ["boot.py"]


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"schema": 2}', '{"schema": 1, "files": []}', "\ud800"])
def test_an_unusable_staged_list_is_drift_not_an_empty_expectation(installed: Path, content: str | None) -> None:
    staged = installed / boot.STAGED
    staged.unlink()
    if content is not None:
        staged.write_bytes(content.encode("utf-8", "surrogatepass"))
    assert [path for path, *_ in drift(installed)] == [boot.STAGED]


def test_an_edited_staged_list_does_not_hide_a_changed_file(installed: Path) -> None:
    before = boot.scan(installed)["tree_digest"]
    (boot.site_packages(installed) / "yiwang_kit" / "serve.py").write_text("# other", encoding="utf-8")
    boot.seal(installed, "2026.11.0", lambda path: "kit.whl")
    assert drift(installed) == []
    assert boot.scan(installed)["tree_digest"] != before


def test_a_pid_and_its_start_name_one_process() -> None:
    assert boot.start_time_ticks() == boot.start_time_ticks(os.getpid())
    assert boot.start_time_ticks(2**22 + 1) is None
