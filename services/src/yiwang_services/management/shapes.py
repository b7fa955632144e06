"""How divisions, units, people and rights look from outside."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from yiwang_services.management import store


def division_json(row: Any) -> dict[str, Any]:
    """Return a division as the API shows it."""
    return {"code": row.code, "name": row.name, "tier": row.tier}


def moment(at: Any) -> str | None:
    """Return a moment as the API shows it."""
    return at.isoformat() if at else None


def path_json(session: Session, code: str) -> list[dict[str, Any]]:
    """Return the way from the top down to a division."""
    return [division_json(row) for row in store.division_path(session, code)]


def unit_json(row: Any) -> dict[str, Any]:
    """Return a unit as the API shows it."""
    return {"id": str(row.id), "name": row.name, "division": row.division, "kind": row.kind, "active": row.active,
            "parent": str(row.parent) if row.parent else None, "sample": row.sample, "code": row.code,
            "version": row.version}  # fmt: skip


def person_json(row: Any) -> dict[str, Any]:
    """Return a person as the API shows them: never anything of the password."""
    return {"id": str(row.id), "login": row.login, "name": row.name, "active": row.active, "sample": row.sample,
            "unit": {"id": str(row.home_unit), "name": row.unit_name}, "locked_until": moment(row.closed_until),
            "must_change_password": row.must_change_password, "second_factor": "on" if row.factor_on else "off"}  # fmt: skip


def post_json(row: Any) -> dict[str, Any]:
    """Return a post as the API shows it."""
    return {"id": str(row.id), "user": {"id": str(row.person), "name": row.person_name},
            "unit": {"id": str(row.unit), "name": row.unit_name},
            "role": {"code": row.role, "title_zh": row.title_zh, "title_en": row.title_en},
            "expires_at": moment(row.expires_at)}  # fmt: skip


def grant_json(row: Any) -> dict[str, Any]:
    """Return a direct grant as the API shows it."""
    return {"id": str(row.id), "user": str(row.person), "role": row.role, "division": row.division,
            "unit": str(row.unit) if row.unit else None, "expires_at": moment(row.expires_at)}  # fmt: skip


def session_json(row: Any, *, current: bool = False) -> dict[str, Any]:
    """Return a session as the API shows it."""
    return {"id": str(row.id), "created_at": moment(row.created_at), "seen_at": moment(row.seen_at),
            "expires_at": moment(row.expires_at), "agent": row.agent, "current": current}  # fmt: skip
