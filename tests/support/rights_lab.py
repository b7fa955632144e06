"""Random organisations, people and rights in the hub's own tables, and the same told to OpenFGA, an engine of other people.

The hub answers by SQL over the views that management publishes. The other engine gets the tree and what was given as
relations and works the answers out by itself: nothing of ours expands a role or follows a tree for it.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from yiwang_kit.auth import Actor
from yiwang_kit.authorisation import allowed, scope_clause
from yiwang_services.management import roles, store, tables, units
from yiwang_services.management.delegation import RightScope
from yiwang_services.management.domain import BY_CODE

FGA = Path(sys.executable).with_name("fga")
MODEL = Path(__file__).resolve().parents[1] / "rights" / "model.fga"
PERMISSIONS = {
    "may_dispose": "collaboration.order.dispose", "may_read": "collaboration.order.read",
    "may_verify": "collaboration.order.verify", "may_supervise": "collaboration.order.supervise",
    "may_edit_users": "management.user.edit", "may_read_trail": "management.audit.read",
}  # fmt: skip
PLACES = 8
"""About how many places one organisation is asked: the other engine looks through all it was told for each answer."""
ROLES = ("handler", "verifier", "leader", "unit_administrator", "auditor")
DUTIES = {"unit_administrator": "system", "auditor": "audit"}
SUMMARY = re.compile(r"^(Checks|ListObjects|Tests) (\d+)/(\d+) passing", re.MULTILINE)


@dataclass
class World:
    """One random organisation. 随机机构。"""

    dice: random.Random
    units: dict[UUID, tuple[UUID | None, str]] = field(default_factory=dict)
    divisions: dict[str, str | None] = field(default_factory=dict)
    people: list[UUID] = field(default_factory=list)
    given: list[tuple[UUID, str, RightScope]] = field(default_factory=list)
    """What holds at this moment: who, which role, how far."""


def build(session: Session, seed: int, now: Any, *, size: int) -> World:
    """Fill the tables: units below units, people, posts and grants, some of them closed, ended or not yet usable."""
    world = World(random.Random(seed))
    world.divisions = {row.code: row.parent for row in session.execute(select(tables.division))}
    _units(session, world, now, size)
    _people(session, world, now, size)
    for _ in range(3 * size):
        _give(session, world, now)
    _move(session, world, now)
    return world


def _units(session: Session, world: World, now: Any, size: int) -> None:
    root = store.root_unit(session)
    world.units[root.id] = (None, root.division)
    inside = [code for code in world.divisions if code.startswith(root.division) and code != root.division]
    for n in range(size):
        parent = world.dice.choice(list(world.units))
        division = world.dice.choice([world.units[parent][1], root.division, *world.dice.sample(inside, 2)])
        made = units.add(session, by="lab", now=now, name=f"机构{n}", division=division, kind="team", parent=parent)
        world.units[made.id] = (parent, division)


def _people(session: Session, world: World, now: Any, size: int) -> None:
    for n in range(size):
        home = world.dice.choice(list(world.units))
        person = store.add_person(session, login=f"p{world.dice.randrange(10**9)}-{n}", name="某", home_unit=home,
                                  password="-", must_change=n % 9 == 0, sample=True, now=now)  # fmt: skip
        if n % 7 == 0:
            store.set_active(session, person, False)
        world.people.append(person)


def _give(session: Session, world: World, now: Any) -> None:
    """Give a post or a grant to somebody; what has ended or stands with a closed account is not said to the other side."""
    dice = world.dice
    n, code, unit = dice.randrange(len(world.people)), dice.choice(ROLES), dice.choice(list(world.units))
    person, row = store.person(session, world.people[n]), roles.role(session, code)
    if DUTIES.get(code, "business") != "business" and person.separated_duty not in (None, DUTIES[code]):
        return
    end = dice.choice([None, None, now + timedelta(days=3650), now - timedelta(days=3650)])
    division = world.units[unit][1]
    if dice.random() < 0.6:
        if store.posts(
            session,
            (tables.post.c.role == code) & (tables.post.c.unit == unit),
            person_id=person.id,
            after=None,
            limit=1,
        ):
            return
        scope = roles.scope_of_post(row, store.unit(session, unit))
        roles.give_post(session, person=person, unit=unit, row=row, expires_at=end, by=person.id, now=now)
    else:
        scope = dice.choice([RightScope(unit=unit), RightScope(division=division), RightScope(unit, division)])
        roles.give_grant(session, person=person, scope=scope, row=row, expires_at=end, by=person.id, now=now)
    if person.active and not person.must_change_password and (end is None or end > now):
        world.given.append((person.id, code, scope))


def _move(session: Session, world: World, now: Any) -> None:
    """Move some units: the closure must be right afterwards, not only when it was made."""
    for one in world.dice.sample(list(world.units), len(world.units) // 5):
        parent = world.dice.choice(list(world.units))
        if world.units[one][0] is None or one in _way(world, parent):
            continue
        units.move(session, store.unit(session, one), store.unit(session, parent), by="lab", reason="", now=now)
        world.units[one] = (parent, world.units[one][1])


def _way(world: World, unit: UUID) -> list[UUID]:
    """Return a unit and those above it."""
    way: list[UUID] = []
    at: UUID | None = unit
    while at is not None:
        way.append(at)
        at = world.units[at][0]
    return way


def _up(world: World, division: str) -> list[str]:
    """Return a division and those above it."""
    way: list[str] = []
    at: str | None = division
    while at is not None:
        way.append(at)
        at = world.divisions.get(at)
    return way


# Questions ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """May this person do this here? 权限问题。"""

    person: UUID
    relation: str
    unit: UUID | None
    division: str | None

    @property
    def target(self) -> str:
        """Return what the other engine calls the place."""
        if self.unit is None:
            return f"division:{self.division}"
        return f"unit:{self.unit}" if self.division is None else f"area:{self.unit}/{self.division}"


def questions(world: World, count: int) -> list[Question]:
    """Return random questions about a few places, most of them near something that was given: many answers are yes."""
    places: list[tuple[UUID, str]] = []
    for _ in range(PLACES):
        unit = world.dice.choice(list(world.units))
        division = world.units[unit][1]
        places.append((unit, world.dice.choice([division, *_up(world, division), *_inside(world)])))
    return [_question(world, places, n) for n in range(count)]


def _question(world: World, places: list[tuple[UUID, str]], n: int) -> Question:
    unit, division = world.dice.choice(places)
    person, relation = world.dice.choice(world.people), world.dice.choice(list(PERMISSIONS))
    if n % 4 and world.given:
        person, role, scope = world.dice.choice(world.given)
        held = BY_CODE[role].permissions
        relation = world.dice.choice([name for name, permission in PERMISSIONS.items() if permission in held])
        below = [place for place in places if scope.unit in (None, *_way(world, place[0]))]
        unit, division = world.dice.choice(below or places)
    form = n % 3
    return Question(person, relation, None if form == 0 else unit, None if form == 1 else division)


def _inside(world: World) -> list[str]:
    """Return the divisions that units of this organisation serve."""
    return sorted({division for _, division in world.units.values()})


def actor_of(person: UUID) -> Actor:
    """Return the person as a request would carry them."""
    return Actor(person, "lab", "某", (), None, "441721")


def by_sql(session: Session, asked: Question) -> bool:
    """Return the hub's answer."""
    return allowed(
        session, actor_of(asked.person), PERMISSIONS[asked.relation], unit=asked.unit, division=asked.division
    )


def listed_by_sql(session: Session, world: World, person: UUID, relation: str) -> list[str]:
    """Return the units that a list of the hub would show this person."""
    clause = scope_clause(actor_of(person), PERMISSIONS[relation], unit_column=tables.unit.c.id)
    rows = session.execute(select(tables.unit.c.id).where(clause)).scalars()
    return sorted(f"unit:{unit}" for unit in rows if unit in world.units)


# The other engine -----------------------------------------------------------------------------------------------------


def relations(world: World, asked: list[Question]) -> list[dict[str, str]]:
    """Return the tree and what was given as relations."""
    found = {(f"unit:{above}", "parent", f"unit:{unit}") for unit, (above, _) in world.units.items() if above}
    served = {code for _, division in world.units.values() for code in _up(world, division)}
    found |= {
        (f"division:{world.divisions[code]}", "parent", f"division:{code}") for code in served if world.divisions[code]
    }
    for question in asked:
        if question.unit is not None and question.division is not None:
            found |= _area(world, question.unit, question.division)
    for person, role, scope in world.given:
        place = Question(person, "", scope.unit, scope.division).target
        found.add((f"user:{person}", f"given_{role}" if place.startswith("area:") else role, place))
    return [{"user": user, "relation": relation, "object": place} for user, relation, place in sorted(found)]


def _area(world: World, unit: UUID, division: str) -> set[tuple[str, str, str]]:
    """Return what lies above the meeting of a unit and a division: both, and each meeting one step up."""
    asked = f"area:{unit}/{division}"
    found = {(f"unit:{unit}", "in_unit", asked), (f"division:{division}", "in_division", asked)}
    for one in _way(world, unit):
        for code in _up(world, division):
            area, above, higher = f"area:{one}/{code}", world.units[one][0], world.divisions.get(code)
            found |= {(f"area:{above}/{code}", "unit_up", area)} if above else set()
            found |= {(f"area:{one}/{higher}", "division_up", area)} if higher else set()
    return found


def ask_fga(folder: Path, tuples: list[dict[str, str]], answers: dict[Question, bool],
            lists: dict[tuple[UUID, str], list[str]]) -> tuple[int, dict[str, tuple[int, int]], str]:  # fmt: skip
    """Let the other engine compare; return its exit code, (right, asked) by kind, and what it said."""
    grouped: dict[tuple[UUID, str], dict[str, bool]] = {}
    for asked, answer in answers.items():
        grouped.setdefault((asked.person, asked.target), {})[asked.relation] = answer
    checks = [{"user": f"user:{p}", "object": place, "assertions": said} for (p, place), said in grouped.items()]
    shown = [
        {"user": f"user:{p}", "type": "unit", "assertions": {relation: said}} for (p, relation), said in lists.items()
    ]
    content = {
        "model": MODEL.read_text(encoding="utf-8"),
        "tuples": tuples,
        "tests": [{"name": "sql", "check": checks, "list_objects": shown}],
    }
    path = folder / "store.fga.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    ran = subprocess.run([FGA, "model", "test", "--tests", str(path)], capture_output=True, text=True, check=False)
    said = ran.stdout + ran.stderr
    return ran.returncode, {kind: (int(right), int(all_)) for kind, right, all_ in SUMMARY.findall(said)}, said


def fresh(session: Session) -> None:
    """Forget the people and rights of an earlier organisation; its units stay, nobody asks for them."""
    for name in ("post", "direct_grant"):
        session.execute(text(f"DELETE FROM management.{name}"))
