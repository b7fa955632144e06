"""What every door of management shares: the words that may come in, who may do what to whom, the line on the trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from yiwang_kit import pagination
from yiwang_kit.auth import Actor
from yiwang_kit.authorisation import forbidden, permissions_of, require_allowed, scope_clause
from yiwang_kit.errors import Forbidden, Invalid, NotFound, PreconditionFailed
from yiwang_kit.runtime import Runtime
from yiwang_services.management import roles, store, tables
from yiwang_services.management.delegation import Holding, RightScope, missing
from yiwang_services.management.domain import NAME_LIMIT
from yiwang_services.management.tree import UnitTree, holdings

READ_UNIT, EDIT_UNIT = "management.unit.read", "management.unit.edit"
READ_USER, EDIT_USER, UNLOCK = "management.user.read", "management.user.edit", "management.user.unlock"
GRANT, AUDIT = "management.grant.edit", "management.audit.read"
REVOKE_SESSION, RESET_FACTOR = "management.session.revoke", "management.factor.reset"
PLAIN = r"^[^\x00-\x1f\x7f]+$"
Words = Annotated[str | None, Query(max_length=60)]
Name = Annotated[str, Field(min_length=1, max_length=NAME_LIMIT, pattern=PLAIN)]
Reason = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
CodeText = Annotated[str, Field(pattern=r"^[0-9]{6,12}$")]
UnitCode = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,39}$")]
PageCursor = Annotated[str | None, Query(max_length=400)]
Version = Annotated[str | None, Header(alias="If-Match", max_length=40)]


class Body(BaseModel):
    """A request body; unknown keys are refused. 请求体。"""

    model_config = ConfigDict(extra="forbid")


def runtime_of(request: Request) -> Runtime:
    """Return the process's runtime."""
    return request.app.state.runtime  # type: ignore[no-any-return]


Run = Annotated[Runtime, Depends(runtime_of)]


def cursor_id(cursor: str | None) -> UUID | None:
    """Return the id in a cursor. Raises Invalid."""
    if cursor is None:
        return None
    try:
        return UUID(pagination.decode(cursor, 1)[0])
    except ValueError as error:
        raise Invalid("分页游标无效 / the cursor is not one of ours") from error


def holds(session: Session, actor: Actor, permission: str) -> None:
    """Raise Forbidden unless the person holds the permission anywhere; lists narrow by scope afterwards."""
    if permission not in permissions_of(session, actor):
        raise forbidden(permission)


def within(actor: Actor, permission: str) -> ColumnElement[bool]:
    """Return the condition that a person's home unit lies in a grant's scope."""
    return scope_clause(actor, permission, unit_column=tables.person.c.home_unit)


def refuse_self(actor: Actor, person_id: UUID) -> None:
    """Raise Forbidden for somebody who would change their own rights."""
    if actor.user_id == person_id:
        raise Forbidden(
            "不能变更自己的权限 / nobody changes their own rights",
            next="请另一位管理员办理 / ask another administrator",
        )


def other(session: Session, actor: Actor, person_id: UUID, permission: str) -> Any:
    """Return somebody else within the person's scope. Raises NotFound, Forbidden."""
    person = store.person(session, person_id)
    if person is None:
        raise NotFound("没有此用户 / no such user")
    require_allowed(session, actor, permission, unit=person.home_unit)
    refuse_self(actor, person_id)
    return person


def known_unit(session: Session, unit_id: UUID) -> Any:
    """Return a unit. Raises NotFound."""
    unit = store.unit(session, unit_id)
    if unit is None:
        raise NotFound("没有此机构 / no such unit", next="GET /api/management/v1/units")
    return unit


class Authority:
    """What the person asking may pass on; read once a request. 授权能力。"""

    def __init__(self, session: Session, actor: Actor) -> None:
        self._session, self._actor = session, actor
        self._tree = UnitTree(session)
        self._held = holdings(session, actor.user_id, actor.acting_post)

    def require(self, scope: RightScope, permissions: Sequence[str], expires_at: datetime | None = None) -> None:
        """Raise Forbidden unless everything named may be passed on over this scope for this long.

        The right to grant itself must cover the scope, whatever else is held there.
        """
        lacking = missing(self._tree, self._held, [GRANT, *permissions], scope, expires_at)
        if lacking:
            raise Forbidden(
                f"超出本人可授予的范围：{'、'.join(lacking[:5])} / beyond what you may pass on here",
                permission=lacking[0], lacking=lacking,
                next="缩小范围或期限，或请上级管理员办理 / narrow it, or ask an administrator above",
            )  # fmt: skip

    def may_ever(self, permissions: Sequence[str]) -> bool:
        """Return whether each of these may be passed on somewhere."""
        named = {item.permission for item in self._held}
        return set(permissions) <= named and GRANT in named

    def require_over(self, person_id: UUID) -> None:
        """Raise Forbidden where somebody holds what the person asking may not pass on.

        Who hands out a password could sign in with it: nobody does that for people who may do more than themselves.
        """
        theirs = holdings(self._session, person_id)
        beyond = [item for item in theirs if not self._matches(item)]
        if beyond:
            raise Forbidden(
                f"此人持有您无权授予的权限（{beyond[0].permission}） / this person holds more than you may pass on",
                permission=beyond[0].permission, next="请上级管理员办理 / ask an administrator above",
            )  # fmt: skip

    def require_over_posts(self, unit_id: UUID, *, division: str | None = None, into: Any = None) -> None:
        """Raise Forbidden unless the posts of a unit, as they would reach afterwards, may be passed on."""
        place = into or store.unit(self._session, unit_id)
        for post in roles.posts_at(self._session, unit_id):
            wide = (
                RightScope(unit=place.id) if post.scope == "unit" else RightScope(division=division or place.division)
            )
            self.require(wide, roles.rights_of(self._session, post.role), post.expires_at)

    def _matches(self, item: Holding) -> bool:
        """Whether an existing holding is covered; how long it lives is no matter of whoever looks at it."""
        lasting = [Holding(mine.permission, mine.scope) for mine in self._held]
        return not missing(self._tree, lasting, [item.permission], item.scope)


def check_version(unit: Any, version: str | None) -> None:
    """Raise unless the caller saw the present version."""
    if version is None:
        raise Invalid("缺少 If-Match 版本 / send the version you saw as If-Match",
                      errors=[{"field": "If-Match", "expected": '"3"'}])  # fmt: skip
    if version.strip('"') != str(unit.version):
        raise PreconditionFailed(f"当前版本为 {unit.version} / the version is {unit.version} now",
                                 next="重新读取后再改 / read it again, then change it", version=unit.version)  # fmt: skip


def record(
    run: Runtime, session: Session, actor: Actor, action: str, kind: str, object_id: UUID | str, **detail: Any
) -> None:
    """Write one row of the trail."""
    run.audit.record(
        session, actor=actor.login, action=action, object_type=kind, object_id=str(object_id), detail=detail
    )
