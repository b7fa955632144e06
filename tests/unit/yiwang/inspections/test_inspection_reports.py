"""Reports say what the ledger says: SARIF as tools read it, a page and a Word file that hostile text cannot break."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as Xml

from yiwang.inspections import reports, word
from yiwang.model.inspection import Acceptance, Finding, FindingState, Ledger, Result, Verdict

NOW = datetime(2026, 11, 23, tzinfo=UTC)
EVIL = "<script>alert(1)</script>&\x00\ud800𠮷"
FINDING = Finding("f" * 32, "SC-06", "441721", EVIL, EVIL, FindingState.OPEN, NOW, NOW)
LEDGER = Ledger(
    findings={"a": FINDING, "b": replace(FINDING, state=FindingState.ACCEPTED, acceptance=Acceptance("张工", "李主任", "隔离", NOW)),
              "c": replace(FINDING, state=FindingState.CLOSED)},
    results=(Result("SC-06", 1, "441721", Verdict.FAIL, EVIL), Result("SC-08", 1, "441721", Verdict.ERROR, "killed")),
    runs=2, head="ab" * 32,
)  # fmt: skip


def test_sarif_lists_what_stands_suppresses_what_is_accepted_and_notifies_what_did_not_end() -> None:
    run = json.loads(reports.sarif(LEDGER, NOW))["runs"][0]
    assert [bool(result.get("suppressions")) for result in run["results"]] == [False, True]
    assert run["results"][0]["partialFingerprints"] == {"yiwang/v1": "f" * 32}
    assert run["invocations"][0]["executionSuccessful"] is False
    assert [note["associatedRule"]["id"] for note in run["invocations"][0]["toolExecutionNotifications"]] == ["SC-08"]
    assert {result["ruleId"] for result in run["results"]} <= {rule["id"] for rule in run["tool"]["driver"]["rules"]}


def test_the_page_escapes_and_names_every_verdict() -> None:
    page = reports.html(LEDGER, NOW)
    assert "<script>" not in page
    assert all(word in page for word in ("通过 pass 0", "不通过 fail 1", "未完成 error 1", LEDGER.head))


def test_the_word_file_is_sound_xml_whatever_the_text_and_the_same_every_time() -> None:
    made = word.docx(LEDGER, NOW)
    assert made == word.docx(LEDGER, NOW)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.testzip() is None
        text = "".join(Xml.fromstring(archive.read("word/document.xml")).itertext())  # noqa: S314 - made two lines above
    assert "巡检报告" in text
    assert "<script>alert(1)</script>&\ufffd\ufffd𠮷" in text


def test_a_finding_becomes_the_intake_of_an_order_with_its_fingerprint() -> None:
    order = reports.order_of(FINDING, "M1", "441721")
    assert (order["matter"], order["division"]) == ("M1", "441721")
    assert order["title"] == "巡检问题 SC-06 监听端口与清单一致"
    assert FINDING.fingerprint in order["description"]
