"""What the public door knows of orders: only those that came in by it, and nothing of who reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from yiwang_kit.errors import Invalid, NotFound
from yiwang_kit.logging import mask_text
from yiwang_services.collaboration import domain
from yiwang_services.collaboration import tables as t
from yiwang_services.collaboration.service import Entry
from yiwang_services.collaboration.settings import DESCRIPTION_LIMIT, TITLE_LIMIT
from yiwang_services.collaboration.transitions import CLOSED, STATES

DAYS, ROWS, PAGE = 90, 1000, 100
TITLE_TAKEN = 40
LIMITS = {"address_string": 200, "description": DESCRIPTION_LIMIT, "first_name": 30, "last_name": 29, "phone": 30}
NOTICE = "凭编号可随时查询办理情况 / keep the id to ask how far it is"


@dataclass(frozen=True)
class Asked:
    """Which reports somebody wants to see. 公众查询条件。"""

    ids: tuple[str, ...]
    codes: tuple[str, ...]
    status: tuple[str, ...]
    since: datetime
    until: datetime
    limit: int
    skipped: int


def asked(query: Mapping[str, str], now: datetime) -> Asked:
    """Return the question in an address. Raises Invalid."""
    until = moment(query, "end_date") or now
    since = moment(query, "start_date") or until - timedelta(days=DAYS)
    if not since <= until <= since + timedelta(days=DAYS):
        raise Invalid(f"start_date 与 end_date 最多相隔 {DAYS} 天 / at most {DAYS} days apart")
    status = words(query, "status")
    if set(status) - {"open", "closed"}:
        raise Invalid("status 应为 open 或 closed / open or closed")
    limit, page = number(query, "page_size", PAGE, ROWS), number(query, "page", 1, ROWS)
    return Asked(words(query, "service_request_id"), words(query, "service_code"), status, since, until, limit,
                 (page - 1) * limit)  # fmt: skip


def words(query: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return the comma-separated words of a parameter."""
    return tuple(word.strip() for word in (query.get(name) or "").split(",") if word.strip())[:ROWS]


def number(query: Mapping[str, str], name: str, otherwise: int, most: int) -> int:
    """Return a positive whole number, at most `most`. Raises Invalid."""
    value = query.get(name) or str(otherwise)
    if not (value.isascii() and value.isdigit()) or not 1 <= int(value[:9]) <= most:
        raise Invalid(f"{name} 应为 1 到 {most} / 1 to {most}")
    return int(value)


def moment(query: Mapping[str, str], name: str) -> datetime | None:
    """Return a moment in W3C form; one without zone is UTC. Raises Invalid."""
    value = (query.get(name) or "").strip()
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise Invalid(f"{name} 应为 W3C 时间，如 2026-11-23T00:00:00Z / a W3C date and time") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def listed(session: Session, wanted: Asked) -> Sequence[Any]:
    """Return the reports asked for, the newest first; ids given override everything else."""
    o = t.work_order.c
    query = select(t.work_order).where(o.public).order_by(o.created_at.desc(), o.id.desc()).limit(wanted.limit)
    if wanted.ids:
        return session.execute(query.where(o.number.in_(wanted.ids))).all()
    query = query.where(o.created_at >= wanted.since, o.created_at <= wanted.until).offset(wanted.skipped)
    if wanted.codes:
        query = query.where(o.matter.in_(wanted.codes))
    if wanted.status:
        ways = {"open": o.state != CLOSED, "closed": o.state == CLOSED}
        query = query.where(or_(*(ways[word] for word in wanted.status)))
    return session.execute(query).all()


def one(session: Session, number_: str) -> Any:
    """Return one report. Raises NotFound for an order that did not come in by this door as well."""
    o = t.work_order.c
    row = session.execute(select(t.work_order).where(o.public, o.number == number_)).first()
    if row is None:
        raise NotFound(f"没有编号为 {number_[:60]} 的上报 / no such report")
    return row


def by_token(session: Session, token: str) -> Any:
    """Return the report behind a token. Raises NotFound."""
    try:
        wanted = UUID(token)
    except ValueError as error:
        raise NotFound("没有此令牌 / no such token") from error
    o = t.work_order.c
    row = session.execute(select(t.work_order).where(o.public, o.id == wanted)).first()
    if row is None:
        raise NotFound("没有此令牌 / no such token")
    return row


def shown(row: Any) -> dict[str, Any]:
    """Return a report for everybody: no name, and numbers within the text masked."""
    zh, en = STATES.get(row.state, (row.state, row.state))
    return {
        "service_request_id": row.number, "status": "closed" if row.state == CLOSED else "open",
        "status_notes": f"{zh} / {en}", "service_name": row.matter_name, "service_code": row.matter,
        "description": mask_text(row.description), "agency_responsible": row.unit_name, "service_notice": NOTICE,
        "requested_datetime": stamp(row.created_at), "updated_datetime": stamp(row.updated_at),
        "expected_datetime": stamp(row.due_at), "address": mask_text(row.address), "address_id": row.division,
        "zipcode": None, "lat": row.latitude, "long": row.longitude, "media_url": None,
    }  # fmt: skip


def stamp(at: datetime) -> str:
    """Return a moment in the W3C form."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def entry(form: Mapping[str, str], site_code: str) -> Entry:
    """Return what a report says as an order to take in. Raises Invalid, naming the parameter."""
    said = {name: text(form, name, limit) for name, limit in LIMITS.items()}
    fault = domain.phone_fault(said["phone"])
    if fault:
        raise Invalid(f"phone: {fault}")
    place = position(form)
    if place is None and not said["address_string"] and not form.get("address_id"):
        raise Invalid("须提供 lat 和 long，或 address_string，或 address_id / say where: lat and long, or an address")
    if not said["description"]:
        raise Invalid("须提供 description / say what it is")
    division = (form.get("attribute[division]") or form.get("address_id") or site_code).strip()
    return Entry(
        matter=(form.get("service_code") or "").strip(), title=said["description"].split("\n")[0][:TITLE_TAKEN][:TITLE_LIMIT],
        description=said["description"], channel="web", reporter_name=f"{said['last_name']}{said['first_name']}".strip(),
        reporter_phone=said["phone"], division=division, address=said["address_string"],
        longitude=place[0] if place else None, latitude=place[1] if place else None, public=True,
    )  # fmt: skip


def text(form: Mapping[str, str], name: str, limit: int) -> str:
    """Return a parameter as text. Raises Invalid."""
    value = (form.get(name) or "").replace("\r\n", "\n").strip()
    fault = f"最多 {limit} 字 / at most {limit} characters" if len(value) > limit else domain.text_fault(value)
    if fault:
        raise Invalid(f"{name}: {fault}")
    return value


def position(form: Mapping[str, str]) -> tuple[float, float] | None:
    """Return (lon, lat) where both are given. Raises Invalid."""
    lon, lat = ((form.get(name) or "").strip() for name in ("long", "lat"))
    if not lon and not lat:
        return None
    found = domain.position(f"{lon},{lat}")
    if found is None:
        raise Invalid("lat 与 long 应为 WGS 84 度数 / lat and long in WGS 84 degrees")
    return found


def in_effect(session: Session, today: date) -> Sequence[Any]:
    """Return the matters that may be reported today."""
    m = t.matter.c
    ends = or_(m.effective_to.is_(None), m.effective_to >= today)
    return session.execute(select(t.matter).where(m.effective_from <= today, ends).order_by(m.code)).all()
