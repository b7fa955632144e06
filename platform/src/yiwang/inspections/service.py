"""Judgements on a site's doors, files and logs."""

from __future__ import annotations

from datetime import UTC, datetime

from yiwang.inspections.saying import by_faults
from yiwang.model.inspection import Facts, Fault, Judgement, Verdict

OK, MULTIPLE, SENDERS_FAULT, SERVER_FAULT = 200, 300, 400, 500
CERTIFICATE_DAYS = 7
NEWEST_TLS = "TLSv1.3"


def listeners(facts: Facts, _: datetime) -> Judgement:
    """Only declared ports listen at the site's address, and none of them listens everywhere."""
    if not facts["here"]:
        return Judgement(Verdict.ERROR, "站点没有监听端口 / the site does not listen at all")
    faults = [
        Fault(f"port {port}", "未申报的监听 / listens undeclared")
        for port in facts["here"]
        if port not in facts["declared"]
    ]
    faults += [
        Fault(f"port {port} everywhere", "监听所有地址 / listens at every address") for port in facts["everywhere"]
    ]
    return by_faults(faults, f"{len(facts['here'])} 个端口 / ports")


def integrity(facts: Facts, _: datetime) -> Judgement:
    """The running release is, file by file, what was staged."""
    if not facts["files"]:
        return Judgement(Verdict.ERROR, "没有文件 / no files were hashed")
    return by_faults(
        [Fault(row, "与封存清单不符 / not what was sealed") for row in facts["drift"]],
        f"{facts['files']} 个文件 / files",
    )


def audit(facts: Facts, _: datetime) -> Judgement:
    """The audit chain holds from its first row."""
    broken = facts["broken"]
    faults = [Fault(f"row {broken['n']}", f"审计链断裂 / the chain is broken: {broken['reason']}")] if broken else []
    return by_faults(faults, f"{int(facts['rows'])} 行 / rows")


def doors(facts: Facts, _: datetime) -> Judgement:
    """No documented operation answers a visitor, nor an unsigned token, unless it is declared open."""
    answers = facts["answers"]
    if not answers:
        return Judgement(Verdict.ERROR, "没有接口 / no operation was found")
    faults = []
    for row in answers:
        declared = any(
            row["path"] == door or (door.endswith("/") and row["path"].startswith(door)) for door in facts["open"]
        )
        for how in ("bare", "forged"):
            if row[how] >= SERVER_FAULT:
                faults.append(Fault(f"GET {row['path']} {how}", f"服务器错误 / answered {row[how]}"))
            elif OK <= row[how] < MULTIPLE and not declared:
                faults.append(Fault(f"GET {row['path']} {how}", "未认证可读 / answers without a valid token"))
    return by_faults(faults, f"{len(answers)} 个接口 / operations")


def sizes(facts: Facts, _: datetime) -> Judgement:
    """Hostile bodies are refused as the sender's mistake, by an answer or by hanging up (0), and the hub stays up."""
    faults = [
        Fault(f"body {name}", f"应答 / answered {facts[name]}")
        for name in ("large", "deep")
        if facts[name] and not SENDERS_FAULT <= facts[name] < SERVER_FAULT
    ]
    if facts["after"] != OK:
        faults.append(Fault("hub", f"随后不健康 / not healthy afterwards: {facts['after']}"))
    return by_faults(faults, f"large {facts['large']}, deep {facts['deep']}")


def messages(facts: Facts, _: datetime) -> Judgement:
    """A stranger is turned away by the message server."""
    answer = facts["answer"]
    if answer.startswith("-ERR") and "uthorization" in answer:
        return Judgement(Verdict.PASS, answer)
    if answer.startswith(("PONG", "MSG", "+OK")):
        return by_faults(
            [Fault("nats anonymous", "匿名可订阅全部主题 / a stranger may subscribe to everything")], answer
        )
    return Judgement(Verdict.ERROR, f"应答无法判定 / an answer that says nothing: {answer[:80]!r}")


def certificate(facts: Facts, now: datetime) -> Judgement:
    """TLS 1.3 and nothing older, with a certificate that lasts."""
    faults = []
    if facts["version"] != NEWEST_TLS or facts["older"]:
        faults.append(
            Fault("protocol", f"允许旧协议 / older protocols are spoken: {facts['older'] or facts['version']}")
        )
    days = (datetime.fromtimestamp(facts["ends_at"], UTC) - now).days
    if days < CERTIFICATE_DAYS:
        faults.append(Fault("certificate", f"证书还剩 {days} 天 / ends in {days} days"))
    return by_faults(faults, f"{facts['version']}, {days} 天 / days")


def secrets(facts: Facts, _: datetime) -> Judgement:
    """No secret of the site stands in its logs or its pack, and nobody else may read the files."""
    if not facts["files"]:
        return Judgement(Verdict.ERROR, "没有可查找的文件 / no files were searched")
    faults = [
        Fault(f"{row['file']} {row['secret']}", "密钥出现在日志或配置包 / a secret stands in it")
        for row in facts["found"]
    ]
    faults += [Fault(f"secrets/{name}", "他人可读 / readable by others") for name in facts["readable_by_others"]]
    return by_faults(faults, f"{facts['secrets']} 个密钥，{facts['files']} 个文件 / secrets, files")


def people(facts: Facts, _: datetime) -> Judgement:
    """No telephone and no identity number stands in a log."""
    if not facts["files"]:
        return Judgement(Verdict.ERROR, "没有日志 / no logs were searched")
    faults = [
        Fault(row["file"], f"未脱敏：身份证 {row['citizens']}，手机 {row['mobiles']} / unmasked numbers")
        for row in facts["found"]
    ]
    return by_faults(faults, f"{facts['files']} 个日志 / logs")


JUDGES = {
    "SC-06": listeners, "SC-08": integrity, "SC-10": audit, "AT-02": doors, "AT-04": sizes, "PT-05": messages,
    "VS-08": certificate, "VS-09": secrets, "MV-02": people,
}  # fmt: skip
