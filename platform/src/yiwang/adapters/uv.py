"""Virtual environments from verified wheels, offline, with copies: a shared inode would let one flipped byte into all."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from yiwang.adapters.files import make_folder, make_read_only, naming, remove_tree
from yiwang.adapters.processes import Finished, run
from yiwang.errors import NotReady

INSTALL_SECONDS = 300.0


def uv_binary() -> str:
    """Return the uv of this environment, or of the search path."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.is_file() else "uv"


def base_python() -> str:
    """Return the interpreter that environments are made from: ours, without its own environment."""
    return os.path.realpath(sys.executable) if sys.prefix == sys.base_prefix else str(
        Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    )  # fmt: skip


def create(venv: Path, wheels: Sequence[Path], *, python: str | None = None) -> None:
    """Make an environment of exactly these wheels, bytecode compiled, read-only. Raises NotReady.

    It is made aside and moved into place, so that an environment is whole or not there.
    """
    aside = venv.with_name(f".{venv.name}.new")
    remove_tree(aside)
    make_folder(venv.parent)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "UV_NO_CONFIG": "1", "UV_OFFLINE": "1"}
    words = [
        uv_binary(),
        "venv",
        "--quiet",
        "--no-project",
        "--relocatable",
        "--python",
        python or base_python(),
        str(aside),
    ]
    _check(run(words, timeout=INSTALL_SECONDS, env=environment), aside)
    words = [
        uv_binary(), "pip", "install", "--quiet", "--python", str(aside / "bin" / "python"), "--offline", "--no-index",
        "--no-deps", "--no-build", "--link-mode", "copy", "--compile-bytecode", *map(str, wheels),
    ]  # fmt: skip
    _check(run(words, timeout=INSTALL_SECONDS, env=environment), aside)
    make_read_only(aside)
    remove_tree(venv)
    with naming(venv):
        aside.rename(venv)


def _check(done: Finished, venv: Path) -> None:
    if done.code != 0:
        remove_tree(venv)
        raise NotReady(
            what=f"{venv}: 安装失败 / the installation failed: {done.last_words()}", next="yiwang release verify"
        )
