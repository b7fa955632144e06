"""Whole hubs on real PostgreSQL without a socket, and people who sign in through the site's own provider as a browser does."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx

from support.postgres import Server
from yiwang_kit.app import create_hub
from yiwang_kit.clock import ManualClock
from yiwang_kit.database import Database
from yiwang_kit.inprocess import InProcess
from yiwang_kit.runtime import Runtime, build_runtime
from yiwang_kit.settings import HubSettings, parse_settings
from yiwang_services.management.commands import COMMANDS

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SERVICES = ["management", "matter", "collaboration", "indicator", "situation"]
TREE: dict[str, dict[str, Any]] = {
    "440000": {"name": "广东省", "tier": "province", "parent": None, "children": ["441700"], "ancestors": []},
    "441700": {"name": "阳江市", "tier": "city", "parent": "440000", "children": ["441721"], "ancestors": ["440000"]},
    "441721": {
        "name": "阳西县",
        "tier": "county",
        "parent": "441700",
        "children": [],
        "ancestors": ["440000", "441700"],
    },
}


def settings_of(site: str, folder: Path, peers: list[dict[str, Any]] | None = None) -> HubSettings:
    """Settings of one site of the test tree."""
    return parse_settings({
        "schema": 1, "site": {"id": site, "code": site, **TREE[site]}, "release": "2026.11.0", "demo": True,
        "listen": {"host": "127.0.0.1", "port": 7080}, "public_url": f"http://s{site}.test",
        "database": {"host": "-", "port": 1, "password_file": "-"}, "services": SERVICES,
        "exchange": {"peers": peers or [], "poll_seconds": 0.05}, "secrets_dir": str(folder),
        "attachments_dir": str(folder / "attachments"),
        "log": {"level": "error"},
    })  # fmt: skip


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.action = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self.action = values["action"] or ""
        if tag == "input":
            self.fields[str(values["name"])] = values.get("value") or ""


@dataclass
class Person:
    """Somebody with a browser at one site."""

    http: httpx.Client

    def sign_in(self, login: str, password: str) -> httpx.Response:
        """Walk the code flow; return the last answer."""
        page = self.follow(self.http.get("/auth/login?next=/auth/me"))
        return self.submit(page, login=login, password=password)

    def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Fill in the form of a page and send it; return the last answer."""
        form = _Form()
        form.feed(page.text)
        return self.follow(self.http.post(form.action, data={**form.fields, **fields}))

    def follow(self, response: httpx.Response) -> httpx.Response:
        """Follow redirects as a browser does."""
        for _ in range(8):
            if not response.is_redirect:
                return response
            response = self.http.get(response.headers["location"])
        raise AssertionError("endless redirects")

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.http.get(path, params=params or None)

    def post(self, path: str, body: Any, *, key: str | None = None, version: Any = None) -> httpx.Response:
        headers = {"X-Yiwang-CSRF": "1", "Idempotency-Key": key or str(uuid.uuid4())}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return self.http.post(path, json=body, headers=headers)

    def delete(self, path: str) -> httpx.Response:
        return self.http.delete(path, headers={"X-Yiwang-CSRF": "1"})

    def put(self, path: str, body: Any) -> httpx.Response:
        return self.http.put(path, json=body, headers={"X-Yiwang-CSRF": "1"})

    def patch(self, path: str, body: Any, *, version: Any = None) -> httpx.Response:
        seen = {"If-Match": f'"{version}"'} if version is not None else {}
        return self.http.patch(path, json=body, headers={"X-Yiwang-CSRF": "1", **seen})

    def register(self, **changes: Any) -> dict[str, Any]:
        """Take in an order that is right but for the changes."""
        answer = self.post("/api/collaboration/v1/orders", complaint(**changes))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def order(self, order_id: str) -> dict[str, Any]:
        answer = self.get(f"/api/collaboration/v1/orders/{order_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def act(self, order: dict[str, Any], action: str, **fields: str) -> dict[str, Any]:
        """Do an action that must work."""
        answer = self.try_act(order, action, **fields)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def try_act(self, order: dict[str, Any], action: str, **fields: str) -> httpx.Response:
        path = f"/api/collaboration/v1/orders/{order['id']}/actions/{action}"
        return self.post(path, fields, version=order["version"])

    def dispatch(self, order: dict[str, Any], unit: str = "城市管理和综合执法局") -> dict[str, Any]:
        """Dispatch to a unit by its name, from the choices that the action offers."""
        offered = next(a for a in order["actions"] if a["name"] == "dispatch")["fields"][0]["choices"]
        return self.act(order, "dispatch", unit=next(c["value"] for c in offered if c["label"] == unit))


def complaint(**changes: Any) -> dict[str, Any]:
    """An order as the hotline takes it in."""
    return {
        "matter": "S001", "title": "人民路路面破损", "description": "路口有两处坑洼，夜间行车危险。", "channel": "hotline",
        "reporter": {"name": "陈小明", "phone": "13800138000"}, "division": "441721100", "address": "人民路与振兴路口",
        "location": {"lon": 111.61, "lat": 21.75}, **changes,
    }  # fmt: skip


@dataclass
class Site:
    """One running hub without a socket."""

    runtime: Runtime
    hub: Any
    passwords: dict[str, str] = field(default_factory=dict)

    def visitor(self) -> Person:
        """Somebody who is not signed in."""
        transport = InProcess()
        transport.serve(self.hub)
        return Person(httpx.Client(transport=transport, base_url=self.runtime.settings.public_url))

    def person(self, role: str) -> Person:
        """The demonstration person of a role, signed in."""
        person = self.visitor()
        answer = person.sign_in(f"demo-{role}", self.passwords[role])
        assert answer.status_code == 200, answer.text
        return person


OpenSite = Callable[..., Site]
Founded = tuple[str, dict[str, str]]


@contextmanager
def opening(postgres: Server, template: str, folder: Path) -> Iterator[OpenSite]:
    """Open sites with the starter organisation and one person a role; close and drop them at the end."""
    opened: list[tuple[Runtime, str]] = []

    def open_one(site: str = "441721", *, clock: Any = None, exchange: Any = None, peers: Any = None) -> Site:
        settings = settings_of(site, folder / f"{site}-{len(opened)}", peers)
        name = postgres.create(template)
        database = Database(postgres.url(name))
        clock = clock or ManualClock(START)
        made = exchange(settings, database, clock) if exchange else None
        runtime = build_runtime(settings, database=database, clock=clock, exchange=made)
        opened.append((runtime, name))
        hub = create_hub(settings, runtime=runtime)
        users = said_by("demo-users", runtime)["users"]
        return Site(runtime, hub, {role: user["password"] for role, user in users.items()})

    try:
        yield open_one
    finally:
        for runtime, _ in opened:  # a neighbour still running would ask one already closed
            runtime.exchange.stop()
        for runtime, name in opened:
            runtime.close()
            postgres.drop(name)


def said_by(command: str, runtime: Runtime, *words: str) -> dict[str, Any]:
    """Run a command of management; return the JSON that it printed."""
    out = io.StringIO()
    with redirect_stdout(out):
        assert COMMANDS[command](runtime, list(words)) == 0
    return dict(json.loads(out.getvalue()))
