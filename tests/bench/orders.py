"""Measure lists, searches and whole lives of work orders: 100,000 orders, 28,743 units, real PostgreSQL with fsync.

Orders are generated and loaded by COPY; everything measured is an authenticated HTTP request through the whole hub
(session, rights, audit, outbox) within one process, so sockets are left out and nothing else is.
Run: python tests/bench/orders.py [--orders 100000] [--lives 40]
"""

from __future__ import annotations

import argparse
import io
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support.postgres import Server, running  # noqa: E402 - the path above makes it importable
from support.site_lab import SERVICES, Person, Site, opening  # noqa: E402
from yiwang_kit.auth import load_actor  # noqa: E402
from yiwang_kit.authorisation import allowed  # noqa: E402
from yiwang_kit.clock import SystemClock  # noqa: E402
from yiwang_kit.database import Database  # noqa: E402
from yiwang_kit.ids import uuid7  # noqa: E402
from yiwang_kit.migrations import migrate  # noqa: E402
from yiwang_services.collaboration import search  # noqa: E402
from yiwang_services.management.domain import ROLES  # noqa: E402

SITE, UNITS, ORDERS, LIVES, ASKED = "440000", 28_743, 100_000, 40, 120
COUNTY = "441721"
PARENT = {"site": "441700", "relation": "parent", "server": "nats://127.0.0.1:1", "credentials": "-"}
"""A neighbour that never answers: every change writes its outbox rows, none leaves."""
ROADS = (
    "人民", "解放", "中山", "建设", "和平", "新华", "振兴", "东风", "朝阳", "滨海", "环城", "文化", "体育", "学府", "迎宾", "沿江",
    "南山", "北苑", "石湾", "龙岗",
)  # fmt: skip
THINGS = (
    "路灯", "井盖", "垃圾", "占道", "噪声", "树木", "积水", "护栏", "招牌", "管道", "公厕", "路面", "停车", "油烟", "流浪犬", "电线",
    "水管", "广告", "绿化", "围挡",
)  # fmt: skip
FAULTS = (
    "损坏", "缺失", "堆放", "扰民", "倒伏", "破损", "漏水", "堵塞", "歪斜", "松动", "过期", "未清", "外溢", "缠绕", "占用", "裂缝",
    "不亮", "掉落",
)  # fmt: skip
STATES = ("registered", "accepted", "dispatched", "disposing", "disposed", "verified", *("closed",) * 4)
WORDS = ("路灯", "井盖", "积水", "漏水", "中山", "滨海", "扰民", "裂缝", "人行", "东风", "流浪", "无此")
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)
COLUMNS = (
    "id", "number", "matter", "matter_name", "title", "description", "channel", "reporter_name", "reporter_phone",
    "division", "division_name", "scope_division", "address", "state", "owner_site", "route", "unit", "unit_name",
    "created_at", "updated_at", "due_at", "due_basis", "closed_at", "version", "generated", "search", "search_text",
)  # fmt: skip


def load_units(admin: psycopg.Connection[Any], count: int) -> list[tuple[UUID, str, str]]:
    """Give every division its share of units below the province's government; return (id, name, division)."""
    root = admin.execute("SELECT id FROM management.unit WHERE parent IS NULL").fetchone()
    assert root is not None
    divisions = [row[0] for row in admin.execute("SELECT code FROM management.division ORDER BY code")]
    made = [(uuid7(), f"第{n}承办单位", divisions[n % len(divisions)]) for n in range(count)]
    now = datetime.now(UTC)
    with admin.cursor().copy(
        "COPY management.unit (id, parent, name, division, kind, active, sample, created_at) FROM STDIN"
    ) as copy:
        for unit, name, division in made:
            copy.write_row((unit, root[0], name, division, "bench", True, True, now))
    with admin.cursor().copy("COPY management.unit_closure (ancestor, descendant, depth) FROM STDIN") as copy:
        for unit, _, _ in made:
            copy.write_row((unit, unit, 0))
            copy.write_row((root[0], unit, 1))
    bureau = admin.execute("SELECT id, name, division FROM management.unit WHERE kind = 'urban'").fetchone()
    assert bureau is not None
    # One unit in twelve orders is the demonstration bureau's, so that its handler has a long list of their own.
    return made + [bureau] * (count // 12)


def generated(count: int, units: list[tuple[UUID, str, str]], names: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    """Make orders of the last two years, the same for the same number."""
    dice, now = random.Random(20261123), datetime.now(UTC)
    for n in range(count):
        unit, unit_name, division = dice.choice(units)
        road, thing, fault = dice.choice(ROADS), dice.choice(THINGS), dice.choice(FAULTS)
        at = now - timedelta(seconds=dice.randrange(2 * 365 * 86_400))
        state = dice.choice(STATES) if at < now - timedelta(days=20) else dice.choice(STATES[:6])
        number = f"{SITE}-{at:%Y%m%d}-1-B{n:06d}"
        title, address = f"{road}路{thing}{fault}", f"{names[division]}{road}路{dice.randrange(1, 400)}号"
        told = f"市民反映{road}路{dice.randrange(1, 400)}号附近{thing}{fault}，影响通行，请尽快派人处理。编号{n}"
        found = search.searched(number, title, address, told)
        with_unit = state not in ("registered", "accepted")
        yield (
            uuid7(), number, "S001", "演示事项", title, told, "hotline", "", "", division, names[division], division,
            address, state, SITE, "[]", unit if with_unit else None, unit_name if with_unit else "", at, at,
            at + timedelta(days=dice.randrange(3, 15)), "bench", at + timedelta(days=5) if state == "closed" else None, 1,
            True, found["search"], found["search_text"],
        )  # fmt: skip


def load_orders(admin: psycopg.Connection[Any], count: int, units: list[tuple[UUID, str, str]]) -> None:
    """Load generated orders by COPY, then let the database learn what it holds."""
    names = dict(admin.execute("SELECT code, name FROM management.division").fetchall())
    with admin.cursor().copy(f"COPY collaboration.work_order ({', '.join(COLUMNS)}) FROM STDIN") as copy:
        for row in generated(count, units, names):
            copy.write_row(row)
    admin.execute("VACUUM ANALYZE")


def p95(person: Person, asked: list[dict[str, Any]]) -> tuple[float, float]:
    """Ask for lists; return the median and the 95th percentile in milliseconds."""
    taken = []
    for params in asked:
        started = time.perf_counter()
        answer = person.get("/api/collaboration/v1/orders", **params)
        taken.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, answer.text
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


def lists(count: int) -> list[dict[str, Any]]:
    """Return the list pages that people open: newest, due, filtered, deep, of one division."""
    kinds: list[dict[str, Any]] = [
        {"limit": 50}, {"limit": 50, "sort": "due"}, {"state": "disposing", "sort": "due"}, {"overdue": True, "sort": "due"},
        {"division": "441721"}, {"division": "441700", "state": "registered,accepted"}, {"mine": True}, {"todo": True},
    ]  # fmt: skip
    return [kinds[n % len(kinds)] for n in range(count)]


def life(people: dict[str, Person], n: int) -> None:
    """Carry one order from intake with its duplicate check to closure, with a photo and a call."""
    draft = {"matter": "S001", "division": "441721", "title": f"{ROADS[n % 20]}路井盖缺失", "lon": 111.61, "lat": 21.75}
    registrar, dispatcher, handler, verifier = (people[r] for r in ("registrar", "dispatcher", "handler", "verifier"))
    assert registrar.get("/api/collaboration/v1/orders/duplicates", **draft).status_code == 200
    order = registrar.register(title=draft["title"], division="441721")
    order = registrar.act(order, "accept")
    order = dispatcher.dispatch(dispatcher.order(order["id"]))
    order = handler.act(handler.order(order["id"]), "sign")
    answer = handler.http.post(
        "/api/attachments/v1", data={"service": "collaboration", "object_type": "work_order", "object_id": order["id"]},
        files={"file": ("done.png", io.BytesIO(PNG + str(n).encode()), "image/png")}, headers={"X-Yiwang-CSRF": "1"},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    order = handler.act(order, "dispose", note="已更换井盖", position="111.61,21.75")
    order = verifier.act(verifier.order(order["id"]), "verify")
    order = verifier.act(order, "call_back", result="satisfied")
    assert verifier.act(order, "close")["state"] == "closed"


def lives(site: Site, count: int, workers: int = 1) -> float:
    """Return whole lives a second, by so many groups of people at once."""
    groups = [
        {role: site.person(role) for role in ("registrar", "dispatcher", "handler", "verifier")} for _ in range(workers)
    ]
    life(groups[0], 0)
    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        done = [pool.submit(life, groups[n % workers], n) for n in range(count)]
    assert all(one.result() is None for one in done)
    return count / (time.perf_counter() - started)


def decisions(site: Site, count: int = 4000) -> tuple[float, float]:
    """Decide whether people may do something at random units; return the median and the 99th percentile in milliseconds."""
    dice, taken = random.Random(20261123), []
    with site.runtime.database.transaction() as session:
        people = session.execute(text("SELECT id FROM management_public.v1_user ORDER BY login")).scalars().all()
        actors = [load_actor(session, person, None, SITE) for person in people]
        units = session.execute(text("SELECT id, division FROM management_public.v1_unit ORDER BY id")).all()
        permissions = sorted({name for role in ROLES for name in role.permissions})
        for _ in range(count):
            actor, (unit, division) = dice.choice(actors), dice.choice(units)
            assert actor is not None
            started = time.perf_counter()
            allowed(session, actor, dice.choice(permissions), unit=unit, division=division)
            taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[-1]


def prepared(server: Server) -> str:
    """Return a database with every schema."""
    name = server.create()
    database = Database(server.url(name))
    migrate(database, ["yiwang_kit", *(f"yiwang_services.{service}" for service in SERVICES)])
    database.dispose()
    return name


def rows(orders: int = ORDERS, count: int = LIVES) -> list[tuple[str, str, str, str]]:
    """Measure; return (what, target, measured, command)."""
    command = "`python tests/bench/orders.py`"
    with running(durable=True) as server, tempfile.TemporaryDirectory(prefix="ywb-") as home:
        template = prepared(server)
        with opening(server, template, Path(home)) as open_site:
            site = open_site(SITE, clock=SystemClock())
            name = str(site.runtime.database.engine.url.database)
            started = time.perf_counter()
            with server.connect(name) as admin:
                load_orders(admin, orders, load_units(admin, UNITS))
            loaded = time.perf_counter() - started
            leader, handler = site.person("leader"), site.person("handler")
            words = [{"q": WORDS[n % len(WORDS)]} for n in range(ASKED)]
            mixed = [
                {"q": "井盖缺失", "state": "disposing"},
                {"q": "路灯", "division": "441721"},
                {"q": "积水", "overdue": True},
            ]
            figures = {
                "list": p95(leader, lists(ASKED)), "narrow": p95(handler, lists(ASKED)), "word": p95(leader, words),
                "mixed": p95(leader, [mixed[n % 3] for n in range(60)]),
                "counted": p95(leader, [{"q": word["q"], "count": True} for word in words[:60]]),
            }  # fmt: skip
            decided = decisions(site)
            print(figures, decided, file=sys.stderr)
            county = open_site(COUNTY, clock=SystemClock(), peers=[PARENT])
            rate, together = lives(county, count), lives(county, count, workers=4)
    at = f"at {orders:,} orders, {UNITS:,} units"
    shown = {key: f"p50 {middle:.0f} ms, p95 {high:.0f} ms" for key, (middle, high) in figures.items()}
    return [
        (f"decision whether a person may do something at a unit, {UNITS:,} units", "p99 < 5 ms",
         f"p50 {decided[0]:.1f} ms, p99 {decided[1]:.1f} ms", command),
        (f"order list page, province-wide rights, {at}", "p95 < 150 ms", shown["list"], command),
        (f"order list page, one unit's rights, {at}", "p95 < 150 ms", shown["narrow"], command),
        (f"search for a word of two characters, {at}", "p95 < 300 ms", shown["word"], command),
        (f"search with filters, {at}", "p95 < 300 ms", shown["mixed"], command),
        (f"search with a count up to 10,000, {at}", "", shown["counted"], command),
        (f"loading {orders:,} orders by COPY", "", f"{loaded:.0f} s", command),
        ("whole lives of orders (13 requests, a photo, a call), one after the other", "", f"{rate:.2f} a second", command),
        ("whole lives of orders, four groups of people at once", "", f"{together:.2f} a second", command),
    ]  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--lives", type=int, default=LIVES)
    given = parser.parse_args()
    for row in rows(given.orders, given.lives):
        print(" | ".join(row))


if __name__ == "__main__":
    main()
