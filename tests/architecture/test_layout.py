"""The layout of the house, where a wrong file would break something far away."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"yiwang", "yiwang_kit", "yiwang_services"}
LONGEST_FILE = 450
SOURCES = sorted(path for folder in ("platform/src", "services/src") for path in (ROOT / folder).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def test_platform_is_no_package_because_it_would_shadow_the_standard_library() -> None:
    assert not (ROOT / "platform/__init__.py").exists()
    found = subprocess.run(
        [sys.executable, "-c", "import platform; print(platform.__file__)"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(ROOT) not in found.stdout


def test_test_folders_have_no_init_and_no_name_that_shadows_a_module() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []
    assert not (ROOT / "tests/unit/platform").exists()


def test_test_files_have_distinct_names_because_importlib_mode_and_mypy_need_them() -> None:
    names = Counter(path.name for path in TESTS if path.name.startswith("test_"))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("kind", ["unit", "contract", "integration"])
def test_test_folders_are_named_after_import_packages(kind: str) -> None:
    folders = {path.name for path in (ROOT / "tests" / kind).glob("*") if path.is_dir() and path.name != "__pycache__"}
    assert folders <= PACKAGES


def test_every_module_says_why_it_exists() -> None:
    silent = [str(path.relative_to(ROOT)) for path in SOURCES
              if path.stat().st_size and not path.read_text(encoding="utf-8").lstrip("#! \n").startswith(('"""', "'''"))]  # fmt: skip
    assert silent == []


def test_no_source_file_has_grown_too_long_to_read() -> None:
    long = {str(path.relative_to(ROOT)): lines for path in SOURCES
            if (lines := path.read_text(encoding="utf-8").count("\n")) > LONGEST_FILE}  # fmt: skip
    assert long == {}


def test_every_layer_of_the_platform_is_a_package_so_that_the_import_contracts_see_it() -> None:
    folders = {path.parent for path in (ROOT / "platform/src/yiwang").glob("*/*.py")}
    assert [str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []
