"""What every substrate promises, held against each of them: real processes, and the one that is only remembered."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

import pytest

from support.engines import traversable_folder
from support.memory_substrate import MemorySubstrate
from support.process_ground import process_ground
from support.tiny_release import Shelf
from yiwang.definition import distribution
from yiwang.model.substrate import Phase
from yiwang.substrates import process
from yiwang.substrates.contract import DesiredState, StepFailed, Substrate

FIRST = "2026.11.0"
KINDS = ("memory", "process")


class Ground(Protocol):
    """A substrate under test, and how to get a desired state for it."""

    substrate: Substrate

    def desired(self, release: str, *, ill: bool = False) -> DesiredState:
        """Return the state of running a release."""


class MemoryGround:
    """The site that is only remembered."""

    def __init__(self) -> None:
        self.substrate = MemorySubstrate()

    def desired(self, release: str, *, ill: bool = False) -> DesiredState:
        """Return the state of running a release."""
        self.substrate.ill |= {release} if ill else set()
        return DesiredState(release, "a" * 64, {"settings.json": release})


@pytest.fixture(scope="module")
def shelf() -> Iterator[Shelf]:
    with traversable_folder("yws") as folder:
        yield Shelf(folder)


@contextmanager
def ground_of(kind: str, shelf: Shelf) -> Iterator[Ground]:
    """Make an empty site of a kind."""
    if kind == "memory":
        yield MemoryGround()
        return
    with pytest.MonkeyPatch.context() as patched, process_ground(shelf) as built:
        patched.setattr(process, "HUB_SECONDS", 5.0)
        yield built


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, shelf: Shelf) -> Iterator[Ground]:
    """A site on which nothing was ever done."""
    with ground_of(request.param, shelf) as built:
        yield built


@pytest.fixture(scope="module", params=KINDS)
def ground(request: pytest.FixtureRequest, shelf: Shelf) -> Iterator[Ground]:
    """A site with a past: every test brings newer releases than all before it, as a site's life does."""
    with ground_of(request.param, shelf) as built:
        yield built


_months = itertools.count(0)


@pytest.fixture
def series() -> str:
    """The beginning of release ids that are newer than those of every test before."""
    month = next(_months)
    return f"20{27 + month // 12}.{month % 12 + 1}"


def carry(substrate: Substrate, desired: DesiredState) -> dict[Phase, bool]:
    """Run every phase of a plan; return which ones changed something."""
    plan = substrate.plan(desired, substrate.facts())
    assert [step.phase for step in plan] == list(Phase)
    return {step.phase: substrate.run(desired, step.phase).changed for step in plan}


def test_a_site_comes_up_from_nothing_proves_it_and_a_repeat_changes_nothing(empty: Ground) -> None:
    assert empty.substrate.prove().release is None
    desired = empty.desired(FIRST)
    changed = carry(empty.substrate, desired)
    assert {phase for phase, did in changed.items() if did} == set(Phase) - {Phase.VERIFY, Phase.RETIRE}
    proof = empty.substrate.prove()
    assert (proof.release, proof.manifest_sha256, proof.healthy, proof.drift) == (
        FIRST,
        desired.manifest_sha256,
        True,
        (),
    )
    assert not any(carry(empty.substrate, desired).values())
    assert empty.substrate.facts().current == FIRST


def test_releases_follow_each_other_and_only_the_one_before_is_kept(ground: Ground, series: str) -> None:
    first, second, third = (f"{series}.{number}" for number in range(3))
    for release in (first, second, third):
        carry(ground.substrate, ground.desired(release))
    facts = ground.substrate.facts()
    assert (facts.current, facts.installed) == (third, (second, third))


def test_a_release_that_does_not_get_healthy_fails_and_the_way_back_needs_no_migration(
    ground: Ground, series: str
) -> None:
    good = ground.desired(f"{series}.0")
    carry(ground.substrate, good)
    with pytest.raises(StepFailed) as failed:
        carry(ground.substrate, ground.desired(f"{series}.1", ill=True))
    assert (failed.value.phase, failed.value.changed) == (Phase.VERIFY, True)
    assert "ill" in failed.value.detail
    back = carry(ground.substrate, good)
    assert not back[Phase.EXPAND]
    assert back[Phase.SWITCH]
    proof = ground.substrate.prove()
    assert (proof.release, proof.healthy) == (good.release, True)


def test_a_phase_that_was_done_alone_is_not_done_again_by_the_whole(ground: Ground, series: str) -> None:
    desired = ground.desired(f"{series}.0")
    for phase in (Phase.FETCH, Phase.STAGE):
        assert ground.substrate.run(desired, phase).changed
    changed = carry(ground.substrate, desired)
    assert not changed[Phase.FETCH]
    assert not changed[Phase.STAGE]


def test_a_changed_pack_of_the_same_release_is_a_change(ground: Ground, series: str) -> None:
    desired = ground.desired(f"{series}.0")
    carry(ground.substrate, desired)
    settings = desired.pack["settings.json"].rstrip() + "\n\n"
    other = replace(desired, pack={**desired.pack, "settings.json": settings})
    assert carry(ground.substrate, other)[Phase.STAGE]
    assert ground.substrate.prove().pack_on_disk_sha256 != desired.manifest_sha256
    assert not any(carry(ground.substrate, other).values())


@pytest.mark.parametrize("spec", distribution().substrates, ids=lambda spec: spec.name)
def test_the_definition_names_a_module_that_keeps_the_contract(spec: object) -> None:
    module, _, name = str(getattr(spec, "module")).partition(":")  # noqa: B009 - any substrate of the definition
    kept = getattr(importlib.import_module(module), name)
    assert all(callable(getattr(kept, method, None)) for method in ("facts", "plan", "run", "prove"))
