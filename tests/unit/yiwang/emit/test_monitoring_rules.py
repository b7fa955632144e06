"""What is watched: every alert has an owner, a runbook and two proofs; every metric read is exported by somebody."""

import importlib
import json
import re

import pytest
import yaml

from yiwang.control.gauges import HELP as CONTROL
from yiwang.definition import distribution
from yiwang.definition.alerts import alerts
from yiwang.definition.dashboards import DASHBOARDS
from yiwang.definition.slos import SLOS
from yiwang.emit.monitoring import FOLDER, monitoring_files, prometheus_config, slo_alerts
from yiwang.model.monitoring import AlertSpec, PanelSpec, Severity
from yiwang_kit.exchange.metrics import BY_LINK
from yiwang_kit.resources import HELP as RESOURCES

EVERY = [*alerts(), *slo_alerts(SLOS)]
FILES = monitoring_files(alerts(), SLOS, DASHBOARDS)
PROMETHEUS = {"up", "scrape_samples_post_metric_relabeling"}
PROCESS = {"process_start_time_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"}
REQUESTS = {"kit_requests_total", "kit_request_seconds_bucket", "kit_request_seconds_count", "kit_request_seconds_sum"}
METRIC = re.compile(
    r"\b(?:kit|yiwang|collaboration|management|matter|indicator|process|scrape|site:)[a-z_0-9:]+|\bup\b"
)


def exported() -> set[str]:
    """Return the name of everything that a hub, control, or Prometheus itself exports."""
    own = {m["name"] for spec in distribution().services for m in importlib.import_module(spec.metrics).METRICS}
    recorded = {
        rule["record"] for rule in yaml.safe_load(FILES[f"{FOLDER}/rules/objectives.yaml"])["groups"][0]["rules"]
    }
    return own | recorded | set(RESOURCES) | set(BY_LINK) | set(CONTROL) | PROMETHEUS | PROCESS | REQUESTS


def without_labels(expression: str) -> str:
    """Return a query without what stands in braces, brackets, quotes or a grouping: those are labels."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", " ", expression)
    return re.sub(r"\b(?:by|on|without|ignoring)\s*\([^)]*\)", " ", bare)


def test_there_are_at_least_24_alerts_with_names_of_their_own() -> None:
    names = [spec.name for spec in EVERY]
    assert len(names) >= 24
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("spec", EVERY, ids=lambda spec: spec.name)
def test_an_alert_reads_only_what_somebody_exports(spec: AlertSpec) -> None:
    assert set(METRIC.findall(without_labels(spec.expr))) <= exported()


@pytest.mark.parametrize(
    "panel", [panel for board in DASHBOARDS for panel in board.panels], ids=lambda panel: panel.name
)
def test_a_panel_reads_only_what_somebody_exports(panel: PanelSpec) -> None:
    found = set(METRIC.findall(without_labels(panel.query)))
    assert found
    assert found <= exported()


def test_every_alert_has_a_runbook_and_a_rule_that_links_to_it() -> None:
    rules = yaml.safe_load(FILES[f"{FOLDER}/rules/alerts.yaml"])["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules] == [spec.name for spec in EVERY]
    for rule in rules:
        assert "## 处理 What to do" in FILES[rule["annotations"]["runbook"]]


def test_every_alert_is_proven_to_fire_and_all_but_the_heartbeat_to_stay_silent() -> None:
    tests = yaml.safe_load(FILES[f"{FOLDER}/tests/alerts.yaml"])["tests"]
    beats = [spec for spec in EVERY if spec.severity is Severity.NONE]
    assert len(tests) == 2 * len(EVERY) - len(beats)
    assert sum(bool(test["alert_rule_test"][0]["exp_alerts"]) for test in tests) == len(EVERY)


def test_a_burn_rate_does_not_alarm_on_few_events() -> None:
    fast = next(spec for spec in EVERY if spec.name == "AnsweredFastBurn")
    assert fast.expr.endswith(">= 30)")


def test_a_dashboard_is_json_that_names_every_panel() -> None:
    for board in DASHBOARDS:
        drawn = json.loads(FILES[f"{FOLDER}/dashboards/{board.name}.json"])
        assert [panel["targets"][0]["expr"] for panel in drawn["panels"]] == [panel.query for panel in board.panels]


def test_targets_carry_site_and_tier() -> None:
    config = yaml.safe_load(prometheus_config({"441721": ("127.64.0.6:7080", "county")}, "c:1", "a:2", ["r.yaml"]))
    hub = config["scrape_configs"][0]["static_configs"][0]
    assert hub == {"targets": ["127.64.0.6:7080"], "labels": {"site": "441721", "tier": "county"}}
