"""Locks carry hashes and no registry's address: an operator's mirror must be able to stand in for any of them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==", flags=re.MULTILINE)


def names(requirements: list[str]) -> set[str]:
    """Return the bare names of requirement strings."""
    return {re.split(r"[\[<>=~! ]", requirement)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_locked_package_carries_a_hash(lock: Path) -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", lock.read_text(encoding="utf-8"))
    bare = [block.split()[0] for block in blocks if PINNED.match(block) and "--hash=sha256:" not in block]
    assert bare == []


@pytest.mark.parametrize("lock", [*LOCKS, *ROOT.glob("services/console/package-lock.json")], ids=lambda lock: lock.name)
def test_no_lock_names_a_registry(lock: Path) -> None:
    assert not re.search(r"(index-url|find-links|\"resolved\": \"http|^http)", lock.read_text(encoding="utf-8"))


def test_each_third_party_package_stands_in_exactly_one_extra_or_in_the_base() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rooms = [names(project["dependencies"]), *(names(extra) for extra in project["optional-dependencies"].values())]
    everything = [name for room in rooms for name in room]
    assert len(everything) == len(set(everything))


@pytest.mark.parametrize("extra", ["services", "agent", "operator", "embedded"])
def test_the_development_lock_holds_every_extra(extra: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = set(PINNED.findall((ROOT / "requirements/dev.lock").read_text(encoding="utf-8")))
    assert names(project["optional-dependencies"][extra]) <= locked
