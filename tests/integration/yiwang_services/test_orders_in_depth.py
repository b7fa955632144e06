"""What may happen to an order beside the straight way, through sign-in and HTTP on real PostgreSQL."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from openpyxl import load_workbook
from prometheus_client import CollectorRegistry
from sqlalchemy import select, text

from support.site_lab import START
from yiwang_kit.auth import Actor
from yiwang_kit.authorisation import scope_clause
from yiwang_services.collaboration import sight, tables
from yiwang_services.collaboration.calendar import calendar
from yiwang_services.collaboration.limits import Rules
from yiwang_services.collaboration.metrics import make
from yiwang_services.collaboration.recompute import recompute
from yiwang_services.collaboration.service import Orders
from yiwang_services.collaboration.transitions import READ

ORDERS = "/api/collaboration/v1/orders"
PHOTOS = "/api/attachments/v1"
URBAN, WATER, TRANSPORT = "城市管理和综合执法局", "水务局", "交通运输局"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def operator(county: Any) -> Any:
    """Somebody who holds every right over orders but the leader's."""
    return county.person("operator")


def at(days: float) -> str:
    """A moment so many days after the day on which the site's clock began."""
    return (START + timedelta(days=days)).isoformat()


def disposing(person: Any, **changes: Any) -> dict[str, Any]:
    """An order that a unit is working on."""
    order = person.act(person.register(**changes), "accept")
    return dict(person.act(person.dispatch(order), "sign"))


def unit_id(person: Any, name: str) -> str:
    """The id of a unit by its name."""
    found = person.get("/api/management/v1/units", q=name, limit=200).json()["items"]
    return str(next(unit["id"] for unit in found if unit["name"] == name))


def test_a_pause_moves_the_stage_limit_and_leaves_the_whole_limit_alone(fresh_county: Any) -> None:
    operator = fresh_county.person("operator")
    order = operator.dispatch(operator.act(operator.register(), "accept"))
    due, whole = datetime.fromisoformat(order["stage"]["due_at"]), order["due_at"]
    assert operator.try_act(order, "suspend", reason="weather", until=at(-1), note="台风").status_code == 422
    assert operator.try_act(order, "suspend", reason="mood", until=at(1), note="台风").status_code == 422
    order = operator.act(order, "suspend", reason="weather", until=at(2), note="台风")
    assert order["due_at"] == whole
    paused = datetime.fromisoformat(order["stage"]["due_at"])
    assert paused - due == timedelta(days=2)
    assert operator.try_act(order, "sign").status_code == 409
    fresh_county.runtime.clock.advance(24 * 3600)
    operator = fresh_county.person("operator")
    order = operator.act(order, "resume")
    assert datetime.fromisoformat(order["stage"]["due_at"]) - due == timedelta(days=1)
    assert order["stage"]["suspended_seconds"] == 24 * 3600
    assert order["total_seconds"] == 24 * 3600
    order = operator.act(order, "sign")
    signed = order["stages"][-1]
    assert (signed["stage"], signed["on_time"], signed["suspended_seconds"]) == ("sign", True, 24 * 3600)


def test_a_lead_unit_asks_others_and_closes_only_when_all_have_answered(county: Any, operator: Any) -> None:
    order = disposing(operator)
    water = unit_id(county.person("administrator"), WATER)
    handler = county.person("handler")
    assert operator.try_act(order, "ask_assist", unit=order["unit"]["id"], note="x").status_code == 422
    order = operator.act(order, "ask_assist", unit=water, note="请查管线")
    assert operator.try_act(order, "ask_assist", unit=water, note="再问").status_code == 422
    assert operator.try_act(order, "dispose", note="完成").status_code == 409
    assert handler.order(order["id"])["assists"][0]["state"] == "asked"
    assert handler.try_act(handler.order(order["id"]), "answer_assist", note="x").status_code == 403
    order = operator.act(order, "answer_assist", note="管线正常")
    assert (order["assists"][0]["state"], order["assists"][0]["answer"]) == ("answered", "管线正常")
    order = operator.act(order, "ask_assist", unit=unit_id(county.person("administrator"), TRANSPORT), note="限行？")
    order = operator.act(order, "withdraw_assist", unit=order["assists"][1]["unit"]["id"])
    assert operator.act(order, "dispose", note="完成")["state"] == "disposed"


def test_who_is_asked_for_help_sees_the_order_and_who_is_not_does_not(county: Any, operator: Any) -> None:
    handler, dispatcher = county.person("handler"), county.person("dispatcher")
    order = operator.act(operator.register(title="协办可见"), "accept")
    order = operator.act(dispatcher.dispatch(order, WATER), "sign")
    assert handler.get(f"{ORDERS}/{order['id']}").status_code == 404
    order = operator.act(order, "ask_assist", unit=unit_id(county.person("administrator"), URBAN), note="请协助")
    assert [item["id"] for item in handler.get(ORDERS, q="协办可见").json()["items"]] == [order["id"]]
    assert order["id"] in [item["id"] for item in handler.get(ORDERS, todo=True).json()["items"]]
    assert handler.try_act(handler.order(order["id"]), "dispose", note="越权").status_code in (403, 409)
    assert handler.act(handler.order(order["id"]), "answer_assist", note="已协助")["assists"][0]["state"] == "answered"


def test_the_third_return_goes_to_an_arbiter_whose_decision_stands(county: Any, operator: Any) -> None:
    order, leader = operator.act(operator.register(), "accept"), county.person("leader")
    for n in (1, 2, 3):
        order = operator.act(operator.dispatch(order), "return", note="不属本单位")
        assert order["bounces"] == n
    assert (order["arbitration"], order["unit"]["name"]) == ("pending", "政务服务数据管理局")
    assert operator.try_act(order, "dispatch", unit=order["unit"]["id"]).status_code == 409
    decided = leader.act(
        leader.order(order["id"]), "arbitrate", unit=unit_id(county.person("administrator"), URBAN), note="按三定"
    )
    assert (decided["state"], decided["unit"]["name"], decided["arbitration"]) == ("dispatched", URBAN, "decided")
    refused = operator.try_act(decided, "return", note="还是不属")
    assert (refused.status_code, "裁定" in refused.json()["detail"]) == (409, True)


def test_an_extension_is_asked_for_decided_by_another_and_keeps_the_first_limit(operator: Any, county: Any) -> None:
    order, dispatcher = disposing(operator), county.person("dispatcher")
    first = order["due_at"]
    assert operator.try_act(order, "request_extension", until=at(1), note="早于").status_code == 422
    order = operator.act(order, "request_extension", until=at(20), note="需进材料")
    assert operator.try_act(order, "request_extension", until=at(21), note="再要").status_code == 409
    order = dispatcher.act(dispatcher.order(order["id"]), "refuse_extension", note="理由不足")
    assert (order["extension"], order["due_at"]) == (None, first)
    order = operator.act(operator.order(order["id"]), "request_extension", until=at(20), note="附材料单")
    order = dispatcher.act(dispatcher.order(order["id"]), "grant_extension")
    assert (datetime.fromisoformat(order["due_at"]), order["original_due_at"]) == (START + timedelta(days=20), first)


def test_urging_is_counted_and_not_repeated_at_once(fresh_county: Any) -> None:
    registrar = fresh_county.person("registrar")
    order = registrar.act(registrar.register(), "urge", note="来电催问")
    assert order["urged"] == 1
    assert registrar.try_act(order, "urge").status_code == 409
    fresh_county.runtime.clock.advance(5 * 3600)
    assert fresh_county.person("registrar").act(order, "urge")["urged"] == 2


def test_duplicates_are_found_merged_followed_and_taken_out_again(county: Any, operator: Any) -> None:
    told = {"title": "滨海大道路灯不亮", "description": "夜间一片漆黑", "address": "滨海大道12号", "matter": "S002"}
    main = operator.register(**told)
    other = operator.register(
        **{**told, "title": "滨海大道的路灯不亮了"}, reporter={"name": "李四", "phone": "13900139000"}
    )
    asked = {
        "matter": "S002",
        "division": "441721100",
        "title": "路灯不亮",
        "description": "夜间漆黑",
        "address": "滨海大道12号",
    }
    found = operator.get(f"{ORDERS}/duplicates", **asked).json()["items"]
    assert {main["id"], other["id"]} <= {item["id"] for item in found}
    assert found[0]["score"] >= found[-1]["score"] > 0.35
    far = operator.get(f"{ORDERS}/duplicates", **{**asked, "address": "别处"}, lon=112.5, lat=21.75).json()["items"]
    assert far == []
    for wrong in (other["id"], other["number"], "nothing"):
        assert operator.try_act(other, "merge", main=wrong).status_code in (404, 422)
    merged = operator.act(other, "merge", main=main["number"])
    assert (merged["state"], merged["merged_into"]) == ("closed", main["id"])
    main = operator.order(main["id"])
    assert (main["merged"][0]["number"], main["trace"][-1]["action"]) == (other["number"], "joined")
    assert operator.try_act(main, "merge", main=disposing(operator)["id"]).status_code == 409
    assert operator.try_act(merged, "reopen", note="x").status_code == 409
    apart = operator.act(merged, "unmerge", note="不是同一处")
    assert (apart["state"], apart["merged_into"]) == ("accepted", None)
    assert operator.order(main["id"])["trace"][-1]["action"] == "left"
    again = operator.act(apart, "merge", main=main["id"])
    operator.act(operator.order(main["id"]), "decline", note="已解决")
    assert operator.order(again["id"])["trace"][-1]["action"] == "main_closed"


def test_without_the_evidence_that_the_matter_demands_nothing_is_disposed_of(county: Any, operator: Any) -> None:
    order = disposing(operator)
    demanding = Rules(photos=1, position=True).text()
    with county.runtime.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE collaboration.work_order SET rules = :r WHERE id = :i"), {"r": demanding, "i": order["id"]}
        )
    assert operator.try_act(order, "dispose", note="完成").json()["errors"][0]["field"] == "photos"
    sent = operator.http.post(
        PHOTOS, data={"service": "collaboration", "object_type": "work_order", "object_id": order["id"]},
        files={"file": ("after.png", io.BytesIO(PNG), "image/png")}, headers={"X-Yiwang-CSRF": "1"},
    )  # fmt: skip
    assert sent.status_code == 201, sent.text
    assert operator.try_act(order, "dispose", note="完成").json()["errors"][0]["field"] == "position"
    assert (
        operator.try_act(order, "dispose", note="完成", position="东经111").json()["errors"][0]["field"] == "position"
    )
    done = operator.act(order, "dispose", note="完成", position="111.61,21.75")
    assert done["disposal_location"] == {"lon": 111.61, "lat": 21.75}
    assert done["evidence"] == {
        "photos": {"required": 1, "present": 1},
        "position": {"required": True, "present": True},
    }
    assert county.person("handler").get(f"{PHOTOS}/{sent.json()['id']}").status_code == 200
    assert county.person("administrator").get(f"{PHOTOS}/{sent.json()['id']}").status_code in (403, 404)


def test_a_reporter_who_is_not_satisfied_gets_a_new_round_with_a_limit_of_its_own(fresh_county: Any) -> None:
    operator = fresh_county.person("operator")
    order = operator.act(operator.act(disposing(operator), "dispose", note="完成"), "verify")
    order = operator.act(order, "call_back", result="unreached")
    order = operator.act(operator.act(order, "call_back", result="dissatisfied", note="仍有坑洼"), "close")
    assert order["callback"] == {"result": "dissatisfied", "attempts": 2}
    fresh_county.runtime.clock.advance(3 * 86_400)
    operator = fresh_county.person("operator")
    again = operator.act(order, "reopen", note="回访不满意")
    assert (again["state"], again["round"], again["callback"], again["unit"]) == ("accepted", 2, None, None)
    assert again["due_at"] > order["due_at"]
    closed = operator.act(operator.act(operator.act(operator.act(operator.dispatch(again), "sign"), "dispose", note="重修"),
                                       "verify"), "close")  # fmt: skip
    assert {stage["round"] for stage in closed["stages"]} == {1, 2}
    fresh_county.runtime.clock.advance(31 * 86_400)
    assert fresh_county.person("operator").try_act(closed, "reopen", note="太晚").status_code == 409


def test_a_leader_supervises_and_others_do_not(county: Any, operator: Any) -> None:
    order, leader = operator.register(title="挂牌督办件"), county.person("leader")
    assert county.person("registrar").try_act(order, "supervise", level="urgent", note="x").status_code == 403
    assert leader.act(leader.order(order["id"]), "supervise", level="urgent", note="限期")["supervised"] == "urgent"
    found = operator.get(ORDERS, supervised=True, q="督办").json()["items"]
    assert [item["id"] for item in found] == [order["id"]]
    assert leader.act(leader.order(order["id"]), "lift_supervision")["supervised"] == ""


def test_a_page_says_how_many_there_are_and_the_filters_narrow_it(fresh_county: Any) -> None:
    operator = fresh_county.person("operator")
    made = [operator.register(title=f"路灯第{n}盏", generated=n > 1) for n in range(3)]
    shown = operator.get(ORDERS, q="路灯", count=True).json()
    assert (shown["total"], shown["total_capped"]) == (3, False)
    narrow: list[tuple[dict[str, Any], int]] = [
        ({"generated": True}, 1), ({"generated": False}, 2), ({"matter": "S001"}, 3), ({"channel": "web"}, 0),
        ({"from": at(-1), "to": at(1)}, 3), ({"to": at(-1)}, 0), ({"todo": True}, 3), ({"suspended": True}, 0),
        ({"division": "441721100"}, 3), ({"q": "灯"}, 3), ({"q": "第1盏"}, 1), ({"q": "ＬＵ"}, 0), ({"unit": made[0]["id"]}, 0),
    ]  # fmt: skip
    assert [operator.get(ORDERS, **given, count=True).json()["total"] for given, _ in narrow] == [n for _, n in narrow]
    fresh_county.runtime.clock.advance(8 * 86_400)
    assert len(fresh_county.person("operator").get(ORDERS, stage_overdue=True).json()["items"]) == 3


def test_what_the_release_before_wrote_is_indexed_by_the_next_search(county: Any, operator: Any) -> None:
    order = operator.register(title="旧版写入的涵洞")
    with county.runtime.database.engine.begin() as connection:
        forgotten = "UPDATE collaboration.work_order SET search = NULL, search_text = '' WHERE id = :i"
        connection.execute(text(forgotten), {"i": order["id"]})
    assert [item["id"] for item in operator.get(ORDERS, q="涵洞").json()["items"]] == [order["id"]]


def test_an_export_holds_what_the_list_shows_and_no_formula(county: Any, operator: Any) -> None:
    operator.register(title="=HYPERLINK(1)导出")
    answer = operator.get(f"{ORDERS}/export.csv", q="导出")
    head, row = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert (row[head.index("标题")], answer.headers["x-yiwang-truncated"]) == ("'=HYPERLINK(1)导出", "false")
    assert "陈小明" not in answer.text
    book = load_workbook(io.BytesIO(operator.get(f"{ORDERS}/export.xlsx", q="导出").content))
    assert [cell.value for cell in book["工单"][2]][1] == "'=HYPERLINK(1)导出"
    assert county.person("administrator").get(f"{ORDERS}/export.csv").status_code == 403
    assert len(county.person("handler").get(f"{ORDERS}/export.csv", q="导出").text.splitlines()) == 1


def test_a_list_shows_whom_the_kits_clause_lets_see(county: Any, operator: Any) -> None:
    disposing(operator)
    o = tables.work_order.c
    with county.runtime.database.transaction("collaboration") as session:
        people = session.execute(text("SELECT id FROM management_public.v1_user")).scalars().all()
        assert len(people) > 5
        for person in people:
            actor = Actor(person, "-", "-", (), "-", "-")
            clause = scope_clause(actor, READ, unit_column=o.unit, division_column=o.scope_division)
            by_kit = set(session.execute(select(o.id).where(clause)).scalars())
            shown = set(session.execute(select(o.id).where(sight.visible(session, actor))).scalars())
            helped = set(session.execute(select(tables.assist.c.work_order)).scalars())
            assert by_kit <= shown <= by_kit | helped


def test_the_published_rows_say_what_the_orders_say(county: Any, operator: Any) -> None:
    order = operator.act(operator.act(operator.act(disposing(operator), "dispose", note="完成"), "verify"), "close")
    with county.runtime.database.transaction("management") as session:  # another service's role may read them
        fact = session.execute(
            text("SELECT * FROM collaboration_public.v1_order_fact WHERE id = :i"), {"i": UUID(order["id"])}
        ).one()
        stages = session.execute(
            text("SELECT stage, on_time FROM collaboration_public.v1_stage_fact WHERE work_order = :i ORDER BY n"),
            {"i": UUID(order["id"])},
        ).all()
    assert (fact.number, fact.state, fact.on_time, fact.accepted_on_time) == (order["number"], "closed", True, True)
    assert (fact.matter_version, fact.round, fact.generated, fact.merged) == (order["matter_version"], 1, False, False)
    assert [row.stage for row in stages] == ["accept", "dispatch", "sign", "dispose", "verify", "close"]
    assert [row.on_time for row in stages] == [True, True, True, None, True, True]


def test_another_calendar_moves_running_limits_once_and_says_so_in_story_and_trail(fresh_county: Any) -> None:
    operator = fresh_county.person("operator")
    order, closed = operator.register(), operator.act(operator.register(), "decline", note="不受理")
    orders = Orders(fresh_county.runtime, make(CollectorRegistry()))
    wednesday = (START + timedelta(days=2)).date()
    with_holiday = replace(calendar(), id="calendar-2026@next", holidays=calendar().holidays | {wednesday})
    assert [recompute(orders, with_holiday) for _ in range(2)] == [1, 0]
    moved = operator.order(order["id"])
    assert (order["due_at"], moved["due_at"]) == ("2026-12-02T15:59:59+00:00", "2026-12-03T15:59:59+00:00")
    last = moved["trace"][-1]
    assert (last["action"], last["note"]) == ("recompute", "calendar-2026@next：2026-12-02 23:59 → 2026-12-03 23:59")
    assert operator.order(closed["id"])["due_at"] == closed["due_at"]
    with fresh_county.runtime.database.engine.connect() as connection:
        trail = "SELECT object_id FROM kit.audit WHERE action = 'collaboration.order.recompute'"
        assert connection.execute(text(trail)).scalars().all() == [order["id"]]
