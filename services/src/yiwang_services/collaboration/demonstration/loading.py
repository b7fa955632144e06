"""Loads invented orders by COPY, a few thousand a transaction, and goes on where a run that was cut off stood."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from yiwang_kit.runtime import Runtime
from yiwang_services.collaboration import promises
from yiwang_services.collaboration import tables as tb
from yiwang_services.collaboration.calendar import calendar
from yiwang_services.collaboration.demonstration import lives, outlines, weather, world
from yiwang_services.collaboration.demonstration.rows import MARK, ORDER, STAGE, TRACE, Rows, Setting, Unit, made
from yiwang_services.collaboration.demonstration.world import Place
from yiwang_services.packs import pack

SERVICE = "collaboration"
BATCH, DAYS = 2500, 365
BOUNDARIES = "boundaries-2023"
COUNTY_DIGITS = 6
HINTS = {
    "urban": "urban", "transport": "transport", "environment": "environment", "market": "market", "housing": "housing",
    "police": "police", "water": "water", "emergency": "emergency",
}  # fmt: skip


@dataclass
class World:
    """What a site is like, read once. 站点世界。"""

    where: Setting
    promised: dict[str, promises.Promise]
    units: list[Unit]
    places: list[Place]
    weights: list[float]
    days: list[date]
    day_weights: list[float]
    sky: tuple[weather.Storm, ...]
    now: datetime


def present(session: Session) -> int:
    """Return how many invented orders there are."""
    o = tb.work_order.c
    return int(session.execute(select(func.count()).where(o.generated, o.number.like(f"%-{MARK}%"))).scalar_one())


def remove(session: Session) -> int:
    """Remove every invented order with its story; return how many."""
    o = tb.work_order.c
    ids = select(o.id).where(o.generated)
    for table in (tb.trace, tb.stage, tb.suspension, tb.assist, tb.follower):
        session.execute(delete(table).where(table.c.work_order.in_(ids)))
    return int(session.execute(delete(tb.work_order).where(o.generated)).rowcount)  # type: ignore[attr-defined]


def load(runtime: Runtime, incarnation: int, wanted: int, seed: int, say: Callable[[int], None]) -> int:
    """Bring the number of invented orders up to `wanted`; return how many were added."""
    with runtime.database.transaction(SERVICE) as session:
        begun = present(session)
        known = world_of(session, runtime, incarnation, seed)
    for first in range(begun, wanted, BATCH):
        numbers = range(first, min(first + BATCH, wanted))
        rows = [one(known, seed, n) for n in numbers]
        with runtime.database.transaction(SERVICE) as session:
            copy(session, rows)
        say(numbers.stop)
    return max(0, wanted - begun)


def one(known: World, seed: int, n: int) -> Rows:
    """Invent the order with a number: the same for the same seed, site and number."""
    dice = random.Random(f"{seed} {known.where.site} {n}")  # noqa: S311 - nothing secret
    day = known.days[min(bisect(known.day_weights, dice.random() * known.day_weights[-1]), len(known.days) - 1)]
    begun = min(weather.moment(dice, day), known.now - timedelta(minutes=1))
    storm = any(item.covers(day) for item in known.sky)
    told = world.report(dice, known.places, known.weights, storm=storm)
    promised = known.promised[told.matter]
    steps = list(lives.life(dice, known.where.calendar, promised.rules, begun, known.now))
    unit = known.units[int(told.matter[1:]) % len(known.units)]
    return made(dice, known.where, n + 1, told, promised, unit, steps)


def world_of(session: Session, runtime: Runtime, incarnation: int, seed: int) -> World:
    """Read the site's matters, bureaus and divisions, and fix the year's weather."""
    site, now, days_of_work = runtime.settings.site, runtime.clock.now(), calendar()
    today = days_of_work.today(now)
    days = [today - timedelta(days=back) for back in range(DAYS, -1, -1)]
    sky = weather.storms(range(days[0].year, today.year + 1), seed)
    found = {kind.matter: promises.known(session, kind.matter) for kind in world.KINDS}
    places = places_of(session, site.code)
    return World(
        where=Setting(site.id, site.name, incarnation, days_of_work),
        promised={code: promise for code, promise in found.items() if promise is not None},
        units=units_of(session), places=places, now=now, days=days, sky=sky,
        weights=list(accumulate(world.population(place.code) for place in places)),
        day_weights=list(accumulate(weather.weight(day, sky, days_of_work.works) for day in days)),
    )  # fmt: skip


def units_of(session: Session) -> list[Unit]:
    """Return the bureaus that handle orders here."""
    u = tb.unit.c
    query = select(u.id, u.name).where(u.active, u.kind.in_(list(HINTS))).order_by(u.name)
    return [Unit(row.id, row.name) for row in session.execute(query)]


def places_of(session: Session, code: str) -> list[Place]:
    """Return the towns below a division, or the division itself where it has none, each with its county's middle."""
    d, down = tb.division.c, tb.division_closure.c
    query = (
        select(d.code, d.name)
        .join(tb.division_closure, down.descendant == d.code)
        .where(down.ancestor == code, d.tier.in_(["town", "county"]))
        .order_by(d.code)
    )
    rows = session.execute(query).all()
    parents = {row.code[:COUNTY_DIGITS] for row in rows if len(row.code) > COUNTY_DIGITS}
    chosen = [row for row in rows if len(row.code) > COUNTY_DIGITS or row.code not in parents]
    middle = outlines.middles(pack(BOUNDARIES).json("guangdong.json")["detail"])
    return [Place(row.code, row.name, middle.get(row.code[:COUNTY_DIGITS])) for row in chosen]


def copy(session: Session, rows: Sequence[Rows]) -> None:
    """Write orders, their story and their stages."""
    connection: Any = session.connection().connection.driver_connection
    with connection.cursor() as cursor:
        for table, columns, values in (
            ("work_order", ORDER, (tuple(row.order[name] for name in ORDER) for row in rows)),
            ("trace", TRACE, (entry for row in rows for entry in row.trace)),
            ("stage", STAGE, (stage for row in rows for stage in row.stages)),
        ):
            with cursor.copy(f"COPY {SERVICE}.{table} ({', '.join(columns)}) FROM STDIN") as target:
                for value in values:
                    target.write_row(value)
