"""Taking an order in, and doing one action on it: each one transaction, done once however often it is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from yiwang_kit import idempotency
from yiwang_kit.auth import Actor
from yiwang_kit.authorisation import require_allowed
from yiwang_kit.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from yiwang_kit.ids import uuid7
from yiwang_kit.runtime import Runtime
from yiwang_services.collaboration import assists, domain, effects, limits, promises, search, store
from yiwang_services.collaboration.calendar import calendar
from yiwang_services.collaboration.domain import Standing
from yiwang_services.collaboration.metrics import Metrics
from yiwang_services.collaboration.story import Story
from yiwang_services.collaboration.transitions import BY_ACTION, CREATE, DISPOSE, START, Transition, offered

SERVICE, OBJECT = "collaboration", "work_order"
FIRST_INCARNATION = 1


@dataclass(frozen=True)
class Entry:
    """What is taken in about an order, its form already checked. 登记内容。"""

    matter: str
    title: str
    description: str
    channel: str
    reporter_name: str
    reporter_phone: str
    division: str
    address: str
    longitude: float | None
    latitude: float | None
    generated: bool = False
    public: bool = False


def incarnation_of(runtime: Runtime) -> int:
    """Return which life of its database a site lives; a site without identity lives its first."""
    folder = runtime.settings.exchange.identity_dir
    path = folder / "incarnation" if folder else None
    return int(path.read_text(encoding="utf-8")) if path and path.is_file() else FIRST_INCARNATION


class Orders:
    """The use cases of work orders at one site. 工单办理。"""

    def __init__(self, runtime: Runtime, metrics: Metrics) -> None:
        self.runtime = runtime
        self.site = runtime.settings.site
        self.story = Story(runtime)
        self._metrics = metrics

    def register(self, actor: Actor, entry: Entry, key: str, shape: Callable[[Session, Any], Any]) -> tuple[Any, bool]:
        """Take an order in; return its shape and whether that was done now."""
        with self.runtime.database.transaction(SERVICE) as session:
            answer, fresh = idempotency.once(
                session, actor, key, {"register": entry.__dict__}, self.runtime.clock,
                lambda: self._register(session, actor, entry, shape),
            )  # fmt: skip
        if fresh:
            self.count_intake(entry.channel)
        return answer, fresh

    def count_intake(self, channel: str) -> None:
        """Count an order that was taken in, once its transaction stands."""
        self._metrics.orders.labels(channel).inc()

    def act(self, actor: Actor, order_id: UUID, action: str, given: Mapping[str, Any], seen: int, key: str,
            shape: Callable[[Session, Any], Any]) -> Any:  # fmt: skip
        """Do one action on the version that the person saw; return the order's shape."""
        request = {"act": [str(order_id), action, dict(given), seen]}
        with self.runtime.database.transaction(SERVICE) as session:
            answer, fresh = idempotency.once(
                session, actor, key, request, self.runtime.clock,
                lambda: self._act(session, actor, order_id, action, given, seen, shape),
            )  # fmt: skip
        if fresh:
            self._metrics.actions.labels(action).inc()
        return answer

    def standing(self, row: Any, marks: frozenset[str]) -> Standing:
        """Return what decides about the actions on an order here."""
        children = [child for child in self.site.children if self.story.reachable(child)]
        parent = self.site.parent
        return Standing(
            state=row.state, here=row.owner_site == self.site.id, owner=row.owner_site,
            route=tuple(json.loads(row.route)), has_parent=parent is not None and self.story.reachable(parent),
            has_children=bool(children), marks=marks,
        )  # fmt: skip

    def actions(self, session: Session, row: Any, actor: Actor) -> list[tuple[Transition, str | None]]:
        """Return every action that fits the state or the place, with why it is not possible for this person."""
        standing = self.standing(row, effects.marks(session, row, self.runtime.clock.now()))
        rows = [t for t in offered() if not standing.here or row.state in t.sources]
        rows = [t for t in rows if not t.needs or t.needs in standing.marks]
        held = self._held(session, row, actor, rows)
        found = ((t, domain.refusal(t, standing, held)) for t in rows)
        return [(t, refusal.why if refusal else None) for t, refusal in found]

    def incarnation(self) -> int:
        """Return which life of this site's database this is."""
        return incarnation_of(self.runtime)

    def _register(self, session: Session, actor: Actor, entry: Entry, shape: Callable[[Session, Any], Any]) -> Any:
        division = self.division(session, entry.division)
        require_allowed(session, actor, CREATE, division=entry.division)
        self.take_in(session, entry, division, order_id := uuid7(), by=actor.user_id, teller=actor.name)
        row = store.order(session, order_id)
        answer = shape(session, row)
        self._record(session, actor.login, "register", order_id, number=row.number)
        return answer

    def take_in(
        self, session: Session, entry: Entry, division: Any, order_id: UUID, *, by: UUID | None, teller: str
    ) -> None:
        """Store a new order with what its matter promises, begin its story and tell the sites above."""
        now = self.runtime.clock.now()
        today = calendar().today(now)
        promised = promises.promise(session, entry.matter, today)
        total = promised.rules.total
        due, basis = calendar().due(now, total.amount, total.unit) if total else (now, "")
        number = domain.order_number(self.site.id, today, self.incarnation(), store.next_number(session, today))
        store.add_order(
            session, id=order_id, number=number, matter_name=promised.name, division_name=division.name,
            scope_division=entry.division, state=START, owner_site=self.site.id, route="[]", unit=None, unit_name="",
            created_by=by, created_at=now, updated_at=now, due_at=due, due_basis=basis, closed_at=None,
            version=1, received_at=None, matter_version=promised.version, category=promised.category,
            rules=promised.rules.text(), **limits.enter(calendar(), promised.rules, START, now, 1),
            **search.searched(number, entry.title, entry.address, entry.description), **entry.__dict__,
        )  # fmt: skip
        self.story.begin(session, order_id, teller)

    def _act(self, session: Session, actor: Actor, order_id: UUID, action: str, given: Mapping[str, Any], seen: int,
             shape: Callable[[Session, Any], Any]) -> Any:  # fmt: skip
        if store.order_for(session, order_id, actor) is None:
            raise NotFound("没有此工单，或不在您的范围内 / no such order within your scope",
                           next="核对工单编号 / check the number")  # fmt: skip
        row = self._locked(session, order_id, actor, action, given)
        rule = self._allowed(session, row, actor, action, seen)
        note, values = self._values(session, row, rule, given, actor)
        reporter = {"name": row.reporter_name, "phone": row.reporter_phone}
        destination, route = self._destination(rule, row, given)
        row = self.story.go_on(session, row, values, actor=actor.name, action=action, note=note)
        if destination:
            self.story.hand_over(session, row, destination, rule.arrives_as, back=rule.sends == "source",
                                 reporter=reporter, route=route)  # fmt: skip
        else:
            self.story.tell(session, order_id, since=row.version)
        answer = shape(session, row)
        self._record(session, actor.login, action, order_id, number=row.number, version=row.version)
        return answer

    def _locked(self, session: Session, order_id: UUID, actor: Actor, action: str, given: Mapping[str, Any]) -> Any:
        """Hold the order's row; where an action touches two orders, both in one sequence, so that nobody waits in a circle."""
        touched = {order_id}
        if action == "merge" and (main := search.found(session, actor, str(given.get("main") or "").strip())):
            touched.add(main.id)
        if action in ("unmerge", "close", "decline"):
            touched |= store.joined_with(session, order_id)
        rows = {one: store.order(session, one, lock=True) for one in sorted(touched)}
        return rows[order_id]

    def _allowed(self, session: Session, row: Any, actor: Actor, action: str, seen: int) -> Transition:
        rule = BY_ACTION.get(action)
        if rule is None or rule.system:
            raise NotFound(f"没有操作 {action} / no such action")
        if row.version != seen:
            raise PreconditionFailed(f"工单已更新到第 {row.version} 版 / the order is at version {row.version} now",
                                     next="刷新后再办理 / reload, then act", version=row.version, state=row.state)  # fmt: skip
        refused = domain.refusal(rule, self.standing(row, effects.marks(session, row, self.runtime.clock.now())),
                                 self._held(session, row, actor, [rule]))  # fmt: skip
        if refused is not None:
            raise (Forbidden if refused.kind == "forbidden" else Conflict)(
                refused.why, next="刷新后查看可办理的操作 / reload to see what is possible", state=row.state
            )
        return rule

    def _held(
        self, session: Session, row: Any, actor: Actor, rules: Sequence[Transition]
    ) -> Callable[[Transition], bool]:
        """Return which of these rows the person has the right to; all are looked up at once."""
        wanted = sorted({rule.permission for rule in rules})
        held = store.held(session, row.id, actor, wanted) if wanted else set()
        helping = any(rule.over == "assist" for rule in rules) and self._helps(session, row, actor)

        def holds(rule: Transition) -> bool:
            return helping if rule.over == "assist" else rule.permission in held

        return holds

    def _helps(self, session: Session, row: Any, actor: Actor) -> bool:
        return assists.mine(session, row.id, actor, DISPOSE) is not None

    def _values(
        self, session: Session, row: Any, rule: Transition, given: Mapping[str, Any], actor: Actor
    ) -> tuple[str, dict[str, Any]]:
        faults = domain.field_faults(rule.fields, given)
        if faults:
            raise Invalid("请补全或更正操作字段 / correct the fields of this action", errors=faults)
        values: dict[str, Any] = {"state": rule.target}
        if rule.unit == "set":
            unit = self._unit(session, str(given["unit"]))
            values |= {"unit": unit.id, "unit_name": unit.name}
        if rule.unit == "clear":
            values |= {"unit": None, "unit_name": ""}
        destination, _ = self._destination(rule, row, given)
        if destination:
            values |= {"owner_site": destination, "received_at": None}
        case = self._case(session, row, given, actor)
        values |= effects.EFFECTS[rule.action](case) if rule.action in effects.EFFECTS else {}
        return case.note, values

    def _case(self, session: Session, row: Any, given: Mapping[str, Any], actor: Actor) -> effects.Case:
        def photos() -> int:
            return self.photos(session, row.id)

        said = {name: str(value) for name, value in given.items() if value is not None}
        return effects.Case(session, row, said, actor, self.runtime.clock.now(), calendar(), self.story, photos)

    def photos(self, session: Session, order_id: UUID) -> int:
        """Return how many photos an order has."""
        held = self.runtime.attachments.of(session, SERVICE, OBJECT, str(order_id))
        return sum(one.media_type.startswith("image/") for one in held)

    def _destination(self, rule: Transition, row: Any, given: Mapping[str, Any]) -> tuple[str, list[str]]:
        """Return where ownership goes, and the way back from there."""
        route = list(json.loads(row.route))
        if rule.sends == "source":
            return route[-1], route[:-1]
        if rule.sends == "parent":
            return str(self.site.parent), [*route, self.site.id]
        if rule.sends == "child":
            wanted = str(given["site"])
            if wanted not in self.site.children or not self.story.reachable(wanted):
                raise Invalid("移交站点须为本站点的下级 / choose one of this site's children",
                              errors=[{"field": "site", "expected": ", ".join(self.site.children)}])  # fmt: skip
            return wanted, [*route, self.site.id]
        return "", route

    def division(self, session: Session, code: str) -> Any:
        """Return a division of this site. Raises Invalid, naming the field."""
        division = store.division(session, code)
        if division is None or not store.within(session, code, self.site.code):
            raise Invalid(f"区划 {code} 不在本站点范围内 / not a division of this site",
                          errors=[{"field": "division", "expected": f"{self.site.code} 及以下 / or below"}])  # fmt: skip
        return division

    def _unit(self, session: Session, value: str) -> Any:
        unit = store.unit_by_text(session, value)
        if unit is None:
            raise Invalid(
                "没有此承办单位 / no such unit",
                errors=[{"field": "unit", "expected": "本站点的单位 / a unit of this site"}],
            )
        return unit

    def _record(self, session: Session, login: str, action: str, order_id: UUID, **detail: Any) -> None:
        self.runtime.audit.record(session, actor=login, action=f"collaboration.order.{action}",
                                  object_type=OBJECT, object_id=str(order_id), detail=detail)  # fmt: skip
