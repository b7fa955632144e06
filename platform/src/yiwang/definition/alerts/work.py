"""The work itself: orders that are late, intake that stopped, indicators that went stale, refused sign-ins."""

from __future__ import annotations

from yiwang.model.monitoring import AlertSpec, Case, Owner, Severity

COUNTY = {"job": "hub", "site": "441721"}
SERIES = '{job="hub", site="441721"}'

ALERTS = (
    AlertSpec(
        name="OrdersLate",
        title_zh="超期工单过多",
        title_en="too many open orders are late",
        expr="collaboration_orders_overdue / collaboration_orders_open > 0.3 and collaboration_orders_open >= 20",
        hold="1h",
        severity=Severity.TICKET,
        owner=Owner.BUSINESS,
        meaning_zh="在办工单中超期的超过三成（在办少于二十件不告警）。",
        meaning_en="More than three in ten open orders are late (fewer than twenty open ones don't alarm).",
        look=("工单 → 筛选：超期 / Orders, filter: overdue",),
        act=("按承办单位看积压，催办或改派。/ See which units are behind; urge or assign anew.",),
        firing=Case(
            minutes=90,
            series={f"collaboration_orders_overdue{SERIES}": "40x100", f"collaboration_orders_open{SERIES}": "100x100"},
            fires=(COUNTY,),
        ),
        silent=Case(
            minutes=90,
            series={f"collaboration_orders_overdue{SERIES}": "4x100", f"collaboration_orders_open{SERIES}": "6x100"},
        ),
    ),
    AlertSpec(
        name="IntakeStopped",
        title_zh="登记中断",
        title_en="no order has been taken in",
        expr=(
            "sum by (job, site) (increase(collaboration_orders_total[6h])) == 0 "
            "and sum by (job, site) (increase(collaboration_orders_total[6h] offset 1d)) > 10"
        ),
        hold="30m",
        severity=Severity.TICKET,
        owner=Owner.BUSINESS,
        meaning_zh="六小时没有登记任何工单，而昨天同一时段超过十件：可能是渠道断了。",
        meaning_en="No order for six hours, where yesterday brought more than ten: a channel may be broken.",
        look=("工单 → 最新 / Orders, newest first",),
        act=("检查热线与公众渠道的对接；打不开登录页时见 HubDown。/ Look at the hotline and the public door.",),
        firing=Case(
            minutes=2200,
            series={'collaboration_orders_total{job="hub", site="441721", channel="hotline"}': "0+1x1440 1440x800"},
            fires=(COUNTY,),
        ),
        silent=Case(
            minutes=2200,
            series={'collaboration_orders_total{job="hub", site="441721", channel="hotline"}': "0x2240"},
        ),
    ),
    AlertSpec(
        name="IndicatorsStale",
        title_zh="指标未更新",
        title_en="indicators are not computed",
        expr="time() - indicator_data_time_seconds > 7200 and indicator_data_time_seconds > 0",
        hold="15m",
        severity=Severity.TICKET,
        owner=Owner.OPERATIONS,
        meaning_zh="指标两小时没有重新计算；界面上会显示为灰色。",
        meaning_en="Indicators have not been computed for two hours; pages show them grey.",
        look=("yiwang status",),
        act=("看枢纽日志中 indicator 的错误。/ Read the hub's log lines of the indicator service.",),
        firing=Case(minutes=180, series={f"indicator_data_time_seconds{SERIES}": "60x200"}, fires=(COUNTY,)),
        silent=Case(minutes=180, series={f"indicator_data_time_seconds{SERIES}": "60+60x200"}),
    ),
    AlertSpec(
        name="SignInsRefused",
        title_zh="大量登录失败",
        title_en="many sign-ins are refused",
        expr='sum by (job, site) (increase(management_sign_in_total{outcome=~"wrong|code|locked"}[10m])) > 50',
        hold="0m",
        severity=Severity.PAGE,
        owner=Owner.SECURITY,
        meaning_zh="十分钟内五十次以上登录失败，可能有人在试密码。",
        meaning_en="More than fifty refused sign-ins within ten minutes: somebody may be guessing passwords.",
        look=("审计 → 登录 / Audit, action: sign-in",),
        act=(
            "按地址查看，封禁来源；被锁定的账号由安全管理员解除。"
            "/ Find the address and block it; locked accounts are freed by the security duty.",
        ),
        firing=Case(
            minutes=15,
            series={'management_sign_in_total{job="hub", site="441721", outcome="wrong"}': "0+10x20"},
            fires=(COUNTY,),
        ),
        silent=Case(
            minutes=15,
            series={'management_sign_in_total{job="hub", site="441721", outcome="wrong"}': "0+1x20"},
        ),
    ),
)
