"""Delegated administration: what somebody may pass on, and how far. Pure: who stands where is asked of an `Organisation`.

A right is a permission over a scope: a unit's subtree, a division's subtree, or both at once. Whoever passes a right on
must hold it, or be there to pass it on, over a scope that covers the new one, for at least as long. An administrator's
scope is a unit. Such a scope covers a division as well where every unit that stands for it (a government, not one of its
bureaus) lies in the unit's subtree: otherwise the administrator of one bureau could hand out the orders of a county.

The relation is transitive, so no sequence of grants leads anybody beyond what the first of the row held; a property test
tries sequences, and another engine answers the same questions (tests/rights).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class RightScope:
    """How far a right reaches: a unit's subtree, a division's, or what lies in both. 权限范围。"""

    unit: UUID | None = None
    division: str | None = None


@dataclass(frozen=True)
class Holding:
    """A permission that somebody holds, or may only pass on, over a scope. 持有的权限。"""

    permission: str
    scope: RightScope
    expires_at: datetime | None = None


class Organisation(Protocol):
    """What delegation asks about the tree of units. 机构树。"""

    def unit_within(self, unit: UUID, above: UUID) -> bool:
        """Return whether a unit is another one or lies below it."""

    def division_within(self, division: str, above: str) -> bool:
        """Return whether a division is another one or lies below it."""

    def stands_for(self, unit: UUID, division: str) -> bool:
        """Return whether every unit that stands for this division, or for one above it, lies at or below the unit."""


def covers(tree: Organisation, wide: RightScope, narrow: RightScope) -> bool:
    """Return whether everything in the narrow scope lies in the wide one."""
    if wide == RightScope() or narrow == RightScope():
        return False
    return _unit_covers(tree, wide.unit, narrow) and _division_covers(tree, wide.division, narrow)


def _unit_covers(tree: Organisation, wide: UUID | None, narrow: RightScope) -> bool:
    if wide is None:
        return True
    if narrow.unit is not None and tree.unit_within(narrow.unit, wide):
        return True
    return narrow.division is not None and tree.stands_for(wide, narrow.division)


def _division_covers(tree: Organisation, wide: str | None, narrow: RightScope) -> bool:
    return wide is None or (narrow.division is not None and tree.division_within(narrow.division, wide))


def outlasts(held: datetime | None, given: datetime | None) -> bool:
    """Return whether a holding lives at least as long as what is given from it."""
    return held is None or (given is not None and given <= held)


def may_pass_on(
    tree: Organisation, held: Iterable[Holding], permission: str, scope: RightScope, expires_at: datetime | None = None
) -> bool:
    """Return whether one of these holdings lets its holder pass the permission on over this scope for this long."""
    return any(
        item.permission == permission and outlasts(item.expires_at, expires_at) and covers(tree, item.scope, scope)
        for item in held
    )


def missing(
    tree: Organisation, held: Iterable[Holding], wanted: Iterable[str], scope: RightScope,
    expires_at: datetime | None = None,
) -> list[str]:  # fmt: skip
    """Return which of the wanted permissions may not be passed on over this scope."""
    kept = list(held)
    return [name for name in sorted(set(wanted)) if not may_pass_on(tree, kept, name, scope, expires_at)]
