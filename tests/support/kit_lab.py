"""A hub with a toy provider, a toy organisation and a toy service on a real database, for tests of the kit itself.

The published views of management stand here as plain tables, so that a test may move a person with one statement.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import structlog
from fastapi import FastAPI, Form, Request
from fastapi.responses import RedirectResponse
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import BaseModel
from sqlalchemy import Uuid, column, select, table, text

from support.asgi import running
from yiwang_kit import idempotency, pagination
from yiwang_kit.app import create_hub, service_app
from yiwang_kit.auth import CurrentActor, require
from yiwang_kit.authorisation import require_allowed, scope_clause
from yiwang_kit.clock import ManualClock
from yiwang_kit.database import Database
from yiwang_kit.ids import uuid7
from yiwang_kit.migrations import migrate
from yiwang_kit.pkce import challenge
from yiwang_kit.runtime import Runtime, build_runtime
from yiwang_kit.settings import HubSettings, parse_settings

URL = "http://hub.test"
SITE = "441721"
START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
READ, WRITE = "toy.row.read", "toy.row.write"
CITY, COUNTY, TOWN, OTHER = "441700", "441721", "441721100", "441702"
__all__ = ["CITY", "COUNTY", "OTHER", "READ", "SITE", "START", "TOWN", "URL", "WRITE", "Lab", "Toy", "open_lab"]

ROW = table("toy_row", column("id", Uuid), column("name"), column("division"), column("unit", Uuid), schema="kit")
ORGANISATION = (
    "CREATE SCHEMA management_public",
    "CREATE TABLE management_public.v1_user (id uuid, login text, name text, active bool, must_change_password bool, "
    "factor_on bool NOT NULL DEFAULT false)",
    "CREATE TABLE management_public.v1_post (id uuid, user_id uuid, unit_id uuid, unit_name text, division text, role text, "
    "expires_at timestamptz)",
    "CREATE TABLE management_public.v1_grant (user_id uuid, permission text, unit_id uuid, division text, post_id uuid)",
    "CREATE TABLE management_public.v1_acting_post (session_id uuid, user_id uuid, post_id uuid)",
    "CREATE TABLE management_public.v1_policy (name text, value text)",
    "CREATE TABLE management_public.v1_unit (id uuid, parent uuid)",
    "CREATE TABLE management_public.v1_unit_closure (ancestor uuid, descendant uuid, depth int)",
    "CREATE TABLE management_public.v1_division_closure (ancestor text, descendant text, depth int)",
    "CREATE TABLE kit.toy_row (id uuid PRIMARY KEY, name text NOT NULL, division text NOT NULL, unit uuid)",
)


def settings_of(**changes: Any) -> HubSettings:
    """Return the settings of the toy site."""
    base = {
        "schema": 1, "site": {"id": SITE, "code": SITE, "name": "阳西县", "name_en": "Yangxi", "tier": "county", "parent": CITY},
        "release": "2026.11.0", "listen": {"host": "127.0.0.1", "port": 1}, "public_url": URL, "services": [],
        "database": {"host": "-", "port": 1, "password_file": "-"}, "secrets_dir": "-", "threads": 4,
    }  # fmt: skip
    return parse_settings(base | changes)


@dataclass
class Toy:
    """A sign-in provider that believes whoever it is told to believe."""

    clock: ManualClock
    issuer: str = f"{URL}/oidc"
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "toy"}))
    person: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    jwks_asked: int = 0

    def token(self, **claims: Any) -> str:
        """Sign a token; None as a value takes a claim away."""
        now = int(self.clock.now().timestamp())
        full = {"iss": self.issuer, "aud": "hub", "sub": self.person, "iat": now, "exp": now + 600, **claims}
        return jwt.encode({"alg": "ES256", "kid": "toy"}, {k: v for k, v in full.items() if v is not None}, self.key)

    def app(self) -> FastAPI:
        """Return the provider's endpoints."""
        app = FastAPI(openapi_url=None)

        @app.get("/jwks")
        def jwks() -> dict[str, Any]:
            self.jwks_asked += 1
            return {"keys": [self.key.as_dict(private=False)]}

        @app.get("/authorize")
        def authorize(request: Request) -> RedirectResponse:
            query = dict(request.query_params)
            code = f"code-{len(self.codes)}"
            self.codes[code] = query
            return RedirectResponse(f"{query['redirect_uri']}?code={code}&state={query['state']}", 302)

        @app.post("/token")
        def token(code: Annotated[str, Form()], code_verifier: Annotated[str, Form()]) -> dict[str, str]:
            begun = self.codes.pop(code)
            assert begun["code_challenge"] == challenge(code_verifier)
            return {"id_token": self.token(**{"nonce": begun["nonce"], **self.changes})}

        return app


class Draft(BaseModel):
    """What a toy row is made of."""

    name: str
    division: str


def toy_service(runtime: Runtime) -> FastAPI:
    """Return a service that uses what the kit offers."""
    app = service_app("toy", runtime, title_zh="样例")

    @app.get("/v1/rows")
    def rows(
        actor: CurrentActor, limit: pagination.Limit = pagination.DEFAULT_LIMIT, cursor: str = "", q: str = ""
    ) -> dict[str, Any]:
        after = pagination.decode(cursor, 1)[0] if cursor else str(UUID(int=0))
        clause = scope_clause(actor, READ, unit_column=ROW.c.unit, division_column=ROW.c.division)
        query = (
            select(ROW.c.id, ROW.c.name)
            .where(clause, ROW.c.id > UUID(after), ROW.c.name.contains(q))
            .order_by(ROW.c.id)
        )
        with runtime.database.transaction() as session:
            found = [dict(r._mapping) for r in session.execute(query.limit(limit + 1))]
        return pagination.page(found, limit, lambda r: [r["id"]])

    @app.post("/v1/rows", status_code=201)
    def add(draft: Draft, actor: CurrentActor, key: idempotency.Key) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            require_allowed(session, actor, WRITE, division=draft.division)
            made = {"id": str(uuid7()), "name": draft.name}
            session.execute(_ADD, {**made, "division": draft.division})
            runtime.audit.record(session, actor=actor.login, action="toy.row.add", object_type="row",
                                 object_id=made["id"], detail={"name": draft.name})  # fmt: skip
            return made

        with runtime.database.transaction() as session:
            return idempotency.once(session, actor, key, draft.model_dump(), runtime.clock, work)[0]

    @app.get("/v1/guarded")
    def guarded(actor: Annotated[Any, require(WRITE)]) -> dict[str, str]:
        return {"login": actor.login}

    @app.get("/v1/bug")
    def bug() -> None:
        raise RuntimeError("电话 13800138000")

    @app.get("/v1/nul")
    def nul() -> None:
        with runtime.database.transaction() as session:
            session.execute(text("SELECT CAST(:v AS text)"), {"v": "a\x00b"})

    return app


TABLES = (
    "kit.toy_row", "kit.session", "kit.sign_in", "kit.idempotency", "management_public.v1_user",
    "management_public.v1_post", "management_public.v1_grant", "management_public.v1_unit_closure",
)  # fmt: skip
BELOW = {CITY: (CITY, COUNTY, TOWN, OTHER), COUNTY: (COUNTY, TOWN), TOWN: (TOWN,), OTHER: (OTHER,)}
CLOSURE = [(above, below) for above, all_below in BELOW.items() for below in all_below]
_CLOSURE = text("INSERT INTO management_public.v1_division_closure VALUES (:a, :d, 0)")
_ADD = text("INSERT INTO kit.toy_row (id, name, division) VALUES (:id, :name, :division)")


@dataclass
class Lab:
    """The open hub and what a test does with it."""

    runtime: Runtime
    toy: Toy
    clock: ManualClock
    client: httpx.Client
    lines: io.StringIO

    def reset(self) -> None:
        """Forget everybody and everything; for the next test on the same hub."""
        self.sql(f"TRUNCATE {', '.join(TABLES)}")
        self.client.cookies.clear()
        self.toy.changes.clear()
        self.lines.seek(0)
        self.lines.truncate()

    def sql(self, statement: str, **values: Any) -> None:
        """Change something behind the hub's back."""
        with self.runtime.database.engine.begin() as connection:
            connection.execute(text(statement), values)

    def person(self, login: str = "li", name: str = "𠮷㐂") -> UUID:
        """Make a person."""
        made = uuid7()
        self.sql("INSERT INTO management_public.v1_user VALUES (:i, :l, :n, true, false)", i=made, l=login, n=name)
        return made

    def allow(self, person: UUID, permission: str, *, division: str | None = None, unit: UUID | None = None) -> None:
        """Grant a permission over a subtree."""
        self.sql(
            "INSERT INTO management_public.v1_grant VALUES (:u, :p, :unit, :d)",
            u=person,
            p=permission,
            unit=unit,
            d=division,
        )

    def row(self, name: str, division: str, unit: UUID | None = None) -> None:
        """Add a toy row."""
        self.sql("INSERT INTO kit.toy_row VALUES (:i, :n, :d, :u)", i=uuid7(), n=name, d=division, u=unit)

    def sign_in(self, person: UUID, target: str = "/") -> Any:
        """Walk the code flow; the client holds the cookie afterwards. Return the last answer."""
        self.toy.person = str(person)
        at_provider = self.client.get(f"/auth/login?next={target}", follow_redirects=False).headers["location"]
        back = self.client.get(at_provider, follow_redirects=False).headers["location"]
        return self.client.get(back, follow_redirects=False)

    def begun(self) -> dict[str, str]:
        """Begin a sign-in; return what the provider is asked."""
        location = self.client.get("/auth/login", follow_redirects=False).headers["location"]
        return {key: values[0] for key, values in parse_qs(urlsplit(location).query).items()}

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """Send JSON as the console does."""
        return self.client.post(path, json=body, headers={"X-Yiwang-CSRF": "1", "Origin": URL, **headers})

    def log(self) -> list[dict[str, Any]]:
        """Return the log so far."""
        return [json.loads(line) for line in self.lines.getvalue().splitlines()]


@contextmanager
def open_lab(url: str, **changes: Any) -> Iterator[Lab]:
    """Open the toy hub over a database that has the kit's schema."""
    database = Database(url)
    with database.engine.begin() as connection:
        for statement in ORGANISATION:
            connection.execute(text(statement))
        for ancestor, descendant in CLOSURE:
            connection.execute(_CLOSURE, {"a": ancestor, "d": descendant})
    migrate(database, ["yiwang_kit"])
    clock, lines = ManualClock(START), io.StringIO()
    runtime = build_runtime(
        settings_of(**changes), database=database, clock=clock, boot={"tree_digest": "ab", "drift": []}
    )
    runtime.log = logger_into(runtime, lines)
    toy = Toy(clock)
    service = toy_service(runtime)
    service.state.public = {"/oidc": toy.app()}
    hub = create_hub(runtime.settings, runtime=runtime, services={"toy": service})
    with running(hub, URL) as client:
        yield Lab(runtime, toy, clock, client, lines)


def logger_into(runtime: Runtime, target: io.StringIO) -> Any:
    """Return the product's own logger, writing into memory."""
    from yiwang_kit.logging import logger

    return logger(runtime.settings, structlog.PrintLogger(target))
