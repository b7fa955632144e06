"""Values go up: a site tells the tier above what its indicators came to of its own division, and keeps what sites below tell.

In the transaction that computed them: what came out otherwise since the last report, and until when the orders were
read. Numbers travel as text, because a float has no canonical form to sign. The receiver adds nothing up from rates:
what is submitted rolls up by its declared rule (`evaluation.rolled_up`), and what is computed here from the copies of
orders stands beside what the site below says, so that a difference is seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from yiwang_kit.errors import NotFound
from yiwang_kit.exchange import Envelope, ExchangeReject
from yiwang_kit.exchange import store as exchange
from yiwang_kit.runtime import Runtime
from yiwang_services.indicator import store
from yiwang_services.indicator import tables as t
from yiwang_services.indicator.contracts import VALUE, schemas
from yiwang_services.indicator.domain import PUBLISHED

KEY, PART = "values", 300
NUMBERS = ("value", "numerator", "denominator")
ALWAYS = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
d, v = t.definition.c, t.value.c


def rule_of(formula: str, unit: str, period: str) -> str:
    """Return the digest of how an indicator is computed: equal digests are equal rules, whatever the versions' numbers."""
    return hashlib.sha256("\n".join((" ".join(formula.split()), unit, period)).encode()).hexdigest()


class Reporting:
    """Sends values up, and keeps those of sites below. 指标上报。"""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._site = runtime.settings.site

    def register(self) -> None:
        """Say to the exchange what is understood."""
        versions = schemas(VALUE)
        self._runtime.exchange.register(VALUE, versions, self.keep, sends=max(versions))

    def report(self, session: Session, now: datetime) -> int:
        """Tell the tier above what changed since it was last told; return how many values."""
        parent = self._site.parent
        if parent is None or not self._understands(session, parent):
            return 0
        since = session.execute(select(t.pushed.c.computed_at).where(t.pushed.c.peer == parent)).scalar() or ALWAYS
        rows = session.execute(_changed(self._site.code, since)).all()
        for start in range(0, max(len(rows), 1), PART):
            payload = {"division": self._site.code, "as_of": now.isoformat(),
                       "values": [value_message(row) for row in rows[start : start + PART]]}  # fmt: skip
            self._runtime.exchange.send(session, to=parent, kind=VALUE, key=KEY, payload=payload)
        newest = max((row.computed_at for row in rows), default=since)
        session.execute(delete(t.pushed).where(t.pushed.c.peer == parent))
        session.execute(insert(t.pushed).values(peer=parent, computed_at=newest))
        return len(rows)

    def keep(self, session: Session, envelope: Envelope) -> None:
        """Keep what a site below says of its own division. Raises ExchangeReject."""
        said, origin = envelope.payload, envelope.origin
        if origin not in self._site.children:
            raise ExchangeReject(f"指标值不是来自直接下级 / {origin} is no child of this site")
        if said["division"] != origin.partition("-")[0]:
            raise ExchangeReject(f"{origin} 上报了别的区划 {said['division']} / reports another division than its own")
        as_of, r = datetime.fromisoformat(said["as_of"]), t.reported.c
        for one in said["values"]:
            place = (r.site == origin, r.code == one["code"], r.starts == date.fromisoformat(one["starts"]))
            session.execute(delete(t.reported).where(*place))
        rows = [row_of(one, origin, said["division"], as_of, self._runtime.clock.now()) for one in said["values"]]
        if rows:
            session.execute(insert(t.reported), rows)
        session.execute(update(t.reported).where(r.site == origin).values(data_time=as_of))

    def _understands(self, session: Session, site: str) -> bool:
        """Whether the tier above said that it takes this message; one of an earlier release would park it."""
        try:
            peer = self._runtime.exchange.route(site)
        except NotFound:
            return False
        return VALUE in exchange.peer_contracts(session, peer)


def _changed(division: str, since: datetime) -> Any:
    """Return the query of a division's values that came out otherwise after a moment."""
    query = select(t.value, d.code, d.version, d.origin, d.formula, d.unit).join(t.definition, d.id == v.definition)
    return query.where(d.state == PUBLISHED, v.division == division, v.computed_at > since).order_by(d.code, v.starts)


def value_message(row: Any) -> dict[str, Any]:
    """Return a value as it travels."""
    numbers = {name: None if getattr(row, name) is None else repr(getattr(row, name)) for name in NUMBERS}
    return {"code": row.code, "version": row.version, "origin": row.origin, "unit": row.unit, "period": row.period,
            "rule": rule_of(row.formula, row.unit, row.period), "starts": row.starts.isoformat(),
            "ends": row.ends.isoformat(), "reason": row.reason, **numbers}  # fmt: skip


def row_of(said: dict[str, Any], site: str, division: str, as_of: datetime, now: datetime) -> dict[str, Any]:
    """Return the columns of a reported value."""
    numbers = {name: None if said[name] is None else float(said[name]) for name in NUMBERS}
    days = {name: date.fromisoformat(said[name]) for name in ("starts", "ends")}
    return {**said, **numbers, **days, "site": site, "division": division, "data_time": as_of, "arrived_at": now}


def comparison(session: Session, actor: Any, *, code: str | None, division: str | None,
               after: tuple[str, str, date] | None, limit: int) -> Sequence[Any]:  # fmt: skip
    """Return what sites below reported beside what this site has of the same division and period, within a person's grants."""
    from yiwang_kit.authorisation import scope_clause

    r = t.reported.c
    own = select(v.division, v.starts, d.code, d.formula, d.unit, d.period, v.value.label("own")).join(
        t.definition, d.id == v.definition).where(d.state == PUBLISHED).subquery()  # fmt: skip
    beside = (own.c.code == r.code) & (own.c.division == r.division) & (own.c.starts == r.starts)
    query = select(t.reported, own.c.own, own.c.formula.label("own_formula"), own.c.unit.label("own_unit")).outerjoin(
        own, beside
    )
    query = query.where(scope_clause(actor, store.READ, division_column=r.division))
    if code:
        query = query.where(r.code == code)
    if division:
        query = query.where(r.division == division)
    if after:
        query = query.where((r.site > after[0]) | (r.site == after[0]) & (
            (r.code > after[1]) | (r.code == after[1]) & (r.starts > after[2])))  # fmt: skip
    return session.execute(query.order_by(r.site, r.code, r.starts).limit(limit)).all()


def comparison_json(row: Any) -> dict[str, Any]:
    """Return a reported value beside ours; a difference where both are and the rule is the same."""
    same = row.own_formula is not None and rule_of(row.own_formula, row.own_unit, row.period) == row.rule
    known = row.value is not None and row.own is not None
    return {
        "site": row.site, "code": row.code, "division": row.division,
        "period": {"kind": row.period, "starts": row.starts.isoformat()}, "unit": row.unit,
        "value": row.value, "numerator": row.numerator, "denominator": row.denominator, "reason": row.reason,
        "own": row.own, "same_rule": same, "difference": row.value - row.own if known and same else None,
        "data_time": row.data_time.isoformat(), "arrived_at": row.arrived_at.isoformat(),
    }  # fmt: skip
