"""A starter organisation, so that a new site can be worked in on its first day; every row of it is marked 样例."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from yiwang_kit.runtime import Runtime
from yiwang_services.management import store, units
from yiwang_services.management.domain import generate_password, hash_password

ADMINISTRATOR = "admin"
CENTRE, TOWN = "centre", "town"
CENTRE_NAME = "指挥中心"
BUREAUS = (
    ("政务服务数据管理局", "service"),
    ("城市管理和综合执法局", "urban"),
    ("交通运输局", "transport"),
    ("生态环境局", "environment"),
    ("市场监督管理局", "market"),
    ("住房和城乡建设局", "housing"),
    ("公安局", "police"),
    ("水务局", "water"),
    ("应急管理局", "emergency"),
)


@dataclass(frozen=True)
class Demonstrator:
    """A person for demonstrations and journeys. 演示人员。"""

    key: str
    name: str
    unit: str
    roles: tuple[str, ...]


DEMONSTRATORS = (
    Demonstrator("registrar", "演示受理员", CENTRE_NAME, ("registrar",)),
    Demonstrator("dispatcher", "演示分拨员", CENTRE_NAME, ("dispatcher",)),
    Demonstrator("handler", "演示处置员", "城市管理和综合执法局", ("handler",)),
    Demonstrator("verifier", "演示核查员", CENTRE_NAME, ("verifier",)),
    Demonstrator("leader", "演示领导", CENTRE_NAME, ("leader",)),
    Demonstrator("administrator", "演示管理员", "", ("administrator",)),
    Demonstrator("auditor", "演示审计员", "", ("auditor",)),
    Demonstrator(
        "operator", "演示全流程", "", ("registrar", "dispatcher", "handler", "verifier", "leader", "matter_editor")
    ),
)


def found(session: Session, runtime: Runtime) -> UUID:
    """Create the starter organisation unless there is one; return the topmost unit."""
    existing = store.root_unit(session)
    if existing is not None:
        return existing.id  # type: ignore[no-any-return]
    site, now = runtime.settings.site, runtime.clock.now()

    def add(name: str, kind: str, division: str, parent: UUID | None) -> UUID:
        made = store.add_unit(session, name=name, division=division, kind=kind, parent=parent, sample=True, now=now)
        units.write_history(session, store.unit(session, made), by="bootstrap", reason="", now=now)
        return made

    root = add(site.name, "government", site.code, None)
    add(CENTRE_NAME, CENTRE, site.code, root)
    for name, kind in BUREAUS:
        add(name, kind, site.code, root)
    for child in store.division_children(session, site.code):
        if child.tier == TOWN:
            add(child.name, TOWN, child.code, root)
    return root


def first_administrator(session: Session, runtime: Runtime, root: UUID) -> dict[str, Any]:
    """Create the first administrator; the password is returned this once and must be changed."""
    if store.person_by_login(session, ADMINISTRATOR) is not None:
        return {"login": ADMINISTRATOR, "created": False}
    password, now = generate_password(), runtime.clock.now()
    person = store.add_person(session, login=ADMINISTRATOR, name="首任管理员", home_unit=root,
                              password=hash_password(password), must_change=True, sample=False, now=now)  # fmt: skip
    store.add_post(session, person, root, "administrator", now)
    return {"login": ADMINISTRATOR, "created": True, "password": password}


def demonstrators(session: Session, runtime: Runtime, root: UUID, *, renew: bool) -> dict[str, dict[str, Any]]:
    """Create one person a role; passwords are returned for those created now, or for all with `renew`."""
    return {
        person.key: _demonstrator(session, runtime, root, person, renew=renew) for person in DEMONSTRATORS
    }  # fmt: skip


def _demonstrator(
    session: Session, runtime: Runtime, root: UUID, wanted: Demonstrator, *, renew: bool
) -> dict[str, Any]:
    login, now = f"demo-{wanted.key}", runtime.clock.now()
    shown: dict[str, Any] = {"login": login, "name": wanted.name, "roles": list(wanted.roles)}
    known = store.person_by_login(session, login)
    if known is not None and not renew:
        return {**shown, "created": False}
    password = generate_password()
    if known is not None:
        store.set_password(session, known.id, hash_password(password), must_change=False)
        return {**shown, "created": False, "password": password}
    place = store.unit_named(session, wanted.unit) if wanted.unit else None
    unit = place.id if place is not None else root
    person = store.add_person(session, login=login, name=wanted.name, home_unit=unit, password=hash_password(password),
                              must_change=False, sample=True, now=now)  # fmt: skip
    for role in wanted.roles:
        store.add_post(session, person, unit, role, now)
    return {**shown, "created": True, "password": password}
