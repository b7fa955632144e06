"""Faults planted at a real site are found by their own checks, closed by a clean retest, reported, and become an order."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from yiwang.adapters.hub_http import HubClient
from yiwang.adapters.postgres import Postgres
from yiwang.bringup.machine import Machine
from yiwang.definition import distribution
from yiwang.operate.workspace import open_workspace

YIWANG = str(Path(sys.executable).with_name("yiwang"))
COUNTY = "441721"
MACHINE = Machine(open_workspace(Path(os.environ["YIWANG_WORKSPACE"])))
PATHS = MACHINE.workspace.site(COUNTY)


def inspect(*words: str, code: int | None = None, **environment: str) -> Any:
    """Run `yiwang inspect … --json`; return what it printed."""
    done = subprocess.run(
        [YIWANG, "inspect", *words, "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    assert code in (None, done.returncode), done.stdout + done.stderr
    return json.loads(done.stdout)


def sql(statement: str) -> str:
    """Run a statement as the superuser of the county's database."""
    spec = next(engine for engine in distribution().engines if engine.name == "postgres")
    server = Postgres(
        spec, PATHS.engine(spec.folder), PATHS.pg, PATHS.runtime, PATHS.secrets, MACHINE.addresses()[COUNTY],
        distribution().port("postgres"), None,
    )  # fmt: skip
    return server.sql(statement, "hub")


@contextmanager
def text_in_log(text: str) -> Iterator[None]:
    """Plant a log file."""
    planted = PATHS.log / "planted.log"
    planted.write_text(text, encoding="utf-8")
    yield
    planted.unlink()


@contextmanager
def strange_file() -> Iterator[None]:
    """Plant a file in the installed release."""
    release = json.loads((PATHS.hub / "current.json").read_text(encoding="utf-8"))["release"]
    planted = PATHS.venv(release) / "planted.py"
    planted.write_text("x = 1\n", encoding="utf-8")
    yield
    planted.unlink()


@contextmanager
def statements(plant: str, mend: str) -> Iterator[None]:
    """Plant a fault in the database."""
    sql(plant)
    yield
    sql(mend)


PLANTS: dict[str, Callable[[], Any]] = {
    "SC-08": strange_file,
    "VS-09": lambda: text_in_log((PATHS.secrets / "postgres").read_text(encoding="utf-8")),
    "MV-02": lambda: text_in_log("caller 13800138000"),
    "RA-02": lambda: statements("ALTER ROLE hub BYPASSRLS", "ALTER ROLE hub NOBYPASSRLS"),
    "PT-01": lambda: statements("CREATE ROLE planted LOGIN PASSWORD 'admin123'", "DROP ROLE planted"),
    "DS-04": lambda: statements("GRANT SELECT ON kit.audit TO PUBLIC", "REVOKE SELECT ON kit.audit FROM PUBLIC"),
}


@pytest.mark.parametrize("check", sorted(PLANTS))
def test_a_planted_fault_is_found_and_only_a_clean_retest_closes_it(check: str) -> None:
    with PLANTS[check]():
        result = inspect("run", "--check", check, "--at", COUNTY, code=1)
        assert [row["verdict"] for row in result] == ["fail"]
        found = [
            f
            for f in inspect("findings")
            if f["check"] == check and f["target"] == COUNTY and "kit TRUNCATE" not in f["locus"]
        ]
        assert len(found) == 1
        assert inspect("retest", found[0]["fingerprint"], code=1)["state"] == "open"
    assert inspect("retest", found[0]["fingerprint"], code=0)["state"] == "closed"


def test_a_whole_run_ends_every_check_that_has_what_it_needs_and_is_reported(tmp_path: Path) -> None:
    feed = Path(__file__).parents[1] / "support/advisories.json"
    results = inspect("run", "--feed", str(feed))
    assert len(results) == 4 + 3 * 14 + 3
    assert [row for row in results if row["verdict"] == "error"] == []
    for name in ("report.docx", "report.html", "report.sarif"):
        inspect("report", str(tmp_path / name), code=0)
    assert json.loads((tmp_path / "report.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    office = shutil.which("soffice")
    if office is None:
        print(
            "NOT RUN: LibreOffice is not installed, nobody opened the report: apt-get install libreoffice-writer-nogui"
        )
        return
    words = [office, "--headless", "--convert-to", "txt:Text", "--outdir", str(tmp_path), str(tmp_path / "report.docx")]
    subprocess.run(words, check=True, capture_output=True, timeout=120, env={**os.environ, "HOME": str(tmp_path)})
    assert "巡检结果" in (tmp_path / "report.txt").read_text(encoding="utf-8-sig")


def test_a_finding_becomes_a_work_order_and_without_an_account_it_is_refused() -> None:
    with text_in_log("caller 13900139000"):
        inspect("run", "--check", "MV-02", "--at", COUNTY, code=1)
    found = next(f for f in inspect("findings") if f["check"] == "MV-02")
    people = json.loads((PATHS.secrets / "demo-users.json").read_text(encoding="utf-8"))
    user = people["users"]["operator"]
    with HubClient(people["base_url"]) as client:
        client.sign_in(user["login"], user["password"])
        matter = client.get("/api/matter/v1/matters", limit=1)["items"][0]["code"]
    words = ("order", found["fingerprint"], "--site", COUNTY, "--matter", matter)
    refused = inspect(*words, code=4, YIWANG_INSPECT_LOGIN="")
    assert "YIWANG_INSPECT_LOGIN" in refused["what"]
    account = {"YIWANG_INSPECT_LOGIN": user["login"], "YIWANG_INSPECT_PASSWORD": user["password"]}
    assert inspect(*words, code=0, **account)["order"]
    inspect(*words, code=1, **account)
    assert inspect("retest", found["fingerprint"], code=0)["state"] == "closed"
