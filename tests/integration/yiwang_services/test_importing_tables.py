"""Units and people from workbooks: checked first, then taken in whole or not at all, within one's own units."""

from __future__ import annotations

import csv
import io
import random
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

API = "/api/management/v1"
UNIT_HEAD = ["机构编码", "机构名称", "区划代码", "机构类型", "上级机构编码"]
USER_HEAD = ["用户名", "姓名", "机构编码"]


def book(*rows: list[Any]) -> bytes:
    """A workbook of these rows."""
    made = Workbook()
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def bring(person: Any, what: str, *rows: list[Any], mode: str = "apply", data: bytes | None = None) -> Any:
    """Upload a workbook."""
    files = {"file": ("x.xlsx", data if data is not None else book(*rows))}
    return person.http.post(f"{API}/imports/{what}?mode={mode}", files=files, headers={"X-Yiwang-CSRF": "1"})


def named(person: Any, words: str) -> list[dict[str, Any]]:
    """Units whose name holds these words."""
    return list(person.get(f"{API}/units", q=words, limit=100).json()["items"])


def test_units_in_any_order_are_checked_then_taken_in_and_a_repeat_changes_nothing(fresh_county: Any) -> None:
    person = fresh_county.person("administrator")
    rows = [UNIT_HEAD, ["T-2", "导入二队", "441721", "team", "T-1"], ["T-1", "导入大队", "441721", "bureau", ""]]
    checked = bring(person, "units", *rows, mode="check").json()
    assert (checked["added"], checked["errors"], named(person, "导入")) == (2, [], [])
    done = bring(person, "units", *rows).json()
    assert (done["added"], done["changed"], done["same"]) == (2, 0, 0)
    below = {unit["code"]: unit for unit in named(person, "导入")}
    assert below["T-2"]["parent"] == below["T-1"]["id"]
    assert bring(person, "units", *rows).json()["same"] == 2
    rows[1] = ["T-2", "导入三队", "441721", "team", ""]
    assert bring(person, "units", *rows).json()["changed"] == 1
    history = person.get(f"{API}/units/{below['T-2']['id']}/history").json()["items"]
    assert [(entry["name"], entry["reason"]) for entry in history] == [
        ("导入三队", "import"), ("导入二队", "import"), ("导入二队", "")]  # fmt: skip


def test_people_come_in_with_passwords_shown_once_that_must_be_changed(fresh_county: Any) -> None:
    person = fresh_county.person("administrator")
    bring(person, "units", UNIT_HEAD, ["T-1", "导入大队", "441721", "bureau", ""])
    rows = [USER_HEAD, ["li.na", "李娜", "T-1"], ["wang.wu", "王五", "T-1"]]
    assert bring(person, "users", *rows, mode="check").json()["passwords"] == []
    made = bring(person, "users", *rows).json()["passwords"]
    assert [entry["login"] for entry in made] == ["li.na", "wang.wu"]
    assert fresh_county.visitor().sign_in("li.na", made[0]["password"]).json()["must_change_password"] is True
    again = bring(person, "users", *rows).json()
    assert (again["same"], again["passwords"]) == (2, [])


def test_one_wrong_row_keeps_everything_out_and_every_fault_has_its_cell(fresh_county: Any) -> None:
    person = fresh_county.person("administrator")
    answer = bring(
        person, "units", UNIT_HEAD, ["T-1", "导入大队", "441721", "bureau", ""], ["T-1", "又一个", "441721", "bureau", ""],
        ["T-3", "圈甲", "441721", "team", "T-4"], ["T-4", "圈乙", "441721", "team", "T-3"], ["T-5", "=A1", "441721", "team", ""],
        ["T-6", "外地", "441704", "team", ""], ["T-7", "孤儿", "441721", "team", "NO-SUCH"],
    )  # fmt: skip
    assert answer.status_code == 422
    assert {fault["cell"] for fault in answer.json()["errors"]} == {"A3", "E4", "E5", "B6", "C7", "E8"}
    assert named(person, "导入") == []


def test_a_delegated_administrator_imports_below_their_own_unit_only(fresh_county: Any) -> None:
    root = fresh_county.person("administrator")
    bring(root, "units", UNIT_HEAD, ["M-1", "甲局", "441721", "bureau", ""], ["M-2", "乙局", "441721", "bureau", ""])
    mine = next(unit for unit in named(root, "甲局"))["id"]
    user = root.get(f"{API}/users", q="demo-verifier").json()["items"][0]["id"]
    assert root.post(f"{API}/posts", {"user": user, "unit": mine, "role": "unit_administrator"}).status_code == 201
    admin = fresh_county.person("verifier")
    ours, theirs = ["M-11", "甲一队", "441721", "team", "M-1"], ["M-21", "乙一队", "441721", "team", "M-2"]
    assert bring(admin, "units", UNIT_HEAD, ours).json()["added"] == 1
    refused = bring(admin, "units", UNIT_HEAD, theirs)
    assert (refused.status_code, refused.json()["errors"][0]["cell"]) == (422, "A2")
    # Taking a unit of somebody else's under one's own is no way to get it either.
    assert bring(admin, "units", UNIT_HEAD, ["M-2", "乙局", "441721", "bureau", "M-1"]).status_code == 422
    assert bring(admin, "users", USER_HEAD, ["new.one", "新人", "M-2"]).status_code == 422
    assert bring(admin, "users", USER_HEAD, ["demo-leader", "演示领导", "M-11"]).status_code == 422
    assert bring(fresh_county.person("leader"), "users", USER_HEAD, ["a.b", "某", "M-1"]).status_code == 403


@pytest.mark.parametrize("seed", range(3))
def test_files_of_random_bytes_are_refused_in_words(county: Any, seed: int) -> None:
    answer = bring(county.person("administrator"), "users", data=b"PK\x03\x04" + random.Random(seed).randbytes(4000))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "file")


def test_templates_and_exports_open_in_a_table_program_and_calculate_nothing(fresh_county: Any) -> None:
    person = fresh_county.person("administrator")
    for what, head in (("units", UNIT_HEAD), ("users", USER_HEAD)):
        data = person.get(f"{API}/imports/{what}/template.xlsx").content
        assert [str(cell.value).split()[0] for cell in next(load_workbook(io.BytesIO(data)).active.iter_rows())] == head
    root = person.get(f"{API}/units/root").json()["id"]
    person.post(f"{API}/users", {"login": "formula", "name": "=1+1", "unit": root})
    lines = list(csv.reader(io.StringIO(person.get(f"{API}/users/export.csv").content.decode("utf-8-sig"))))
    assert next(line[1] for line in lines if line[0] == "formula") == "'=1+1"
    cells = load_workbook(io.BytesIO(person.get(f"{API}/users/export.xlsx").content)).active["B"]
    assert "f" not in {cell.data_type for cell in cells}
    assert fresh_county.person("leader").get(f"{API}/users/export.csv").status_code == 403
    units = person.get(f"{API}/units/export.csv").content.decode("utf-8-sig").splitlines()
    assert len(units) == 1 + len(named(person, ""))
