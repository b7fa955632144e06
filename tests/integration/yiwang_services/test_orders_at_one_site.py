"""Orders within one site, through sign-in and HTTP on real PostgreSQL."""

from __future__ import annotations

import threading
from typing import Any

import pytest

ORDERS = "/api/collaboration/v1/orders"
URBAN, WATER = "城市管理和综合执法局", "水务局"


def test_an_order_goes_from_intake_to_closure_through_four_hands(county: Any) -> None:
    registrar, dispatcher = county.person("registrar"), county.person("dispatcher")
    handler, verifier = county.person("handler"), county.person("verifier")
    order = registrar.register()
    assert order["number"].startswith("441721-20261123-1-")
    order = registrar.act(order, "accept")
    order = dispatcher.dispatch(dispatcher.order(order["id"]))
    order = handler.act(handler.order(order["id"]), "sign")
    order = handler.act(order, "dispose", note="已修补路面")
    order = verifier.act(verifier.order(order["id"]), "verify", note="回访满意")
    order = verifier.act(order, "close")
    assert (order["state"], order["state_zh"]) == ("closed", "结案")
    assert [entry["action"] for entry in order["trace"]] == [
        "register", "accept", "dispatch", "sign", "dispose", "verify", "close",
    ]  # fmt: skip
    assert [action["name"] for action in order["actions"] if action["allowed"]] == ["call_back", "reopen"]


def test_seven_working_days_skip_the_weekend(county: Any) -> None:
    order = county.person("registrar").register()
    assert order["due_at"] == "2026-12-02T15:59:59+00:00"
    assert order["due_basis"].startswith("calendar-2026@")


def test_rights_hold_on_the_action_the_list_and_the_single_order(county: Any) -> None:
    registrar, dispatcher, handler = (county.person(role) for role in ("registrar", "dispatcher", "handler"))
    order = registrar.act(registrar.register(title="仅水务可见"), "accept")
    refused = registrar.try_act(order, "dispatch", unit="00000000-0000-0000-0000-000000000000")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:yiwang:problem:forbidden")
    assert "collaboration.order.dispatch" in refused.json()["detail"]
    dispatcher.dispatch(dispatcher.order(order["id"]), WATER)
    assert handler.get(f"{ORDERS}/{order['id']}").status_code == 404
    assert order["id"] not in [item["id"] for item in handler.get(ORDERS, limit=200).json()["items"]]
    assert handler.get(ORDERS, q="仅水务可见").json()["items"] == []


def test_an_administrator_sees_no_orders_and_a_stranger_is_sent_to_sign_in(county: Any) -> None:
    assert county.person("administrator").get(ORDERS).status_code == 403
    assert county.visitor().get(ORDERS).status_code == 401


def test_actions_say_why_they_are_not_possible(county: Any) -> None:
    leader, registrar = county.person("leader"), county.person("registrar")
    seen = leader.order(registrar.register()["id"])
    accept = next(action for action in seen["actions"] if action["name"] == "accept")
    assert (accept["allowed"], accept["title_zh"], accept["title_en"]) == (False, "受理", "Accept")
    assert "collaboration.order.accept" in accept["why_not"]


def test_who_may_not_read_the_reporter_sees_a_mask(county: Any) -> None:
    registrar, dispatcher = county.person("registrar"), county.person("dispatcher")
    order = registrar.register()
    assert order["reporter"] == {"name": "陈小明", "phone": "13800138000", "masked": False}
    assert dispatcher.order(order["id"])["reporter"] == {"name": "陈**", "phone": "138****8000", "masked": True}


def test_the_second_of_two_people_who_act_on_the_same_version_is_told(county: Any) -> None:
    registrar = county.person("registrar")
    order = registrar.register()
    registrar.act(order, "accept")
    late = registrar.try_act(order, "accept")
    assert (late.status_code, late.json()["version"]) == (412, 2)
    missing = registrar.http.post(f"{ORDERS}/{order['id']}/actions/accept", json={},
                                  headers={"X-Yiwang-CSRF": "1", "Idempotency-Key": "k"})  # fmt: skip
    assert missing.status_code == 422


def test_of_many_at_once_exactly_one_acts(county: Any) -> None:
    registrar = county.person("registrar")
    order = registrar.register()
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(registrar.try_act(order, "accept").status_code))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 412, 412, 412, 412, 412]


def test_numbers_are_unique_when_many_register_at_once(fresh_county: Any) -> None:
    registrar = fresh_county.person("registrar")
    numbers: list[str] = []
    threads = [threading.Thread(target=lambda: numbers.append(registrar.register()["number"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [f"441721-20261123-1-{n:04d}" for n in range(1, 9)]


def test_a_double_submit_is_one_order_and_the_same_key_for_other_content_is_refused(county: Any, an_order: Any) -> None:
    registrar = county.person("registrar")
    first = registrar.post(ORDERS, an_order(), key="double")
    again = registrar.post(ORDERS, an_order(), key="double")
    assert (first.json()["id"], again.status_code) == (again.json()["id"], 201)
    assert registrar.post(ORDERS, an_order(title="别的"), key="double").status_code == 422


def test_a_repeated_action_with_the_same_key_is_done_once(county: Any) -> None:
    registrar = county.person("registrar")
    order = registrar.register()
    path = f"{ORDERS}/{order['id']}/actions/accept"
    answers = [registrar.post(path, {}, key=f"twice-{order['id']}", version=1) for _ in range(2)]
    assert [answer.json()["version"] for answer in answers] == [2, 2]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "  "}, "title"),
        ({"title": "长" * 121}, "title"),
        ({"description": "长" * 4001}, "description"),
        ({"title": "控\x07制"}, "title"),
        ({"title": "翻\u202e转"}, "title"),
        ({"reporter": {"name": "陈", "phone": "12ab"}}, "phone"),
        ({"division": "440106"}, "division"),
        ({"division": "abc"}, "division"),
        ({"division": "441700"}, "division"),
        ({"matter": "S999"}, "matter"),
        ({"matter": "S015"}, "matter"),
        ({"matter": "S016"}, "matter"),
        ({"location": {"lon": 181, "lat": 0}}, "lon"),
        ({"channel": "telepathy"}, "channel"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_bad_input_is_refused_naming_its_field(county: Any, an_order: Any, change: dict[str, Any], field: str) -> None:
    answer = county.person("registrar").post(ORDERS, an_order(**change))
    assert answer.status_code == 422, answer.text
    assert any(field in fault["field"] for fault in answer.json()["errors"]), answer.text


@pytest.mark.parametrize(
    "name", ["𠮷田", "=1+1", "'; DROP TABLE work_order; --", "<script>alert(1)</script>", "100%_\\", "㐂䶮"]
)
def test_names_are_only_text(county: Any, name: str) -> None:
    registrar = county.person("registrar")
    order = registrar.register(title=name, reporter={"name": name, "phone": ""})
    assert registrar.order(order["id"])["title"] == name
    found = registrar.get(ORDERS, q=name).json()["items"]
    assert [item["title"] for item in found] == [name]


@pytest.mark.parametrize(
    "body", [b'{"title": "\\u0000"}', b'{"title": "\\ud800"}', b"[" * 100_000, b'{"title": "\xff"}']
)
def test_hostile_json_is_refused_before_it_reaches_anything(county: Any, body: bytes) -> None:
    registrar = county.person("registrar")
    headers = {"X-Yiwang-CSRF": "1", "Idempotency-Key": "hostile", "Content-Type": "application/json"}
    assert registrar.http.post(ORDERS, content=body, headers=headers).status_code == 422


def test_an_action_asks_for_its_fields(county: Any) -> None:
    registrar, dispatcher = county.person("registrar"), county.person("dispatcher")
    order = registrar.register()
    assert registrar.try_act(order, "decline").json()["errors"][0]["field"] == "note"
    assert registrar.try_act(order, "accept", surprise="x").json()["errors"][0]["field"] == "surprise"
    order = registrar.act(order, "accept")
    for unit in ("", "not-a-uuid", "00000000-0000-0000-0000-000000000000"):
        assert dispatcher.try_act(order, "dispatch", unit=unit).status_code == 422
    assert dispatcher.try_act(order, "hand_up", note="上报").status_code == 409
    assert dispatcher.try_act(order, "receive").status_code == 404
    assert dispatcher.try_act(order, "no_such_action").status_code == 404


def test_pages_follow_each_other_without_gap_or_repeat(fresh_county: Any) -> None:
    registrar = fresh_county.person("registrar")
    made = [registrar.register(title=f"第 {n} 件")["id"] for n in range(7)]
    for sort in ("created", "updated", "due"):
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = registrar.get(ORDERS, limit=3, sort=sort, **({"cursor": cursor} if cursor else {})).json()
            seen += [item["id"] for item in answer["items"]]
            cursor = answer["next"]
        assert sorted(seen) == sorted(made)
        assert len(seen) == len(made)
    assert registrar.get(ORDERS, limit=10**9).status_code == 422
    assert registrar.get(ORDERS, cursor="rubbish").status_code == 422
    assert registrar.get(ORDERS, state="nonsense").status_code == 422


def test_the_summary_counts_by_child_division_and_only_what_one_may_see(fresh_county: Any) -> None:
    registrar, leader, handler = (fresh_county.person(role) for role in ("registrar", "leader", "handler"))
    for division in ("441721100", "441721100", "441721101"):
        registrar.register(division=division)
    registrar.act(registrar.register(division="441721100"), "decline", note="不属于受理范围")
    summary = leader.get("/api/collaboration/v1/summary").json()
    assert summary["totals"] == {"open": 3, "overdue": 0, "closed": 1, "today": 4}
    by_code = {child["code"]: (child["open"], child["closed"]) for child in summary["children"]}
    assert (by_code["441721100"], by_code["441721101"]) == ((2, 1), (1, 0))
    assert len(by_code) > 5
    assert handler.get("/api/collaboration/v1/summary").json()["totals"]["open"] == 0
    assert leader.get("/api/collaboration/v1/summary", division="440106").status_code == 404


def test_an_order_past_its_limit_is_overdue_in_lists_and_sums(fresh_county: Any) -> None:
    registrar = fresh_county.person("registrar")
    order = registrar.register(matter="S006")
    fresh_county.runtime.clock.advance(25 * 3600)
    registrar = fresh_county.person("registrar")
    assert registrar.order(order["id"])["overdue"] is True
    assert [item["id"] for item in registrar.get(ORDERS, overdue=True).json()["items"]] == [order["id"]]
    assert registrar.get("/api/collaboration/v1/summary").json()["totals"]["overdue"] == 1


def test_a_person_moved_out_of_a_unit_loses_its_orders_with_the_next_request(fresh_county: Any) -> None:
    registrar, dispatcher, handler = (fresh_county.person(role) for role in ("registrar", "dispatcher", "handler"))
    order = registrar.act(registrar.register(), "accept")
    dispatcher.dispatch(dispatcher.order(order["id"]), URBAN)
    assert handler.get(f"{ORDERS}/{order['id']}").status_code == 200
    administrator = fresh_county.person("administrator")
    posts = administrator.get("/api/management/v1/posts", limit=200).json()["items"]
    post = next(p for p in posts if p["user"]["name"] == "演示处置员")
    assert administrator.delete(f"/api/management/v1/posts/{post['id']}").status_code == 200
    assert handler.get(f"{ORDERS}/{order['id']}").status_code == 404
    assert handler.try_act({**order, "version": 3}, "sign").status_code == 404
