"""Topics on a real database: figures against plain SQL, rows, rights, alarms with their trail, topics written elsewhere."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from support.site_lab import Person, Site
from yiwang_services.collaboration.commands import COMMANDS
from yiwang_services.situation.commands import COMMANDS as TOPIC_COMMANDS

API = "/api/situation/v1"
INVENTED = 600
MINE = """\
topic: lamps
title: {zh: 路灯, en: Street lights}
roles: [leader]
matters: {codes: [S002]}
figures:
  - {id: open, orders: {open: true}, title: {zh: 在办, en: Open}}
pages:
  - blocks: [{kind: figures, place: left, figures: [open]}]
alarms:
  - {code: any, figure: open, above: 0, level: urgent, title: {zh: 有路灯不亮, en: A light is out}}
"""
SQL = """SELECT COUNT(*) FROM collaboration.work_order
         WHERE scope_division LIKE :d AND ({condition}) AND ({about})"""
CONDITIONS = {  # written by hand from what each figure's title says
    ("overview", "open"): "state <> 'closed'",
    ("overview", "overdue"): "state <> 'closed' AND due_at < :now",
    ("overview", "today"): "created_at >= TIMESTAMPTZ '2026-11-23 00:00+08'",
    ("overview", "supervised"): "state <> 'closed' AND supervised <> ''",
    ("city_appearance", "waiting"): "state IN ('registered', 'accepted')",
    ("city_appearance", "overdue"): "state <> 'closed' AND due_at < :now",
    ("public_voice", "overdue"): "state <> 'closed' AND due_at < :now AND channel = 'hotline'",
    ("flood", "open"): "state <> 'closed'",
}
ABOUT = {
    "overview": "1 = 1", "public_voice": "1 = 1", "flood": "matter IN ('S015', 'S006')",
    "city_appearance": "matter IN ('S001', 'S002', 'S003', 'S004', 'S010')",
}  # fmt: skip


@pytest.fixture(scope="module")
def filled(county: Site) -> Site:
    """The county with invented orders, indicators and alarms computed once."""
    assert COMMANDS["demonstration"](county.runtime, ["--orders", str(INVENTED)]) == 0
    work(county)
    return county


def work(site: Site) -> None:
    """Do what the hub does soon after its start and hourly."""
    for chore in site.runtime.chores:
        chore()


def shown(person: Person, topic: str, **asked: str) -> dict[str, Any]:
    """Return a topic's document."""
    answer = person.get(f"{API}/topics/{topic}", **asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def figure(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return one figure of a document."""
    return next(one for one in document["figures"] if one["id"] == name)


def plain(site: Site, topic: str, name: str, division: str) -> int:
    """Count by plain SQL over the table itself."""
    query = SQL.format(condition=CONDITIONS[topic, name], about=ABOUT[topic])
    given = {"d": f"{division}%", "now": site.runtime.clock.now()}
    with site.runtime.database.transaction("collaboration") as session:
        return int(
            session.execute(text(query), {key: one for key, one in given.items() if f":{key}" in query}).scalar_one()
        )


def audited(site: Site, action: str) -> list[Any]:
    """Return the rows of the trail about an action."""
    with site.runtime.database.transaction() as session:
        query = text("SELECT actor, object_id, detail FROM kit.audit WHERE action = :a ORDER BY n")
        return list(session.execute(query, {"a": action}).all())


@pytest.mark.parametrize(("topic", "name"), CONDITIONS, ids="-".join)
def test_a_figure_its_parts_and_its_rows_are_what_plain_sql_counts(filled: Site, topic: str, name: str) -> None:
    leader = filled.person("leader")
    one = figure(shown(leader, topic), name)
    assert one["value"] == plain(filled, topic, name, "441721")
    assert (one["unit"], one["reason"], one["stale"]) == ("件", "", False)
    assert {part["division"]: part["value"] for part in one["parts"]} == {
        part["division"]: plain(filled, topic, name, part["division"]) for part in one["parts"]
    }
    asked = {key: value for key, value in one["links"]["rows"].items() if key not in ("from", "to")}
    if asked.get("state") == "open":
        asked["state"] = "registered,accepted,dispatched,disposing,disposed,verified,returned,handed_over"
    if "from" in one["links"]["rows"]:
        asked["from"] = f"{one['links']['rows']['from']}T00:00:00+08:00"
    rows = leader.get("/api/collaboration/v1/orders", **asked, count="true").json()
    assert rows["total"] == one["value"]


def test_an_indicator_is_the_published_value_and_leads_to_it(filled: Site) -> None:
    leader = filled.person("leader")
    document = shown(leader, "overview")
    for name in ("registered", "closed", "on_time", "satisfied"):
        one = figure(document, name)
        value = leader.get(one["links"]["values"]).json()["items"][0]
        assert (one["value"], one["numerator"], one["denominator"]) == (
            value["value"], value["numerator"], value["denominator"],
        )  # fmt: skip
        assert (one["unit"], one["version"], one["data_time"]) == (value["unit"], value["version"], value["data_time"])
        assert one["series"][-1]["value"] == one["value"]
        assert leader.get(one["links"]["definition"]).json()["code"] == one["indicator"]
    assert len(figure(document, "registered")["series"]) == 13
    assert figure(document, "registered")["parts"], "the towns below have values of their own"
    for part in figure(document, "on_time")["parts"]:
        counted = part["denominator"] and 100 * part["numerator"] / part["denominator"]
        assert part["value"] == (pytest.approx(counted) if counted is not None and part["denominator"] else None)


def test_an_indicator_that_nobody_defined_or_computed_here_says_so_and_is_no_zero(filled: Site) -> None:
    editor = filled.person("operator")
    strange = MINE.replace("topic: lamps", "topic: strange").replace(
        "pages:", "  - {id: odd, indicator: no.such}\n  - {id: rate, indicator: rate.on_time}\npages:"
    )
    assert editor.post(f"{API}/topics", {"manifest": strange.replace("roles: [leader]\n", "")}).status_code == 201
    village = shown(editor, "strange", division="441721100")["division"]["children"][0]["code"]
    for division, name, reason in (("441721", "odd", "no_such_indicator"), (village, "rate", "not_computed")):
        one = figure(shown(editor, "strange", division=division), name)
        assert (one["value"], one["reason"], one["stale"]) == (None, reason, True)
    assert figure(shown(editor, "strange", division=village), "rate")["unit"] == "%"
    editor.post(f"{API}/topics/strange/retire", {})


def test_the_drill_leads_down_to_a_town_and_says_the_way_up(filled: Site) -> None:
    leader = filled.person("leader")
    town = shown(leader, "overview")["division"]["children"][0]
    below = shown(leader, "overview", division=town["code"])
    assert [one["code"] for one in below["division"]["path"]][-2:] == ["441721", town["code"]]
    assert figure(below, "open")["value"] == plain(filled, "overview", "open", town["code"])
    assert leader.get(f"{API}/topics/overview", division="999999").status_code == 404


def test_shares_add_up_to_the_figure_they_divide(filled: Site) -> None:
    document = shown(filled.person("leader"), "city_appearance")
    shares = next(block for block in document["pages"][0]["blocks"] if block["kind"] == "shares")["shares"]
    assert sum(one["value"] for one in shares) == figure(document, "open")["value"] > 0
    assert {one["name"] for one in shares} <= {"S001", "S002", "S003", "S004", "S010"}


def test_a_topic_is_for_the_roles_it_names_and_figures_for_who_may_read_them(filled: Site) -> None:
    editor, leader, dispatcher = (filled.person(role) for role in ("operator", "leader", "dispatcher"))
    assert editor.post(f"{API}/topics", {"manifest": MINE.replace("lamps", "for_leaders")}).status_code == 201
    codes = [{one["code"] for one in person.get(f"{API}/topics").json()["items"]} for person in (leader, dispatcher)]
    assert codes[1] == {"overview", "city_appearance", "public_voice", "flood"}
    assert codes[0] - codes[1] == {"for_leaders"}
    assert dispatcher.get(f"{API}/topics/for_leaders").status_code == 404
    assert editor.post(f"{API}/topics/for_leaders/retire", {}).status_code == 200
    assert filled.person("handler").get(f"{API}/topics").status_code == 403
    assert filled.visitor().get(f"{API}/topics").status_code == 401


def test_a_topic_written_elsewhere_is_checked_published_judged_acknowledged_and_retired(
    filled: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    editor, leader, path = filled.person("operator"), filled.person("leader"), tmp_path / "lamps.yaml"
    path.write_text(MINE.replace("above: 0", "above: x"), encoding="utf-8")
    assert TOPIC_COMMANDS["topic"](filled.runtime, ["check", str(path)]) == 3
    assert f"{path}:10: alarms.0.above" in capsys.readouterr().err
    refused = editor.post(f"{API}/topics", {"manifest": path.read_text(encoding="utf-8")})
    assert (refused.status_code, refused.json()["errors"][0]["line"]) == (422, 10)
    path.write_text(MINE, encoding="utf-8")
    assert TOPIC_COMMANDS["topic"](filled.runtime, ["publish", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["published"] == [{"topic": "lamps", "version": 1}]
    assert leader.post(f"{API}/topics", {"manifest": MINE}).status_code == 403
    again = editor.post(f"{API}/topics", {"manifest": MINE}, key="lamps-2")
    assert (again.status_code, again.json()["version"]) == (201, 2)
    assert editor.post(f"{API}/topics", {"manifest": MINE}, key="lamps-2").json() == again.json()

    filled.person("operator").register(matter="S002")
    work(filled)
    alarms = leader.get(f"{API}/alarms", topic="lamps", division="441721").json()["items"]
    whole = next(one for one in alarms if one["division"] == "441721")
    assert whole["value"] == figure(shown(leader, "lamps"), "open")["value"] > 0
    assert whole["id"] in {row.object_id for row in audited(filled, "situation.alarm.raise")}
    registrar = filled.person("registrar")
    assert registrar.post(f"{API}/alarms/{whole['id']}/acknowledge", {"note": ""}).status_code == 403
    taken = leader.post(f"{API}/alarms/{whole['id']}/acknowledge", {"note": "已派人"}, key="a1").json()
    assert (taken["note"], taken["acknowledged_by"]) == ("已派人", leader.get("/auth/me").json()["user"]["name"])
    assert leader.post(f"{API}/alarms/{whole['id']}/acknowledge", {"note": "x"}, key="a2").status_code == 409
    assert audited(filled, "situation.alarm.acknowledge")[-1].actor == "demo-leader"
    assert filled.person("dispatcher").get(f"{API}/alarms", topic="lamps").json()["items"] == []

    assert editor.post(f"{API}/topics/lamps/retire", {}).status_code == 200
    work(filled)
    assert leader.get(f"{API}/topics/lamps").status_code == 404
    assert whole["id"] in {row.object_id for row in audited(filled, "situation.alarm.clear")}


def test_an_alarm_stands_once_and_ends_when_its_condition_does(filled: Site) -> None:
    editor, leader = filled.person("operator"), filled.person("leader")
    local = MINE.replace("topic: lamps", "topic: lamps_again").replace("above: 0", "above: -1")
    assert editor.post(f"{API}/topics", {"manifest": local}).status_code == 201
    work(filled)
    work(filled)
    first = leader.get(f"{API}/alarms", topic="lamps_again", state="all").json()["items"]
    assert len(first) == len({one["division"] for one in first}) > 3, "one for each division, not one for each run"
    higher = editor.post(f"{API}/topics", {"manifest": local.replace("above: -1", "above: 1000000")})
    assert (higher.status_code, higher.json()["version"]) == (201, 2)
    work(filled)
    assert leader.get(f"{API}/alarms", topic="lamps_again").json()["items"] == []
    ended = leader.get(f"{API}/alarms", topic="lamps_again", state="all", limit=2).json()
    assert all(one["cleared_at"] for one in ended["items"])
    assert ended["next"], "alarms are paged"
    editor.post(f"{API}/topics/lamps_again/retire", {})


def test_a_figure_grows_stale_when_nobody_computes_it(filled: Site) -> None:
    assert figure(shown(filled.person("leader"), "overview"), "on_time")["stale"] is False
    filled.runtime.clock.advance(timedelta(hours=3).total_seconds())
    late = shown(filled.person("leader"), "overview")
    assert figure(late, "on_time")["stale"] is True
    assert figure(late, "open")["stale"] is False
