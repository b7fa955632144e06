"""`serve collaboration:demonstration` on a real database: rows that people can go on working with, and their removal."""

from __future__ import annotations

import json

import pytest

from support.site_lab import Site
from yiwang_services.collaboration.commands import COMMANDS


def said(site: Site, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, int]:
    assert COMMANDS["demonstration"](site.runtime, words) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_invented_orders_are_loaded_once_worked_with_and_taken_away(
    fresh_county: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    real = fresh_county.person("operator").register()
    assert said(fresh_county, capsys, "--orders", "400")["added"] == 400
    assert said(fresh_county, capsys, "--orders", "400")["added"] == 0, "a repeat changes nothing"
    assert said(fresh_county, capsys, "--orders", "450")["added"] == 50, "a larger number goes on"

    operator = fresh_county.person("operator")
    page = operator.get("/api/collaboration/v1/orders", generated="true", count="true").json()
    assert page["total"] == 450
    assert all(order["generated"] for order in page["items"])
    assert operator.get("/api/collaboration/v1/orders", q="样例").json()["items"], "they are found by their words"

    waiting = operator.get("/api/collaboration/v1/orders", state="registered", generated="true").json()["items"]
    order = operator.act(operator.order(waiting[0]["id"]), "accept")
    assert operator.dispatch(order)["state"] == "dispatched", "an invented order goes on like any other"

    assert said(fresh_county, capsys, "--remove")["removed"] == 450
    left = operator.get("/api/collaboration/v1/orders", count="true").json()
    assert [item["id"] for item in left["items"]] == [real["id"]], "what people entered stays"


def test_nothing_is_invented_outside_a_demonstration(fresh_county: Site, capsys: pytest.CaptureFixture[str]) -> None:
    runtime = fresh_county.runtime
    runtime.settings = runtime.settings.model_copy(update={"demo": False})
    assert COMMANDS["demonstration"](runtime, ["--orders", "10"]) == 1
    assert "only under a demo root of trust" in capsys.readouterr().err
