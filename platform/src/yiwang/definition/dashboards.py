"""Three dashboards as data: the requests of every site (RED), what its machine has left (USE), and the work itself."""

from __future__ import annotations

from yiwang.model.monitoring import DashboardSpec, PanelSpec

DASHBOARDS = (
    DashboardSpec(
        name="requests",
        title_zh="请求",
        title_en="requests",
        panels=(
            PanelSpec(name="rate", title_zh="每秒请求", title_en="requests a second", unit="reqps", legend="{{site}}",
                      query="sum by (site) (rate(kit_requests_total[5m]))"),
            PanelSpec(name="errors", title_zh="服务器错误占比", title_en="share of server errors", unit="percentunit",
                      legend="{{site}}", query="site:answered:bad_ratio_5m"),
            PanelSpec(name="p95", title_zh="九成五请求的时长", title_en="seconds of 95 % of requests", unit="s", legend="{{site}}",
                      query="histogram_quantile(0.95, sum by (site, le) (rate(kit_request_seconds_bucket[5m])))"),
            PanelSpec(name="slowest", title_zh="最慢的路由", title_en="slowest routes", unit="s", legend="{{route}}",
                      query="topk(5, sum by (route) (rate(kit_request_seconds_sum[15m])) "
                            "/ (sum by (route) (rate(kit_request_seconds_count[15m])) > 0))"),
        ),
    ),
    DashboardSpec(
        name="sites",
        title_zh="站点",
        title_en="sites",
        panels=(
            PanelSpec(name="up", title_zh="枢纽应答", title_en="hubs that answer", legend="{{site}}", query='up{job="hub"}'),
            PanelSpec(name="state", title_zh="版本状态", title_en="state of versions", legend="{{of}} {{state}}",
                      query="yiwang_site_state == 1"),
            PanelSpec(name="links", title_zh="链路", title_en="links", legend="{{site}} → {{peer}}", query="kit_exchange_link_up"),
            PanelSpec(name="queued", title_zh="排队报文", title_en="envelopes queued", legend="{{site}} → {{peer}}",
                      query="kit_exchange_queued"),
            PanelSpec(name="disk", title_zh="磁盘剩余", title_en="disk left", unit="percentunit", legend="{{site}}",
                      query="kit_disk_free_ratio"),
            PanelSpec(name="memory", title_zh="枢纽内存", title_en="memory of hubs", unit="bytes", legend="{{site}}",
                      query='process_resident_memory_bytes{job="hub"}'),
            PanelSpec(name="cpu", title_zh="枢纽处理器", title_en="processor of hubs", unit="percentunit", legend="{{site}}",
                      query='rate(process_cpu_seconds_total{job="hub"}[5m])'),
            PanelSpec(name="database", title_zh="数据库大小", title_en="size of databases", unit="bytes", legend="{{site}}",
                      query="kit_database_bytes"),
        ),
    ),
    DashboardSpec(
        name="work",
        title_zh="业务",
        title_en="the work",
        panels=(
            PanelSpec(name="open", title_zh="在办工单", title_en="orders open", legend="{{site}}", query="collaboration_orders_open"),
            PanelSpec(name="late", title_zh="超期工单", title_en="orders late", legend="{{site}}", query="collaboration_orders_overdue"),
            PanelSpec(name="intake", title_zh="每小时登记", title_en="orders taken in an hour", legend="{{site}} {{channel}}",
                      query="sum by (site, channel) (increase(collaboration_orders_total[1h]))"),
            PanelSpec(name="actions", title_zh="每小时办理", title_en="actions an hour", legend="{{action}}",
                      query="sum by (action) (increase(collaboration_actions_total[1h]))"),
        ),
    ),
)  # fmt: skip
