"""The HTTP API of topics: those of this person, one with its figures in a division, alarms, and topics of the site's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from yiwang_kit import idempotency, pagination
from yiwang_kit.auth import Actor, require
from yiwang_kit.authorisation import forbidden
from yiwang_kit.errors import Conflict, Invalid, NotFound
from yiwang_kit.pagination import DEFAULT_LIMIT, Limit
from yiwang_kit.runtime import Runtime
from yiwang_services.situation import alarms, facts, figures, shapes, store
from yiwang_services.situation import manifest as manifests
from yiwang_services.situation.figures import Asked
from yiwang_services.situation.manifest import Block, Question
from yiwang_services.situation.metrics import Metrics
from yiwang_services.situation.reading import LARGEST, ManifestFault
from yiwang_services.situation.store import Topic

Code = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_.]{0,59}$")]
DivisionCode = Annotated[str | None, Query(pattern=r"^[0-9]{6,12}$|^$")]
Reader = Annotated[Actor, require(store.READ)]
Editor = Annotated[Actor, require(store.EDIT, whole_site=True)]
LINES = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
ALARMS_SHOWN = 20
TOPICS_LIST = "GET /api/situation/v1/topics"


class Written(BaseModel):
    """A manifest as text. 专题清单文本。"""

    model_config = ConfigDict(extra="forbid")

    manifest: str = Field(min_length=1, max_length=LARGEST)


class Note(BaseModel):
    """What somebody says who takes an alarm on. 告警确认说明。"""

    model_config = ConfigDict(extra="forbid")

    note: str = Field("", max_length=200, pattern=LINES)


def router(runtime: Runtime, ensure: Callable[[], None], metrics: Metrics) -> APIRouter:
    """Return the routes under /v1."""
    routes = APIRouter(prefix="/v1", tags=["topics"], dependencies=[Depends(ensure)])
    reading(routes, runtime, metrics)
    alarming(routes, runtime, metrics)
    editing(routes, runtime)
    return routes


def reading(routes: APIRouter, runtime: Runtime, metrics: Metrics) -> None:
    """Add the routes that show topics."""

    @routes.get("/topics")
    def listed(actor: Reader, cursor: Annotated[str | None, Query(max_length=400)] = None,
               limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        after = listed_after(cursor)
        alarms.judge(runtime, metrics, if_due=True)
        with runtime.database.transaction(store.SERVICE) as session:
            seen = [one for one in visible(session, actor) if one.place > after]
            standing = alarms.page(session, actor, [one.manifest.topic for one in seen], division=None, only_open=True,
                                   after=None, limit=pagination.MAXIMUM_LIMIT)  # fmt: skip
        said = [row.topic for row in standing]
        items = [shapes.topic_json(one, said.count(one.manifest.topic)) for one in seen[: limit + 1]]
        return pagination.page(items, limit, lambda row: [row["order"], row["code"]])

    @routes.get("/topics/{code}")
    def one(code: Code, actor: Reader, division: DivisionCode = None) -> dict[str, Any]:
        alarms.judge(runtime, metrics, if_due=True)
        with runtime.database.transaction(store.SERVICE) as session:
            return document(session, runtime, actor, topic_of(session, actor, code), division)


def listed_after(cursor: str | None) -> tuple[int, str]:
    """Return the place in a cursor. Raises Invalid for anything else."""
    if not cursor:
        return 0, ""
    order, code = pagination.decode(cursor, 2)
    if not (order.isascii() and order.isdecimal()):
        raise not_ours()
    return int(order[:9]), code


def visible(session: Session, actor: Actor) -> list[Topic]:
    """Return the topics for this person, in the order of the list."""
    return [one for one in store.published(session) if store.sees(actor, one.manifest)]


def topic_of(session: Session, actor: Actor, code: str) -> Topic:
    """Return a topic for this person. Raises NotFound: somebody else's topic is not theirs to know."""
    found = next((one for one in visible(session, actor) if one.manifest.topic == code), None)
    if found is None:
        raise NotFound(f"没有专题 {code} / no such topic for you", next=TOPICS_LIST)
    return found


def document(session: Session, runtime: Runtime, actor: Actor, topic: Topic, division: str | None) -> dict[str, Any]:
    """Return a topic in a division: what it is, what its figures are now, which alarms stand."""
    code = division or runtime.settings.site.code
    here = store.division(session, code)
    if here is None:
        raise NotFound(f"本站点没有区划 {code} / this site keeps no division {code}", next=TOPICS_LIST)
    now, m = runtime.clock.now(), topic.manifest
    below = store.children(session, code)
    asked = Asked(actor, m, figures.Place(code, tuple(child.code for child in below)), now)
    standing = alarms.page(session, actor, [m.topic], division=code, only_open=True, after=None,
                           limit=pagination.MAXIMUM_LIMIT)  # fmt: skip
    return {
        **shapes.topic_json(topic, len(standing)),
        "as_of": now.isoformat(), "matters": shapes.about_json(m), "layers": list(m.layers),
        "division": {
            **shapes.division_json(here), "path": [shapes.division_json(row) for row in store.path(session, code)],
            "children": [shapes.division_json(child) for child in below],
        },
        "figures": figures.figures(session, asked),
        "pages": [
            shapes.page_json(page, [beside(session, asked, block) for block in page.blocks]) for page in m.pages
        ],
        "alarms": [shapes.alarm_json(row) for row in alarms.most_urgent(standing, ALARMS_SHOWN)],
    }  # fmt: skip


def beside(session: Session, asked: Asked, block: Block) -> dict[str, Any]:
    """Return what a block carries beside figures: the filter of its list, or its shares."""
    question, here = block.orders or Question(), asked.place.code
    if block.kind == "orders":
        return {"rows": facts.rows(question, asked.manifest, here, asked.now)}
    if block.kind != "shares":
        return {}
    if not figures.may_read_orders(session, asked.actor):
        return {"shares": [], "data_time": asked.now.isoformat()}
    sight = facts.sight(session, asked.actor, asked.manifest, here)
    found = facts.shares(session, question, block.by, sight, here, asked.now)
    return {
        "shares": found, "data_time": asked.now.isoformat(),
        "rows": facts.rows(question, asked.manifest, here, asked.now),
    }  # fmt: skip


def alarming(routes: APIRouter, runtime: Runtime, metrics: Metrics) -> None:
    """Add the routes of alarms."""

    @routes.get("/alarms")
    def listed(actor: Reader, topic: Annotated[str | None, Query(max_length=60)] = None, division: DivisionCode = None,
               state: Annotated[str, Query(pattern="^(open|all)$")] = "open",
               cursor: Annotated[str | None, Query(max_length=400)] = None,
               limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:  # fmt: skip
        after = place(pagination.decode(cursor, 1)[0]) if cursor else None
        alarms.judge(runtime, metrics, if_due=True)
        with runtime.database.transaction(store.SERVICE) as session:
            topics = [one.manifest.topic for one in visible(session, actor) if topic in (None, one.manifest.topic)]
            rows = alarms.page(session, actor, topics, division=division or None, only_open=state == "open",
                               after=after, limit=limit + 1)  # fmt: skip
        return pagination.page([shapes.alarm_json(row) for row in rows], limit, lambda row: [row["id"]])

    @routes.post("/alarms/{alarm_id}/acknowledge")
    def acknowledge(alarm_id: UUID, body: Note, key: idempotency.Key,
                    actor: Annotated[Actor, require(store.ACKNOWLEDGE)]) -> dict[str, Any]:  # fmt: skip
        asked = {"path": f"alarms/{alarm_id}/acknowledge", "body": body.model_dump()}

        def work() -> dict[str, Any]:
            topics = [one.manifest.topic for one in visible(session, actor)]
            open_for(session, actor, topics, alarm_id)
            alarms.acknowledge(session, runtime, actor, alarm_id, body.note, runtime.clock.now())
            return shapes.alarm_json(alarms.one(session, actor, topics, alarm_id))

        with runtime.database.transaction(store.SERVICE) as session:
            store.hold(session)
            answer, _ = idempotency.once(session, actor, key, asked, runtime.clock, work)
        return dict(answer)


def open_for(session: Session, actor: Actor, topics: list[str], alarm_id: UUID) -> None:
    """Raise NotFound, Forbidden or Conflict unless this person may acknowledge an alarm now."""
    row = alarms.one(session, actor, topics, alarm_id)
    if row is None:
        raise NotFound(f"没有告警 {alarm_id} / no such alarm for you", next="GET /api/situation/v1/alarms")
    if not alarms.may_acknowledge(session, actor, row.division):
        raise forbidden(store.ACKNOWLEDGE)
    if row.cleared_at is not None:
        raise Conflict("告警已解除 / the alarm has ended", next="GET /api/situation/v1/alarms")
    if row.acknowledged_at is not None:
        raise Conflict(f"已由 {row.acknowledged_by} 确认 / somebody has acknowledged it",
                       next="GET /api/situation/v1/alarms")  # fmt: skip


def editing(routes: APIRouter, runtime: Runtime) -> None:
    """Add the routes that check, publish and retire topics of the site's own."""

    @routes.post("/topics/check")
    def check(body: Written, actor: Editor) -> dict[str, Any]:
        del actor
        try:
            found, _ = manifests.checked(body.manifest)
        except ManifestFault as fault:
            return {"valid": False, "errors": [one.json() for one in fault.faults]}
        return {"valid": True, "errors": [], "topic": found.topic}

    @routes.post("/topics", status_code=201)
    def publish(body: Written, key: idempotency.Key, actor: Editor) -> dict[str, Any]:
        data = accepted(body.manifest)
        asked = {"path": "topics", "body": body.model_dump()}

        def work() -> dict[str, Any]:
            number = store.publish(session, data, origin=store.LOCAL, by=actor.login, now=runtime.clock.now())
            note(session, runtime, actor.login, "publish", data["topic"], number)
            return shapes.topic_json(store.topic(store.standing(session, data["topic"])), 0)

        with runtime.database.transaction(store.SERVICE) as session:
            store.hold(session)
            answer, _ = idempotency.once(session, actor, key, asked, runtime.clock, work)
        return dict(answer)

    @routes.post("/topics/{code}/retire")
    def retire(code: Code, actor: Editor) -> dict[str, Any]:
        with runtime.database.transaction(store.SERVICE) as session:
            store.hold(session)
            row = store.standing(session, code)
            if row is None:
                raise NotFound(f"没有已发布的专题 {code} / no such published topic", next=TOPICS_LIST)
            store.retire(session, code, runtime.clock.now())
            note(session, runtime, actor.login, "retire", code, row.version)
        return {"code": code, "version": row.version, "state": store.RETIRED}


def accepted(written: str) -> dict[str, Any]:
    """Return a manifest's content. Raises Invalid with every fault and its line."""
    try:
        return manifests.checked(written)[1]
    except ManifestFault as fault:
        raise Invalid(str(fault), next="按行号更正清单后再提交 / correct the named lines and send it again",
                      errors=[one.json() for one in fault.faults]) from fault  # fmt: skip


def note(session: Session, runtime: Runtime, actor: str, verb: str, code: str, number: int) -> None:
    """Write a change of a topic into the trail."""
    runtime.audit.record(session, actor=actor, action=f"situation.topic.{verb}", object_type="topic", object_id=code,
                         detail={"version": number})  # fmt: skip


def place(cursor: str) -> UUID:
    """Return the id in a cursor. Raises Invalid for anything else."""
    try:
        return UUID(cursor)
    except ValueError as error:
        raise not_ours() from error


def not_ours() -> Invalid:
    """Return the answer for a cursor that this door did not hand out."""
    return Invalid("分页游标无效 / the cursor is not one of ours", next="去掉 cursor 重新查询 / query again without it")
