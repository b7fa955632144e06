"""`serve kit:…`: what the command line asks of a site's own hub program, each answer one JSON object, refusals included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.exchange_lab import Lab, settings_of
from support.postgres import Server
from yiwang_kit.commands import COMMANDS
from yiwang_kit.ids import uuid7
from yiwang_kit.runtime import build_runtime

COUNTY, CITY = "441721", "441700"
Ask = Any


@pytest.fixture(scope="module")
def lab(postgres: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("attachments")
    laboratory = Lab(postgres, template, folder=folder, sticks=[COUNTY])
    yield laboratory
    laboratory.close()


@pytest.fixture
def ask(lab: Lab, capsys: pytest.CaptureFixture[str]) -> Ask:
    def run(site: str, command: str, *words: str) -> Any:
        runtime = build_runtime(settings_of(site, sticks=frozenset([COUNTY])), database=lab[site].database,
                                exchange=lab[site].exchange)  # fmt: skip
        assert COMMANDS[command](runtime, words) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_a_day_of_an_unlinked_county_from_the_machine(lab: Lab, ask: Ask, tmp_path: Path) -> None:
    lab[CITY].refuse = {1}
    lab[COUNTY].send(CITY, "order-1", 1)
    lab[COUNTY].send(CITY, "order-1", 2)
    [written] = ask(COUNTY, "export", "--to", str(tmp_path), "--actor", "operator:li")["items"]
    assert (written["peer"], written["envelopes"]) == (CITY, 2)
    [taken] = ask(CITY, "import", "--from", str(tmp_path))["items"]
    assert taken["envelopes"] == 2
    lab.settle()
    [parked] = ask(CITY, "parked")["items"]
    assert "told to refuse" in parked["reason"]
    by_site = {item["site"]: item for item in ask(CITY, "links")["items"]}
    assert (by_site[COUNTY]["link"], by_site[COUNTY]["state"], by_site[COUNTY]["parked"]) == ("stick", "paused", 1)
    lab[CITY].refuse.clear()
    assert ask(CITY, "retry", parked["id"], "--reason", "已处理")["state"] == "stored"
    lab.settle()
    assert lab[CITY].received(COUNTY) == {"order-1": [1, 2]}


def test_refusals_are_answers_with_the_next_command(lab: Lab, ask: Ask, tmp_path: Path) -> None:
    assert ask(CITY, "skip", str(uuid7()), "--reason", "无")["next"].startswith("yiwang exchange parked")
    assert "不经介质相连" in ask(CITY, "export", "--to", str(tmp_path), "--peer", "440000")["refused"]
    assert "没有介质链路" in ask("440000", "export", "--to", str(tmp_path))["refused"]
    (tmp_path / "x.ywx").write_bytes(b"not a stick")
    assert "不完整" in ask(CITY, "import", "--from", str(tmp_path))["refused"]
    assert "No space" not in ask(COUNTY, "export", "--to", str(tmp_path / "absent"))["refused"]
    del lab
