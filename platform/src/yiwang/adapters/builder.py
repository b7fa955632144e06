"""Builds what a release consists of: the console page, the wheel, and the facts the manifest states about them.

Every build runs on a copy of the source in a scratch folder with a fixed clock, so that the same bytes in give the same
bytes out, on any day and in any folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath

from yiwang.adapters.locking import exclusive
from yiwang.adapters.migration_files import chains, schema_of, unreadable
from yiwang.adapters.source import Source, write_files
from yiwang.adapters.wheelhouse import Say, cache_folder
from yiwang.errors import NotReady
from yiwang.model.release import ContentPack, canonical

SOURCE_DATE_EPOCH = "1767225600"  # a fixed day: a build's date must not be in its bytes
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CONSOLE = "services/console"
CONSOLE_DIST = f"{CONSOLE}/dist"
DATA_FOLDERS = ("platform/sites", "services/content")  # the wheel carries them, even empty
PACK_FILE = "pack.json"


def _run(command: list[str], folder: Path, environment: dict[str, str], what: str, next_command: str) -> str:
    """Run a build tool and return its output; its last lines are the error when it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands on a copy of the tree
            command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise NotReady(what=f"{what}: {command[0]} is not there", next=next_command) from error
    if done.returncode:
        raise NotReady(what=f"{what}:\n{_tail(done.stdout + done.stderr)}", next=next_command)
    return done.stdout


def _tail(said: str, lines: int = 14) -> str:
    """Return the end of what a tool said, without colours and without the frames of its own stack."""
    plain = COLOUR.sub("", said).strip().splitlines()
    return "\n".join([line for line in plain if not line.lstrip().startswith("at ")][-lines:])


def tool(name: str) -> str:
    """Return a build tool of this environment: Node comes from a wheel, so nobody has to install it."""
    return str(Path(sys.executable).parent / name)


def tree_sha256(files: dict[str, bytes]) -> str:
    """Return one digest over paths and bytes."""
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(f"{path}\0{hashlib.sha256(files[path]).hexdigest()}\n".encode())
    return total.hexdigest()


def console_dist(source: Source, say: Say) -> Path | None:
    """Return the built console page, from the cache when these sources were built before; None without a console."""
    sources = source.below(CONSOLE)
    if "package.json" not in sources:
        return None
    target = cache_folder() / "console" / tree_sha256(sources)[:32]
    with exclusive(target.with_name(f".{target.name}.lock")):  # two that need the same page build it once
        if not (target / "index.html").is_file():
            _build_console(sources, target, say)
    return target


def _build_console(sources: dict[str, bytes], target: Path, say: Say) -> None:
    """Run ``npm ci && npm run build`` on a copy; the result appears only when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    npm = tool("npm")
    tools = str(Path(npm).parent)
    environment = {
        "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}",
        "CI": "1",
        "npm_config_update_notifier": "false",
        "npm_config_fund": "false",
        "npm_config_audit": "false",
    }
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as scratch:
        folder = Path(scratch) / "console"
        write_files(sources, folder)
        for arguments in (["ci"], ["run", "build"]):
            say(f"console: npm {' '.join(arguments)}")
            _run(
                [npm, *arguments],
                folder,
                environment,
                "控制台构建失败 / the console does not build",
                "make venv && yiwang release build",
            )
        if target.exists():
            shutil.rmtree(target)
        (folder / "dist").replace(target)


def build_wheel(source: Source, dist: Path | None, out: Path, say: Say) -> Path:
    """Build the one wheel into ``out``, byte for byte the same for the same source."""
    say("wheel")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="yiwang-build-") as scratch:
        folder = Path(scratch) / "tree"
        write_files(source.files, folder)
        for data_folder in DATA_FOLDERS:
            (folder / data_folder).mkdir(parents=True, exist_ok=True)
        if dist is not None:
            shutil.copytree(dist, folder / CONSOLE_DIST)
        environment = {"SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-I", "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
        _run(
            command,
            folder,
            environment,
            "wheel 构建失败 / the wheel does not build",
            "make venv && yiwang release build",
        )
    return next(out.glob("*.whl"))


def migration_heads(source: Source) -> dict[str, str]:
    """Return the head revision of every schema, named as databases name them, without importing anything."""
    return dict(sorted((schema_of(package), chain.head()) for package, chain in chains(source.files).items()))


def contract_hashes(source: Source) -> dict[str, str]:
    """Return the digest of every exchange contract, named ``<service>/<file stem>``."""
    hashes = {}
    for path, data in source.below("services/src").items():
        pure = PurePosixPath(path)
        if pure.parent.name == "contracts" and pure.suffix == ".json":
            try:
                normal = canonical(json.loads(data))
            except ValueError as error:
                raise unreadable(f"services/src/{path}", error) from error
            hashes[f"{pure.parent.parent.name}/{pure.stem}"] = hashlib.sha256(normal).hexdigest()
    return dict(sorted(hashes.items()))


def content_packs(source: Source) -> tuple[ContentPack, ...]:
    """Return the content packs in the tree: one folder each, dated by its ``pack.yaml``."""
    packs: dict[str, dict[str, bytes]] = {}
    for path, data in source.below("services/content").items():
        pack, slash, inner = path.partition("/")
        if slash:
            packs.setdefault(pack, {})[inner] = data
    return tuple(
        ContentPack(pack=name, version=_pack_version(name, files), sha256=tree_sha256(files))
        for name, files in sorted(packs.items())
    )


def _pack_version(name: str, files: dict[str, bytes]) -> str:
    """Return a pack's declared version, or its digest when it declares none: then nothing loads it by version."""
    if PACK_FILE not in files:
        return tree_sha256(files)[:12]
    try:
        return str(json.loads(files[PACK_FILE])["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise unreadable(f"services/content/{name}/{PACK_FILE}", f"a JSON object with a version ({error})") from error


def settings_schema(source: Source) -> str:
    """Return the digest of the settings' source: what a hub of this release accepts and refuses."""
    names = ("services/src/yiwang_kit/settings.py",)
    files = {path: data for path, data in source.files.items() if path in names or path.endswith("/settings.py")}
    return tree_sha256(files)
