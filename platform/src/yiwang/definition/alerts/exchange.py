"""What travels between sites: links, queues, parked envelopes, attachments."""

from __future__ import annotations

from yiwang.model.monitoring import AlertSpec, Case, Owner, Severity

LINK = {"job": "hub", "site": "441721", "peer": "441700"}
SERIES = '{job="hub", site="441721", peer="441700"}'

ALERTS = (
    AlertSpec(
        name="LinkDown",
        title_zh="上下级链路中断",
        title_en="a link between sites is down",
        expr="kit_exchange_link_up == 0",
        hold="10m",
        severity=Severity.TICKET,
        owner=Owner.OPERATIONS,
        meaning_zh="与该站点的链路已中断十分钟；工单在本地排队，不会丢失。",
        meaning_en="The link has been down for ten minutes; orders queue here and nothing is lost.",
        look=("yiwang exchange links <site>",),
        act=(
            "先看对端是否在运行：`yiwang status`。/ See whether the neighbour runs.",
            "再查网络与端口 7423。/ Then the network and port 7423.",
            "长时间不通可改用介质：`yiwang exchange export`。/ For long outages carry a stick.",
        ),
        firing=Case(minutes=15, series={f"kit_exchange_link_up{SERIES}": "1 0x20"}, fires=(LINK,)),
        silent=Case(minutes=15, series={f"kit_exchange_link_up{SERIES}": "1x5 0x3 1x10"}),
    ),
    AlertSpec(
        name="ExchangeOld",
        title_zh="报文积压超过一小时",
        title_en="envelopes have waited for an hour",
        expr="kit_exchange_oldest_queued_seconds > 3600",
        hold="5m",
        severity=Severity.PAGE,
        owner=Owner.OPERATIONS,
        meaning_zh="有报文等待超过一小时，上下级看到的工单已不一致。",
        meaning_en="An envelope has waited for more than an hour: the tiers see different orders.",
        look=("yiwang exchange links <site>",),
        act=(
            "按 LinkDown 处理；链路正常而仍积压时看枢纽日志中的 relay。/ As for LinkDown; if the link is up, read the relay's log lines.",
        ),
        firing=Case(minutes=90, series={f"kit_exchange_oldest_queued_seconds{SERIES}": "0+60x100"}, fires=(LINK,)),
        silent=Case(minutes=90, series={f"kit_exchange_oldest_queued_seconds{SERIES}": "30x100"}),
    ),
    AlertSpec(
        name="ExchangeGrowing",
        title_zh="报文积压持续增长",
        title_en="the queue to a neighbour grows",
        expr="kit_exchange_queued > 1000 and deriv(kit_exchange_queued[30m]) > 0",
        hold="15m",
        severity=Severity.TICKET,
        owner=Owner.OPERATIONS,
        meaning_zh="排队超过一千条且仍在增长：发送跟不上产生。",
        meaning_en="More than a thousand envelopes wait and the number grows: sending does not keep up.",
        look=("yiwang exchange links <site>",),
        act=("看对端负载与磁盘；必要时暂停批量导入。/ Look at the neighbour's load and disk; pause bulk work.",),
        firing=Case(minutes=60, series={f"kit_exchange_queued{SERIES}": "0+100x90"}, fires=(LINK,)),
        silent=Case(minutes=60, series={f"kit_exchange_queued{SERIES}": "5000-50x90"}),
    ),
    AlertSpec(
        name="EnvelopeParked",
        title_zh="有报文被搁置",
        title_en="an envelope is parked",
        expr="kit_exchange_parked > 0",
        hold="5m",
        severity=Severity.TICKET,
        owner=Owner.OPERATIONS,
        meaning_zh="收到的报文不能应用；同一工单的后续报文在它后面等待。",
        meaning_en="A received envelope can't be applied; later ones of the same order wait behind it.",
        look=("yiwang exchange parked <site>",),
        act=(
            "读原因；升级或更正数据后重试，确认无用才跳过，两者都会留痕。"
            "/ Read the reason; retry after the cause is gone, skip only what is known to be useless; both are audited.",
        ),
        firing=Case(minutes=10, series={f"kit_exchange_parked{SERIES}": "0 1x20"}, fires=(LINK,)),
        silent=Case(minutes=10, series={f"kit_exchange_parked{SERIES}": "0x20"}),
    ),
    AlertSpec(
        name="AttachmentsLate",
        title_zh="附件迟迟未到",
        title_en="attachments don't arrive",
        expr="min_over_time(kit_exchange_attachments_awaited[6h]) > 0",
        hold="0m",
        severity=Severity.TICKET,
        owner=Owner.OPERATIONS,
        meaning_zh="六小时内一直有附件未取到。",
        meaning_en="For six hours some attachment has been missing.",
        look=("yiwang exchange links <site>",),
        act=(
            "看链路与对端附件目录；断点会自行续传。/ Look at the link and the neighbour's attachments; pulling resumes by itself.",
        ),
        firing=Case(minutes=400, series={f"kit_exchange_attachments_awaited{SERIES}": "3x420"}, fires=(LINK,)),
        silent=Case(minutes=400, series={f"kit_exchange_attachments_awaited{SERIES}": "3x100 0 2x320"}),
    ),
)
