"""Locked dependencies as files: from a hash-carrying lock to verified wheels in a cache.

A lock is the only thing that says which third-party bytes a release contains. pip downloads with ``--require-hashes``
into a cache keyed by the locks' digest; on every build the bytes are compared with the lock again, because a cache on
disk is not a proof.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name, parse_wheel_filename

from yiwang.adapters.interpreter import running_interpreter
from yiwang.adapters.release_folder import file_sha256
from yiwang.errors import NotReady, Refused

LOCKS = ("hub", "agent", "control", "engines")
ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^\]]*\])?==(?P<version>[^ ;\\]+)\s*(;\s*(?P<marker>[^\\]+))?")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
MANYLINUX = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
MANYLINUX_VERSION = re.compile(r"^manylinux_(\d+)_(\d+)_")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Pin:
    """One locked package: name, version and the only digests it may have. 锁定项。"""

    name: str
    version: str
    hashes: frozenset[str]

    def line(self) -> str:
        """Return the pin as pip's requirements file wants it."""
        return " ".join(
            [f"{self.name}=={self.version}", *(f"--hash=sha256:{digest}" for digest in sorted(self.hashes))]
        )


def parse_lock(text: str) -> tuple[Pin, ...]:
    """Return the pins of a universal lock that apply to the running interpreter."""
    pins = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        entry = ENTRY.match(block)
        if entry is None:
            continue
        marker = entry["marker"]
        if marker and not Marker(marker.strip()).evaluate():
            continue
        pins.append(Pin(canonicalize_name(entry["name"]), entry["version"], frozenset(HASH.findall(block))))
    return tuple(pins)


def cache_folder() -> Path:
    """Return the machine's cache for things that any clone may reuse."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("YIWANG_CACHE") or Path(base) / "yiwang")


def _tag_glibc(tag: str) -> tuple[int, int] | None:
    """Return the glibc a platform tag needs."""
    found = MANYLINUX_VERSION.match(tag)
    if found:
        return int(found[1]), int(found[2])
    return next((needs for name, needs in MANYLINUX.items() if tag.startswith(f"{name}_")), None)


def needed_glibc(names: list[str]) -> str:
    """Return the oldest glibc that all of these wheels run on; empty when none of them cares."""
    needs = []
    for name in names:
        tags = [_tag_glibc(tag.platform) for tag in parse_wheel_filename(name)[3]]
        known = [tag for tag in tags if tag]
        if known:
            needs.append(min(known))
    return ".".join(str(part) for part in max(needs)) if needs else ""


def _download(pins: tuple[Pin, ...], target: Path, say: Say) -> None:
    """Let pip fetch the wheels, checking every hash, into a folder that appears only when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".partial-") as scratch:
        requirements = Path(scratch) / "requirements.txt"
        requirements.write_text("\n".join(pin.line() for pin in pins) + "\n", encoding="utf-8")
        wheels = Path(scratch) / "wheels"
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
            "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(requirements), "-d", str(wheels),
        ]  # fmt: skip
        say(f"downloading {len(pins)} locked packages")
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
        if done.returncode:
            _explain_download(done.stderr)
        if target.exists():
            shutil.rmtree(target)
        wheels.replace(target)


def _explain_download(stderr: str) -> None:
    """Turn pip's failure into whom it concerns: the lock's bytes, or the way to the registry."""
    lines = [line for line in stderr.strip().splitlines() if line.strip()]
    if "THESE PACKAGES DO NOT MATCH THE HASHES" in stderr:
        raise Refused(
            rule="依赖与锁定摘要不符 / a dependency does not match its locked hash: " + " ".join(lines[-6:]),
            who="release manager, after finding out why the registry serves other bytes",
            next="make lock && git diff requirements",
        )
    raise NotReady(
        what="pip download: " + " ".join(lines[-3:]), next="yiwang release build (with the package registry reachable)"
    )


def _by_pin(folder: Path) -> dict[tuple[str, str], Path]:
    """Return the wheels of a folder by (name, version)."""
    found = {}
    for path in sorted(folder.glob("*.whl")):
        name, version, *_ = parse_wheel_filename(path.name)
        found[(str(name), str(version))] = path
    return found


def _complete(folder: Path, pins: tuple[Pin, ...]) -> bool:
    """Whether a cache folder holds every pin."""
    return folder.is_dir() and {(pin.name, pin.version) for pin in pins} <= set(_by_pin(folder))


def wheelhouse(locks: dict[str, str], say: Say) -> dict[str, tuple[Path, ...]]:
    """Return the verified wheels of each lock, downloading what the cache lacks."""
    pins = {name: parse_lock(text) for name, text in locks.items()}
    union = {(pin.name, pin.version): pin for lock in pins.values() for pin in lock}
    everything = tuple(union[key] for key in sorted(union))
    interpreter = running_interpreter(glibc="").title()
    key = hashlib.sha256("\n".join([interpreter, *(pin.line() for pin in everything)]).encode()).hexdigest()
    folder = cache_folder() / "wheels" / key[:32]
    if not _complete(folder, everything):
        _download(everything, folder, say)
    files = _by_pin(folder)
    for pin in everything:
        _check(pin, files[(pin.name, pin.version)])
    return {name: tuple(files[(pin.name, pin.version)] for pin in lock) for name, lock in pins.items()}


def _check(pin: Pin, wheel: Path) -> None:
    """Refuse a cached wheel whose bytes the lock does not know, and drop it so that the next build fetches it again."""
    if file_sha256(wheel) not in pin.hashes:
        wheel.unlink()
        raise Refused(
            rule=f"{wheel.name} 的摘要不在锁文件中 / its digest is not in the lock; the cached file was removed",
            who="release manager",
            next="yiwang release build",
        )
