"""Judgements on a machine: accounts, SSH, pending security updates, cryptography."""

from __future__ import annotations

from datetime import UTC, datetime

from yiwang.inspections.saying import by_faults
from yiwang.model.inspection import Facts, Fault, Judgement, Verdict

WEAK_HASHES = frozenset({"empty", "des", "1", "2a"})
LISTS_OLDEST_DAYS = 30
WEAK_CIPHERS = ("3des", "arcfour", "-cbc", "blowfish")
SM3_OF_ABC = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
SM4_BLOCK = "aB7fNNIGll6Gs+lPU25CRg=="
"""The example of GB/T 32907: 681edf34 d206965e 86b3e94f 536e4246."""


def accounts(facts: Facts, _: datetime) -> Judgement:
    """No second superuser, no two accounts with one number, no password that is empty or badly kept."""
    rows = facts["accounts"]
    numbers = [row["uid"] for row in rows]
    faults = [
        Fault(f"account {row['name']}", "第二个超级用户 / a second superuser")
        for row in rows
        if row["uid"] == 0 and row["name"] != "root"
    ]
    faults += [
        Fault(f"account {row['name']}", f"用户号重复 / uid {row['uid']} is shared")
        for row in rows
        if row["uid"] != 0 and numbers.count(row["uid"]) > 1
    ]
    faults += [
        Fault(f"password {row['name']}", f"口令为空或算法过弱 / empty or weakly kept ({row['hash']})")
        for row in rows
        if row["hash"] in WEAK_HASHES
    ]
    return _unless_empty(rows, by_faults(faults, f"{len(rows)} 个账号 / accounts"))


def _unless_empty(rows: object, judgement: Judgement) -> Judgement:
    """An empty list proves nothing."""
    return judgement if rows else Judgement(Verdict.ERROR, "没有可判定的内容 / there was nothing to judge")


def ssh(facts: Facts, _: datetime) -> Judgement:
    """No password for root, no empty passwords, no broken ciphers."""
    said = facts["effective"]
    faults = []
    if said["permitrootlogin"] == "yes":
        faults.append(Fault("permitrootlogin", "允许 root 口令登录 / root may sign in with a password"))
    if said["permitemptypasswords"] == "yes":
        faults.append(Fault("permitemptypasswords", "允许空口令 / empty passwords are allowed"))
    weak = [name for name in said["ciphers"].split(",") if any(word in name for word in WEAK_CIPHERS)]
    faults += [Fault(f"cipher {name}", "算法过弱 / weak cipher") for name in weak]
    return by_faults(faults, "sshd -T")


def updates(facts: Facts, now: datetime) -> Judgement:
    """No security update waits; old package lists prove nothing."""
    age = (now - datetime.fromtimestamp(facts["lists_at"], UTC)).days
    if age > LISTS_OLDEST_DAYS:
        return Judgement(Verdict.STALE, f"软件包索引已 {age} 天 / the package lists are {age} days old")
    faults = [Fault(f"package {name}", "有待装安全更新 / a security update is pending") for name in facts["pending"]]
    return by_faults(faults, f"索引 {age} 天前 / lists {age} days old")


def cryptography(facts: Facts, _: datetime) -> Judgement:
    """SM3 and SM4 of this machine answer what the standards print."""
    faults = []
    if facts["sm3_abc"] != SM3_OF_ABC:
        faults.append(Fault("SM3", "与 GB/T 32905 示例不符 / differs from the standard's example"))
    if facts["sm4_block"] != SM4_BLOCK:
        faults.append(Fault("SM4", "与 GB/T 32907 示例不符 / differs from the standard's example"))
    return by_faults(faults, "SM3, SM4 已知答案 / known answers")


JUDGES = {"SC-01": accounts, "SC-04": ssh, "VS-04": updates, "ML-03": cryptography}
