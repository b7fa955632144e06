"""The trail as the auditor reads it, takes it away, and proves it with a program that shares no code with the hub."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

API = "/api/management/v1"
VERIFIER = Path(__file__).parents[3] / "services/tools/verify_audit.py"


def verify(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier as an auditor does: another interpreter, nothing of ours on its path."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(VERIFIER), str(path), *words], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def exported(county: Any) -> str:
    """A trail with something on it."""
    administrator = county.person("administrator")
    root = administrator.get(f"{API}/units/root").json()["id"]
    for n in range(4):
        body = {"login": f"trail-{n}", "name": "留痕", "unit": root}
        assert administrator.post(f"{API}/users", body).status_code == 201
    county.visitor().sign_in("demo-leader", "wrong-password")
    answer = county.person("auditor").get(f"{API}/audit/export.jsonl")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return str(answer.text)


def test_an_exported_trail_is_sound_in_the_eyes_of_the_separate_program(exported: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text(exported, encoding="utf-8")
    said = verify(tmp_path / "a")
    assert (said.returncode, "sound: rows 1 to" in said.stdout) == (0, True)
    third = json.loads(exported.splitlines()[2])
    assert verify(tmp_path / "a", "--head", f"3:{third['digest']}").returncode == 0
    forged = verify(tmp_path / "a", "--head", f"3:{'0' * 64}")
    assert (forged.returncode, "row 3" in forged.stderr) == (1, True)


@pytest.mark.parametrize("row", [1, 4])
def test_a_flipped_byte_is_found_in_its_row(exported: str, tmp_path: Path, row: int) -> None:
    lines = exported.splitlines(keepends=True)
    at = lines[row - 1].index('"actor": "') + len('"actor": "')
    flipped = bytearray(lines[row - 1].encode())
    flipped[at] ^= 1
    lines[row - 1] = flipped.decode()
    (tmp_path / "a").write_text("".join(lines), encoding="utf-8")
    said = verify(tmp_path / "a")
    assert (said.returncode, f"row {row} " in said.stderr) == (1, True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [*lines[:2], *lines[3:]], "row 3 is missing"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "row 2 is missing"),
        (lambda lines: [*lines[:-2], lines[-1]], "rows are missing"),
        (lambda lines: lines[:-1], "the head is missing"),
        (lambda lines: [*lines[:2], "{half\n", *lines[2:]], "line 3 of the file"),
        (lambda lines: [*lines, lines[0]], "behind the head"),
    ],
)
def test_what_was_taken_out_exchanged_or_cut_off_is_named(
    exported: str, tmp_path: Path, change: Any, said: str
) -> None:
    (tmp_path / "a").write_text("".join(change(exported.splitlines(keepends=True))), encoding="utf-8")
    found = verify(tmp_path / "a")
    assert (found.returncode, said in found.stderr) == (1, True), found.stderr


def test_the_rest_of_a_trail_continues_from_the_row_before(county: Any, exported: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text(
        county.person("auditor").get(f"{API}/audit/export.jsonl", after=3).text, encoding="utf-8"
    )
    said = verify(tmp_path / "a")
    assert (said.returncode, "rows 4 to" in said.stdout) == (0, True)


def test_the_trail_is_found_by_person_action_object_and_time(county: Any, exported: str) -> None:
    auditor, administrator = county.person("auditor"), county.person("administrator")
    ids = {user["login"]: user["id"] for user in administrator.get(f"{API}/users", limit=50).json()["items"]}

    def found(**query: Any) -> list[dict[str, Any]]:
        return list(auditor.get(f"{API}/audit", limit=200, **query).json()["items"])

    added = found(action="management.user.add")
    assert {row["actor"] for row in added} == {"demo-administrator"}
    assert [row["n"] for row in found(action="management.user")][: len(added)] != []
    assert found(action="management.user_add") == []
    assert [row["object_id"] for row in found(object_type="person", object_id=ids["trail-2"])] == [ids["trail-2"]]
    assert {row["actor"] for row in found(actor="demo-leader")} == {"demo-leader"}
    now = county.runtime.clock.now()
    assert found(since=(now + timedelta(hours=1)).isoformat()) == []
    assert found(until=(now - timedelta(days=1)).isoformat()) == []
    assert "management.sign_in.wrong" in auditor.get(f"{API}/audit/actions").json()["items"]


def test_pages_of_the_trail_follow_each_other(county: Any, exported: str) -> None:
    auditor = county.person("auditor")
    whole = [row["n"] for row in auditor.get(f"{API}/audit", limit=200).json()["items"]]
    seen: list[int] = []
    answer = auditor.get(f"{API}/audit", limit=4).json()
    while answer["next"] is not None:
        seen += [row["n"] for row in answer["items"]]
        answer = auditor.get(f"{API}/audit", limit=4, cursor=answer["next"]).json()
    seen += [row["n"] for row in answer["items"]]
    assert [n for n in seen if n <= whole[0]] == whole


def test_an_auditor_of_one_bureau_sees_its_people_and_takes_no_part_of_the_chain_away(fresh_county: Any) -> None:
    administrator = fresh_county.person("administrator")
    units = {unit["name"]: unit["id"] for unit in administrator.get(f"{API}/units", limit=100).json()["items"]}
    users = {user["login"]: user["id"] for user in administrator.get(f"{API}/users", limit=50).json()["items"]}
    bureau = units["城市管理和综合执法局"]
    administrator.post(f"{API}/posts", {"user": users["demo-verifier"], "unit": bureau, "role": "auditor"})
    auditor = fresh_county.person("verifier")
    fresh_county.person("handler")
    fresh_county.person("leader")
    actors = {row["actor"] for row in auditor.get(f"{API}/audit", limit=200).json()["items"]}
    assert "demo-handler" in actors
    assert not {"demo-leader", "demo-administrator"} & actors
    assert auditor.get(f"{API}/audit/export.jsonl").status_code == 403
    for role in ("administrator", "leader"):
        assert fresh_county.person(role).get(f"{API}/audit/export.jsonl").status_code == 403
