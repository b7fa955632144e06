"""Manifests of topics: what is taken, what is refused and in which line, and what a topic then says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from yiwang_services.collaboration.transitions import STATES
from yiwang_services.packs import pack
from yiwang_services.situation import facts, manifest, store, wording
from yiwang_services.situation.manifest import AlarmRule, Question, Words
from yiwang_services.situation.reading import ManifestFault

NOW = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)  # half past one on the 23rd in China
STARTERS = sorted(pack("topics-starter").folder.glob("*.yaml"))
RIGHT = """\
topic: demo
title: {zh: 演示, en: Demo}
figures:
  - id: open
    orders: {open: true}
    title: {zh: 在办, en: Open}
  - id: rate
    indicator: rate.on_time
layers: [open]
pages:
  - blocks:
      - {kind: figures, place: left, figures: [open, rate]}
      - {kind: map, place: middle}
alarms:
  - {code: many, figure: open, above: 5, title: {zh: 过多, en: Many}}
"""


def faults(text: str) -> list[tuple[int, str, str]]:
    """Return line, place and expectation of everything wrong with a manifest."""
    with pytest.raises(ManifestFault) as refused:
        manifest.checked(text)
    return [(one.line, one.place, one.expected) for one in refused.value.faults]


@pytest.mark.parametrize("path", STARTERS, ids=lambda path: path.stem)
def test_every_starter_topic_is_a_right_manifest_with_a_map_between_figures_and_alarms(path: Path) -> None:
    found, _ = manifest.checked(path.read_text(encoding="utf-8"))
    for page in found.pages:
        places = {block.kind: block.place for block in page.blocks}
        assert (places["figures"], places["map"], places["alarms"]) == ("left", "middle", "right")
        assert len(page.blocks) <= 7


def test_there_are_at_least_three_starter_topics_each_with_its_own_code() -> None:
    codes = [manifest.checked(path.read_text(encoding="utf-8"))[0].topic for path in STARTERS]
    assert len(set(codes)) == len(codes) >= 3


def test_a_right_manifest_becomes_a_topic() -> None:
    found, data = manifest.checked(RIGHT)
    assert (found.topic, found.title, found.layers) == ("demo", Words("演示", "Demo"), ("open",))
    assert found.indicators == ("rate.on_time",)
    assert found.rotation_seconds == 20
    assert manifest.manifest(data) == found


@pytest.mark.parametrize(
    ("old", "new", "line", "place"),
    [
        ("layers: [open]", "layers: [opne]", 9, "layers.0"),
        ("figures: [open, rate]", "figures: [open, ratio]", 12, "pages.0.blocks.0.figures.1"),
        ("figure: open, above", "figure: nothing, above", 15, "alarms.0.figure"),
        ("above: 5", "above: 5, below: 1", 15, "alarms.0"),
        ("place: middle", "place: left", 13, "pages.0.blocks.1"),
        ("kind: map", "kind: globe", 13, "pages.0.blocks.1.kind"),
        ("id: rate", "id: open", 7, "figures.1.id"),
        ("{open: true}", "{open: true, state: [closed]}", 5, "figures.0.orders"),
        ("{open: true}", "{state: [closd]}", 5, "figures.0.orders.state.0"),
        ("title: {zh: 演示, en: Demo}", "title: {zh: 演示}", 2, "title"),
        ("topic: demo", "topic: Demo Topic", 1, "topic"),
        ("topic: demo", "topic: demo\ncolour: red", 2, "colour"),
        ("    indicator: rate.on_time", "    indicator: rate.on_time\n    orders: {}", 7, "figures.1"),
        ("above: 5", "above: many", 15, "alarms.0.above"),
        ("layers: [open]", "layers: [open]\nmatters: {codes: [S001], categories: [水务]}", 10, "matters"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_key(old: str, new: str, line: int, place: str) -> None:
    assert (line, place) in [fault[:2] for fault in faults(RIGHT.replace(old, new, 1))]


def test_more_than_seven_blocks_on_a_wall_page_are_refused() -> None:
    more = "      - {kind: alarms, place: right}\n" * 6
    found = faults(RIGHT.replace("alarms:\n", f"{more}alarms:\n", 1))
    assert ("pages.0.blocks", "至多 7 项 / at most 7") in [fault[1:] for fault in found]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("topic: a\ntopic: b\n", 2),
        ("topic: &x a\ntitle: *x\n", 1),
        ("topic: !!python/object:os.system x\n", 1),
        ("- a\n", 1),
        ("", 1),
        ("topic: [a\n", 2),
        ("title: {zh: 2026-11-01, en: x}\n", 1),
        ("topic: \x00\n", 1),
        ("a: " + "[" * 2000, 1),
        ("x: '" + "字" * 30_000 + "'", 1),
    ],
    ids=["twice", "alias", "tag", "list", "empty", "half", "date", "nul", "deep", "large"],
)
def test_text_that_could_mean_two_things_is_refused(text: str, line: int) -> None:
    assert faults(text)[0][0] == line


def test_the_states_a_manifest_may_name_are_those_of_orders() -> None:
    named = manifest.schema()["$defs"]["orders"]["properties"]["state"]["items"]["enum"]
    assert named == list(STATES)
    assert list(wording.STATES) == named


def test_the_way_to_the_rows_asks_the_list_for_the_counted_orders_only() -> None:
    found, _ = manifest.checked(RIGHT.replace("layers:", "matters: {categories: [水务, 应急管理]}\nlayers:", 1))
    asked = Question(open=True, overdue=True, registered="today", channel="hotline")
    assert facts.rows(asked, found, "441721", NOW) == {
        "division": "441721", "state": "open", "overdue": "1", "from": "2026-11-23", "to": "2026-11-23",
        "channel": "hotline", "category": "水务,应急管理",
    }  # fmt: skip
    assert (
        facts.rows(Question(state=("registered", "accepted")), found, "441721", NOW)["state"] == "registered,accepted"
    )


def test_the_caliber_says_in_words_what_is_counted() -> None:
    found, _ = manifest.checked(RIGHT)
    zh, en = wording.caliber(Question(state=("returned",), overdue=True), found)
    assert "状态为退回、已过时限" in zh
    assert "in the state returned, past their limit" in en
    assert wording.caliber(Question(), found)[0].endswith("全部")


@pytest.mark.parametrize(("value", "met"), [(5.0, False), (5.1, True), (0.0, False), (None, False)])
def test_an_alarm_is_met_beyond_its_threshold_and_never_by_an_unknown_value(value: float | None, met: bool) -> None:
    assert AlarmRule("a", "f", 5, None, "urgent", Words("x", "x")).met(value) is met


def test_an_alarm_may_watch_for_too_little() -> None:
    rule = AlarmRule("a", "f", None, 60, "urgent", Words("x", "x"))
    assert [rule.met(value) for value in (59.9, 60.0, None)] == [True, False, False]
    assert rule.threshold == 60


def test_manifests_are_found_in_a_pack_by_their_names() -> None:
    assert "overview.yaml" in store.manifests_in(pack("topics-starter"))
