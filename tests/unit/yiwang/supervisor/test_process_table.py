"""A process table is refused with a reason before anything is started or stopped because of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from yiwang.supervisor import record
from yiwang.supervisor.logs import rotate
from yiwang.supervisor.ready import split
from yiwang.supervisor.table import TableError, parse_table, read_table

FINE = {"name": "hub", "argv": ["hub"], "log": "/log"}


def table(*processes: dict[str, Any]) -> dict[str, Any]:
    return {"schema": 1, "processes": list(processes)}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "schema"),
        ({"schema": 2}, "schema"),
        (table({"name": "hub", "log": "/log"}), "argv"),
        (table({**FINE, "argv": []}), "empty"),
        (table(FINE, FINE), "one name"),
        (table({**FINE, "after": ["nobody"]}), "nobody"),
        (table({**FINE, "after": ["b"]}, {**FINE, "name": "b", "after": ["hub"]}), "wait for each other"),
        (table({**FINE, "ready": {"kind": "smoke"}}), "ready.kind"),
        (table({**FINE, "ready": {"kind": "tcp", "host": "127.0.0.1"}}), "lacks port"),
        (table({**FINE, "stop_signal": "KILL"}), "stop_signal"),
        (table({**FINE, "stop_seconds": "long"}), "should be"),
        (table({**FINE, "env": 7}), "should be"),
    ],
)
def test_a_wrong_table_is_refused_with_its_reason(content: Any, said: str) -> None:
    with pytest.raises(TableError, match=said):
        parse_table(content)


def test_a_table_that_is_not_there_or_not_json_names_its_path(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"table\.json"):
        read_table(tmp_path / "table.json")


def test_the_order_of_the_table_is_kept() -> None:
    assert list(parse_table(table({**FINE, "after": ["a"]}, {**FINE, "name": "a"}))) == ["hub", "a"]


@pytest.mark.parametrize(
    ("url", "parts"),
    [("http://127.64.0.2:70/readyz", ("127.64.0.2", 70, "/readyz")), ("http://h", ("h", 80, "/"))],
)
def test_an_address_is_taken_apart(url: str, parts: tuple[str, int, str]) -> None:
    assert split(url) == parts


def test_a_log_that_grew_too_large_is_emptied_and_its_lines_kept_once(tmp_path: Path) -> None:
    log = tmp_path / "hub.log"
    log.write_text("old lines", encoding="utf-8")
    rotate(log, limit=100)
    assert log.read_text(encoding="utf-8") == "old lines"
    rotate(log, limit=4)
    assert log.read_text(encoding="utf-8") == ""
    assert (tmp_path / "hub.log.1").read_text(encoding="utf-8") == "old lines"


def test_only_the_same_process_of_the_same_boot_is_remembered(tmp_path: Path) -> None:
    ticks = record.start_ticks(1)
    record.write(tmp_path, [{"pid": 1, "ticks": ticks}, {"pid": 1, "ticks": -1}, {"pid": 0, "ticks": 5}])
    assert record.read(tmp_path) == [{"pid": 1, "ticks": ticks}]
    text = (tmp_path / record.FILE).read_text(encoding="utf-8").replace(record.boot_id(), "another boot")
    (tmp_path / record.FILE).write_text(text, encoding="utf-8")
    assert record.read(tmp_path) == []


def test_a_damaged_record_remembers_nobody(tmp_path: Path) -> None:
    (tmp_path / record.FILE).write_text("{", encoding="utf-8")
    assert record.read(tmp_path) == []
