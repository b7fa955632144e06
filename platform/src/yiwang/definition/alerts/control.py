"""What control sees of all sites: versions, proofs, certificates, rollouts, and control itself."""

from __future__ import annotations

from yiwang.model.monitoring import AlertSpec, Case, Owner, Severity

CONTROL = '{job="control"}'
SITE = {"job": "control", "of": "441721"}
SERIES = '{job="control", of="441721"}'


def state(name: str) -> str:
    """Return the series of a site in one state of the matrix."""
    return f'yiwang_site_state{{job="control", of="441721", state="{name}"}}'


def in_state(name: str) -> dict[str, str]:
    """Return the labels of an alert about it."""
    return {**SITE, "state": name}


ALERTS = (
    AlertSpec(
        name="ControlDown",
        title_zh="管控不应答",
        title_en="control does not answer",
        expr='up{job="control"} == 0 or absent(up{job="control"})',
        hold="5m",
        severity=Severity.TICKET,
        owner=Owner.OPERATIONS,
        tiers="control",
        meaning_zh="管控不应答：站点照常工作，但不能升级，也没有新的证明。",
        meaning_en="Control does not answer: sites work on, but nothing can be upgraded and no proof arrives.",
        look=("yiwang control status",),
        act=("`yiwang up` 会启动它。/ `yiwang up` starts it.",),
        firing=Case(minutes=10, series={f"up{CONTROL}": "1 0x20"}, fires=({"job": "control"},)),
        silent=Case(minutes=10, series={f"up{CONTROL}": "1x20"}),
    ),
    AlertSpec(
        name="ControlObserving",
        title_zh="管控只观察、不决定",
        title_en="control only observes",
        expr="yiwang_control_observing == 1",
        hold="0m",
        severity=Severity.PAGE,
        owner=Owner.RELEASE,
        tiers="control",
        meaning_zh="管控恢复过，或有站点知道得比它多；须由操作员确认后才继续决定。",
        meaning_en="Control was restored, or a site knows more than it does; an operator must look before it decides again.",
        look=("yiwang control status",),
        act=(
            "核对版本矩阵与推广记录，再 `yiwang control act`。/ Compare the matrix and the journal, then let it act again.",
        ),
        firing=Case(minutes=2, series={f"yiwang_control_observing{CONTROL}": "1x5"}, fires=({"job": "control"},)),
        silent=Case(minutes=2, series={f"yiwang_control_observing{CONTROL}": "0x5"}),
    ),
    AlertSpec(
        name="SiteDrifted",
        title_zh="站点内容漂移",
        title_en="a site drifted",
        expr='yiwang_site_state{state="drifted"} == 1',
        hold="5m",
        severity=Severity.PAGE,
        owner=Owner.SECURITY,
        tiers="control",
        meaning_zh="站点磁盘上或进程加载的内容与签名的发布不同。",
        meaning_en="What lies on a site's disk, or what its processes loaded, is not what was signed.",
        look=("yiwang consistency",),
        act=(
            "先查明是谁改的（审计、登录记录），再 `yiwang site reinstall <site>`。/ Find out who changed it first, then reinstall.",
        ),
        firing=Case(minutes=10, series={state("drifted"): "0 1x20"}, fires=(in_state("drifted"),)),
        silent=Case(minutes=10, series={state("drifted"): "0x20", state("same"): "1x20"}),
    ),
    AlertSpec(
        name="SiteUnproven",
        title_zh="站点证明过期",
        title_en="a site's proof has expired",
        expr='yiwang_site_state{state="stale"} == 1',
        hold="30m",
        severity=Severity.TICKET,
        owner=Owner.RELEASE,
        tiers="control",
        meaning_zh="站点不再提供有效证明：版本未知，不计为一致。",
        meaning_en="The site gives no valid proof any more: its version is unknown, and not counted as same.",
        look=("yiwang consistency --prove",),
        act=(
            "看代理：`yiwang status`；它的日志在 `sites/<site>/log/agent.log`。/ Look at its agent and the agent's log.",
        ),
        firing=Case(minutes=40, series={state("stale"): "1x60"}, fires=(in_state("stale"),)),
        silent=Case(minutes=40, series={state("stale"): "1x5 0x60"}),
    ),
    AlertSpec(
        name="SiteBehind",
        title_zh="站点版本落后超过一天",
        title_en="a site has been behind for a day",
        expr='yiwang_site_state{state="behind"} == 1',
        hold="1d",
        severity=Severity.TICKET,
        owner=Owner.RELEASE,
        tiers="control",
        meaning_zh="指派的版本一天仍未装上。",
        meaning_en="The release that the site was told to run has not arrived for a day.",
        look=("yiwang rollout status", "yiwang consistency"),
        act=("看推广为何停下：窗口、保留、失败。/ See why the rollout stopped: window, hold, failure.",),
        firing=Case(minutes=1500, series={state("behind"): "1x1600"}, fires=(in_state("behind"),)),
        silent=Case(minutes=1500, series={state("behind"): "1x600 0x1000"}),
    ),
    AlertSpec(
        name="SiteSilent",
        title_zh="站点失联",
        title_en="a site is silent",
        expr="yiwang_site_seen_age_seconds > 900",
        hold="5m",
        severity=Severity.TICKET,
        owner=Owner.OPERATIONS,
        tiers="control",
        meaning_zh="代理十五分钟没有联系管控。站点本身可能仍在正常工作。",
        meaning_en="The agent has not called for fifteen minutes. The site itself may work well.",
        look=("yiwang status",),
        act=("检查站点到管控的网络与代理进程。/ Look at the network towards control and at the agent.",),
        firing=Case(minutes=30, series={f"yiwang_site_seen_age_seconds{SERIES}": "0+60x40"}, fires=(SITE,)),
        silent=Case(minutes=30, series={f"yiwang_site_seen_age_seconds{SERIES}": "20x40"}),
    ),
    AlertSpec(
        name="CertificateEnding",
        title_zh="站点证书将到期",
        title_en="a site's certificate ends soon",
        expr="yiwang_site_certificate_seconds < 15 * 86400",
        hold="1h",
        severity=Severity.TICKET,
        owner=Owner.SECURITY,
        tiers="control",
        meaning_zh="证书在三分之二期限时应自动续期；现在只剩不到十五天。",
        meaning_en="A certificate renews itself at two thirds of its life; this one has less than fifteen days left.",
        look=("yiwang consistency",),
        act=(
            "看代理日志中的续期错误；必要时 `yiwang site re-enrol <site>`。/ Read why the agent did not renew; re-enrol if need be.",
        ),
        firing=Case(minutes=90, series={f"yiwang_site_certificate_seconds{SERIES}": "864000x100"}, fires=(SITE,)),
        silent=Case(minutes=90, series={f"yiwang_site_certificate_seconds{SERIES}": "5000000x100"}),
    ),
    AlertSpec(
        name="CertificateEnds",
        title_zh="站点证书三天内到期",
        title_en="a site's certificate ends within three days",
        expr="yiwang_site_certificate_seconds < 3 * 86400",
        hold="5m",
        severity=Severity.PAGE,
        owner=Owner.SECURITY,
        tiers="control",
        meaning_zh="到期后该站点的链路与代理将被拒绝。",
        meaning_en="After its end the site's link and agent are refused.",
        look=("yiwang consistency",),
        act=("`yiwang site re-enrol <site>`。/ Re-enrol the site now.",),
        firing=Case(minutes=10, series={f"yiwang_site_certificate_seconds{SERIES}": "86400x20"}, fires=(SITE,)),
        silent=Case(minutes=10, series={f"yiwang_site_certificate_seconds{SERIES}": "864000x20"}),
    ),
    AlertSpec(
        name="RolloutFailed",
        title_zh="推广中有站点失败",
        title_en="a site failed in a rollout",
        expr="yiwang_rollout_failed_sites > 0",
        hold="0m",
        severity=Severity.PAGE,
        owner=Owner.RELEASE,
        tiers="control",
        meaning_zh="进行中的推广有站点失败；失败的站点已自行回退，推广按预算停下或继续。",
        meaning_en="A site failed in a running rollout; it went back by itself, and the rollout stops or goes on by its budget.",
        look=("yiwang rollout status",),
        act=(
            "读失败原因；修复后重新计划，或 `yiwang rollout abort`。/ Read the reason; plan anew after the fix, or abort.",
        ),
        firing=Case(
            minutes=2,
            series={'yiwang_rollout_failed_sites{job="control", rollout="r20261123-1"}': "1x5"},
            fires=({"job": "control", "rollout": "r20261123-1"},),
        ),
        silent=Case(minutes=2, series={'yiwang_rollout_failed_sites{job="control", rollout="r20261123-1"}': "0x5"}),
    ),
)
