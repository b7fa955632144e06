"""Judgements on a site's database: passwords, roles, grants, separated duties."""

from __future__ import annotations

from datetime import datetime

from yiwang.inspections.saying import by_faults
from yiwang.model.inspection import Facts, Fault, Judgement, Verdict

SEPARATE = frozenset({"system", "audit", "security"})


def default_passwords(facts: Facts, _: datetime) -> Judgement:
    """Nobody gets in with what everybody tries first, and nobody without a password."""
    if not facts["tried"]:
        return Judgement(Verdict.ERROR, "没有尝试任何口令 / no password was tried")
    faults = [Fault(f"role {name}", "默认口令可登录 / a default password signs in") for name in facts["opened"]]
    faults += [
        Fault(f"pg_hba {rule['type']} {rule['address'] or 'socket'}", f"认证方式过弱 / weak method: {rule['method']}")
        for rule in facts["trusting"]
    ]
    return by_faults(faults, f"尝试 {facts['tried']} 组口令 / tried")


def weak_passwords(facts: Facts, _: datetime) -> Judgement:
    """No verifier answers to a word of the dictionary, and none is kept by an old method."""
    if not facts["roles"] or not facts["words"]:
        return Judgement(Verdict.ERROR, "没有可试的口令 / nothing to try")
    faults = [Fault(f"role {name}", "弱口令 / a word of the dictionary is its password") for name in facts["weak"]]
    faults += [Fault(f"role {name}", "口令保存方式过旧 / kept by an old method") for name in facts["old_method"]]
    return by_faults(faults, f"{facts['roles']} 个角色 × {facts['words']} 个词 / roles × words")


def roles(facts: Facts, _: datetime) -> Judgement:
    """Only the engine's own superuser may everything."""
    rows = facts["roles"]
    if not rows:
        return Judgement(Verdict.ERROR, "没有角色 / no roles were listed")
    faults = [
        Fault(f"role {row['name']} {power}", "权限过大 / holds more than it needs")
        for row in rows
        for power in ("super", "bypass", "replication", "createdb")
        if row[power] and row["name"] not in facts["expected"]
    ]
    return by_faults(faults, f"{len(rows)} 个角色 / roles")


def grants(facts: Facts, _: datetime) -> Judgement:
    """Nothing is granted to everybody, and nobody but its owner may change the audit trail."""
    faults = [Fault(f"PUBLIC {grant}", "授予所有人 / granted to everybody") for grant in facts["public"]]
    faults += [
        Fault(f"audit {grant}", "可改写审计记录 / may rewrite the audit trail") for grant in facts["audit_writers"]
    ]
    return by_faults(faults, "表级授权 / grants on tables")


def duties(facts: Facts, _: datetime) -> Judgement:
    """Nobody holds two of the three separated duties."""
    faults = [
        Fault(f"person {person['login']}", f"兼任 / holds {', '.join(sorted(SEPARATE & set(person['duties'])))}")
        for person in facts["people"]
        if len(SEPARATE & set(person["duties"])) > 1
    ]
    return by_faults(faults, f"{len(facts['people'])} 人 / people")


JUDGES = {"SC-13": default_passwords, "PT-01": weak_passwords, "RA-02": roles, "DS-04": grants, "ML-04": duties}
