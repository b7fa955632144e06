"""Virtual environments from verified wheels, offline, with copies: a shared inode would let one flipped byte into all."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from yiwang.adapters.files import make_folder, make_read_only, naming, private_file, remove_tree
from yiwang.adapters.locking import exclusive
from yiwang.adapters.processes import run
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


def create(
    venv: Path, wheels: Sequence[Path], *, python: str | None = None, digests: Mapping[Path, str] | None = None
) -> None:
    """Make an environment of exactly these wheels, bytecode compiled, read-only. Raises NotReady.

    It is made aside and moved into place, so that an environment is whole or not there. Where `digests` (SHA-256 by
    wheel) are given, a wheel that changed since it was verified is refused.
    """
    make_folder(venv.parent)
    with exclusive(venv.with_name(f".{venv.name}.lock")):
        aside = venv.with_name(f".{venv.name}.new")
        remove_tree(aside)
        _uv(aside, "venv", "--no-project", "--relocatable", "--python", python or base_python(), str(aside))
        listed = private_file(aside / "requirements.txt", requirements(wheels, digests or {}))
        hashes = ["--require-hashes"] if digests else []
        _uv(aside, "pip", "install", "--python", str(aside / "bin" / "python"), "--no-index", "--no-deps", "--no-build",
            "--link-mode", "copy", "--compile-bytecode", *hashes, "-r", str(listed))  # fmt: skip
        listed.unlink()
        make_read_only(aside)
        remove_tree(venv)
        with naming(venv):
            aside.rename(venv)


def requirements(wheels: Sequence[Path], digests: Mapping[Path, str]) -> str:
    """Return the wheels as uv reads them: by file, each with its digest where one is known."""
    lines = []
    for wheel in wheels:
        name = wheel.name.partition("-")[0]
        digest = f" --hash=sha256:{digests[wheel]}" if digests else ""
        lines.append(f"{name} @ {wheel.absolute().as_uri()}{digest}\n")
    return "".join(lines)


def _uv(venv: Path, *words: str) -> None:
    """Run uv without configuration, network or cache of the person who happens to start it. Raises NotReady."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "UV_"))}
    settings = {"UV_NO_CONFIG": "1", "UV_OFFLINE": "1", "UV_NO_CACHE": "1", "UV_NO_PROGRESS": "1"}
    done = run([uv_binary(), *words, "--quiet"], timeout=INSTALL_SECONDS, env={**environment, **settings})
    if done.code != 0:
        remove_tree(venv)
        raise NotReady(
            what=f"{venv}: 安装失败 / the installation failed: {done.last_words()}", next="df -h; yiwang release verify"
        )
