"""Everything Prometheus, Alertmanager and Grafana read, and the runbooks: emitted from alerts, objectives, dashboards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from yiwang.definition.slos import BURNS, Burn
from yiwang.emit import Files
from yiwang.emit.docs import NOTE, page, table
from yiwang.model.monitoring import (
    OWNER_TITLES,
    SEVERITY_TITLES,
    AlertSpec,
    Case,
    DashboardSpec,
    Owner,
    Severity,
    SloSpec,
)

FOLDER = "charts/yiwang-monitoring/files"
RUNBOOKS = "docs/runbooks/alerts"
MARK = "# Emitted by `yiwang render`; edit the definition, not this file. 由 `yiwang render` 生成，请修改定义。\n"
SCRAPE_SECONDS = 15
ABSENT_FOR, WINDOWS = "10m", ("5m", "30m", "1h", "6h")

Rule = dict[str, Any]


def monitoring_files(
    alerts: Sequence[AlertSpec], slos: Sequence[SloSpec], dashboards: Sequence[DashboardSpec]
) -> Files:
    """Return rules, their promtool tests, dashboards, and a runbook for every alert."""
    every = [*alerts, *slo_alerts(slos)]
    files = {
        f"{FOLDER}/rules/alerts.yaml": text({"groups": [{"name": "yiwang", "rules": [rule(spec) for spec in every]}]}),
        f"{FOLDER}/rules/objectives.yaml": text({"groups": [{"name": "objectives", "rules": recordings(slos)}]}),
        f"{FOLDER}/tests/alerts.yaml": text(promtool_tests(every)),
        "docs/reference/alerts.md": alerts_page(every),
        "docs/reference/objectives.md": objectives_page(slos),
    }
    files |= {spec.runbook: runbook(spec) for spec in every}
    return files | {f"{FOLDER}/dashboards/{spec.name}.json": dashboard(spec) for spec in dashboards}


def text(content: object) -> str:
    """Return YAML under our mark."""
    return MARK + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1000)


# Alerts ---------------------------------------------------------------------------------------------------------------


def rule(spec: AlertSpec) -> Rule:
    """Return one alerting rule."""
    return {
        "alert": spec.name,
        "expr": spec.expr,
        "for": spec.hold,
        "labels": own_labels(spec),
        "annotations": spoken(spec),
    }


def own_labels(spec: AlertSpec) -> dict[str, str]:
    """Return the labels that route an alert."""
    return {"severity": spec.severity.value, "owner": spec.owner.value, "tier": spec.tiers}


def spoken(spec: AlertSpec) -> dict[str, str]:
    """Return what a person reads; the site stands in the labels."""
    return {"summary": spec.title(), "description": f"{spec.meaning_zh} {spec.meaning_en}", "runbook": spec.runbook}


# Objectives -----------------------------------------------------------------------------------------------------------


def recordings(slos: Iterable[SloSpec]) -> list[Rule]:
    """Return the share of bad events over each window, recorded once for all rules that read it."""
    return [
        {"record": f"site:{slo.name}:bad_ratio_{window}", "expr": ratio(slo, window)}
        for slo in slos
        for window in WINDOWS
    ]


def ratio(slo: SloSpec, window: str) -> str:
    """Return the share of bad events over a window: no bad events at all is a share of zero, no events is no share."""
    bad, total = within(slo.bad, window), within(slo.total, window)
    return f"(({bad}) or ({total}) * 0) / ({total} > 0)"


def within(expression: str, window: str) -> str:
    """Return an expression over one window."""
    return expression.replace("[window]", f"[{window}]")


def slo_alerts(slos: Iterable[SloSpec]) -> list[AlertSpec]:
    """Return two burn-rate alerts for each objective, and the twin that fires when its metric is absent."""
    return [alert for slo in slos for alert in (*(burn_alert(slo, burn) for burn in BURNS), absent_alert(slo))]


def burn_alert(slo: SloSpec, burn: Burn) -> AlertSpec:
    """Return the alert of one pace; few events in the short window don't fire it."""
    limit = f"{burn.factor} * {round(1 - slo.objective, 6)}"
    name = f"{slo.name.title()}{burn.name}Burn"
    long, short = (f"site:{slo.name}:bad_ratio_{window} > {limit}" for window in (burn.long, burn.short))
    enough = f"{within(slo.total, burn.short)} >= {slo.least_events}"
    minutes = 60 if burn.name == "Fast" else 400
    share = f"{slo.objective:.1%}"
    return AlertSpec(
        name=name, title_zh=f"目标“{slo.title_zh}”消耗过快", title_en=f"the budget of “{slo.title_en}” burns too fast",
        expr=f"{long} and {short} and on (site) ({enough})", hold=burn.hold,
        severity=Severity.PAGE if burn.name == "Fast" else Severity.TICKET, owner=Owner.OPERATIONS,
        meaning_zh=f"三十天目标 {share}：错误预算正以允许速度的 {burn.factor:g} 倍消耗（{burn.long} 与 {burn.short} 窗口同时成立）。",
        meaning_en=f"The objective is {share} over 30 days; its budget burns {burn.factor:g} times too fast over {burn.long} "
                   f"and {burn.short}.",
        look=("yiwang monitor figures", "yiwang status"),
        act=("看哪条路由出错或变慢（监控页“请求”）。/ See on the monitoring page which route fails or is slow.",
             "刚升级过则考虑 `yiwang rollout abort --roll-back`。/ Right after an upgrade consider rolling back."),
        firing=Case(minutes=minutes, series=slo_series(slo, bad=55, minutes=minutes), fires=({"site": "441721"},)),
        silent=Case(minutes=minutes, series=slo_series(slo, bad=0, minutes=minutes)),
    )  # fmt: skip


def slo_series(slo: SloSpec, *, bad: int, minutes: int) -> dict[str, str]:
    """Return a hub with 60 events a minute, some of them bad, as the metric of an objective counts them."""
    hub, n = 'job="hub", site="441721"', minutes + 10
    if slo.metric == "kit_requests_total":
        return {f'kit_requests_total{{{hub}, status="200"}}': f"0+{60 - bad}x{n}",
                f'kit_requests_total{{{hub}, status="500"}}': f"0+{bad}x{n}"}  # fmt: skip
    return {f"kit_request_seconds_count{{{hub}}}": f"0+60x{n}",
            f'kit_request_seconds_bucket{{{hub}, le="1.0"}}': f"0+{60 - bad}x{n}"}  # fmt: skip


def absent_alert(slo: SloSpec) -> AlertSpec:
    """Return the twin of an objective: nothing measured is not the same as nothing bad."""
    return AlertSpec(
        name=f"{slo.name.title()}Absent", title_zh=f"目标“{slo.title_zh}”没有数据",
        title_en=f"nothing is measured of “{slo.title_en}”", expr=f"absent({slo.metric})", hold=ABSENT_FOR,
        severity=Severity.TICKET, owner=Owner.OPERATIONS, meaning_zh="没有数据不等于没有失败。",
        meaning_en="No data is not the same as no failures.", look=("yiwang monitor status",),
        act=("检查采集目标与枢纽的 `/metrics`。/ Look at the targets and at a hub's `/metrics`.",),
        firing=Case(minutes=20, series={'up{job="hub"}': "1x30"}, fires=({},)),
        silent=Case(minutes=20, series=slo_series(slo, bad=0, minutes=20)),
    )  # fmt: skip


# Proof ----------------------------------------------------------------------------------------------------------------


def promtool_tests(specs: Iterable[AlertSpec]) -> dict[str, Any]:
    """Return promtool's tests: each alert fires where it should and stays silent where it should."""
    tests = [_test(spec, spec.firing, "fires") for spec in specs]
    tests += [_test(spec, spec.silent, "stays silent") for spec in specs if spec.severity is not Severity.NONE]
    return {
        "rule_files": ["../rules/objectives.yaml", "../rules/alerts.yaml"],
        "evaluation_interval": "1m",
        "tests": tests,
    }


def _test(spec: AlertSpec, case: Case, what: str) -> dict[str, Any]:
    expected = [{"exp_labels": {**found, **own_labels(spec)}, "exp_annotations": spoken(spec)} for found in case.fires]
    looked = {"eval_time": f"{case.minutes}m", "alertname": spec.name, "exp_alerts": expected}
    series = [{"series": name, "values": values} for name, values in case.series.items()]
    return {"name": f"{spec.name} {what}", "interval": "1m", "input_series": series, "alert_rule_test": [looked]}


# Pages ----------------------------------------------------------------------------------------------------------------


def runbook(spec: AlertSpec) -> str:
    """Return the page that the alert links to."""
    severity, owner = SEVERITY_TITLES[spec.severity], OWNER_TITLES[spec.owner]
    facts = table(
        ("级别 severity", "责任 owner", "范围 scope", "持续 for"),
        [(" ".join(severity), " ".join(owner), spec.tiers, spec.hold)],
    )
    looks = "\n".join(f"    {line}" for line in spec.look)
    steps = "\n".join(f"{n}. {line}" for n, line in enumerate(spec.act, 1))
    return page(
        f"{spec.name}: {spec.title()}", f"{spec.meaning_zh}\n\n{spec.meaning_en}", facts,
        "## 先看 Look first", looks, "## 处理 What to do", steps, "## 规则 The rule", f"```promql\n{spec.expr}\n```",
    )  # fmt: skip


def alerts_page(specs: Sequence[AlertSpec]) -> str:
    """Return the table of every alert."""
    rows = (
        (f"[`{s.name}`](../runbooks/alerts/{s.name}.md)", s.title(), " ".join(SEVERITY_TITLES[s.severity]),
         " ".join(OWNER_TITLES[s.owner]), s.tiers, s.hold)
        for s in specs
    )  # fmt: skip
    return page(
        "告警 Alerts",
        f"{len(specs)} alerts; each has a runbook and two promtool tests (`make test-monitoring`): one in which it "
        "fires, one in which it stays silent. 每条告警都有处置手册和两个用例。",
        table(("alert", "标题 title", "级别 severity", "责任 owner", "范围 scope", "for"), rows),
    )


def objectives_page(slos: Sequence[SloSpec]) -> str:
    """Return the table of objectives and burn rates."""
    rows = ((f"`{s.name}`", s.title(), f"{s.objective:.1%}", f"`{s.metric}`", s.least_events) for s in slos)
    burns = ((b.name, f"{b.factor:g}", b.long, b.short, b.hold) for b in BURNS)
    return page(
        "服务等级目标 Service level objectives",
        table(("objective", "标题 title", "30 days", "metric", "least events"), rows),
        "Burn rates after The Site Reliability Workbook, chapter 5. 多窗口多燃烧率。",
        table(("alert", "factor", "long window", "short window", "for"), burns),
    )


# Dashboards -----------------------------------------------------------------------------------------------------------


def dashboard(spec: DashboardSpec) -> str:
    """Return a dashboard in Grafana's form; the console's own page draws the same panels without it."""
    panels = [
        {
            "id": n + 1, "type": "timeseries", "title": panel.title(), "datasource": {"type": "prometheus", "uid": "-- Mixed --"},
            "gridPos": {"h": 8, "w": 12, "x": 12 * (n % 2), "y": 8 * (n // 2)},
            "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
            "targets": [{"refId": "A", "expr": panel.query, "legendFormat": panel.legend,
                         "datasource": {"type": "prometheus", "uid": "prometheus"}}],
        }
        for n, panel in enumerate(spec.panels)
    ]  # fmt: skip
    content = {
        "uid": f"yiwang-{spec.name}", "title": spec.title(), "tags": ["yiwang"], "timezone": "browser",
        "schemaVersion": 39, "refresh": "30s", "time": {"from": "now-6h", "to": "now"}, "panels": panels,
        "description": NOTE.strip("<!- >"),
    }  # fmt: skip
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


# Of one workspace -----------------------------------------------------------------------------------------------------


def prometheus_config(
    hubs: Mapping[str, tuple[str, str]], control: str, alertmanager: str, rules: Sequence[str]
) -> str:
    """Return prometheus.yml: hubs as (address, tier) by site, control's inner address, the rules' files."""
    targets = [{"targets": [address], "labels": {"site": site, "tier": tier}} for site, (address, tier) in hubs.items()]
    return text({
        "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": f"{SCRAPE_SECONDS}s"},
        "rule_files": list(rules),
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [
            {"job_name": "hub", "static_configs": targets, "sample_limit": 50_000,
             "metric_relabel_configs": [{"source_labels": ["instance"], "action": "keep", "regex": ".*"}]},
            {"job_name": "control", "static_configs": [{"targets": [control]}]},
        ],
    })  # fmt: skip


def alertmanager_config() -> str:
    """Return alertmanager.yml: grouped by site; no receiver leaves the machine until an operator names one."""
    return text({
        "route": {"receiver": "console", "group_by": ["alertname", "site"], "group_wait": "30s", "group_interval": "5m",
                  "repeat_interval": "4h"},
        "receivers": [{"name": "console"}],
    })  # fmt: skip
