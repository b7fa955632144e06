"""A sound world as probes report it, and one planted fault a check; the overlap table is made from these."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from yiwang.definition.checks import checks
from yiwang.inspections.judging import judge
from yiwang.model.inspection import Observation, Target, Verdict

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
World = dict[str, dict[str, Any]]
ROLE = {"login": True, "super": False, "bypass": False, "replication": False, "createdb": False}
ADVISORY = {
    "id": "PYSEC-1",
    "aliases": ["CVE-2026-1"],
    "ecosystem": "PyPI",
    "package": "httpx",
    "ranges": [{"introduced": "0", "fixed": "0.29"}],
}
GO_ADVISORY = {
    "id": "GO-1",
    "aliases": ["CVE-2026-2"],
    "ecosystem": "Go",
    "package": "nats",
    "ranges": [{"introduced": "2.0.0"}],
}


def sound() -> World:
    """Return facts without a fault."""
    return {
        "accounts": {"accounts": [{"name": "root", "uid": 0, "hash": "locked"}, {"name": "ops", "uid": 1000, "hash": "y"}]},
        "ssh": {"effective": {"permitrootlogin": "no", "permitemptypasswords": "no", "ciphers": "aes256-gcm@openssh.com"}},
        "updates": {"pending": [], "lists_at": int(NOW.timestamp()) - 3600},
        "cryptography": {
            "sm3_abc": "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0", "sm4_block": "aB7fNNIGll6Gs+lPU25CRg==",
        },
        "listeners": {"here": [80], "everywhere": [], "declared": [80, 81]},
        "integrity": {"files": 9, "drift": []},
        "audit": {"rows": 3, "broken": None},
        "default_passwords": {"tried": 12, "opened": [], "trusting": []},
        "weak_passwords": {"roles": 2, "words": 20, "weak": [], "old_method": []},
        "roles": {"roles": [{"name": "postgres", **ROLE, "super": True}, {"name": "hub", **ROLE}], "expected": ["postgres"]},
        "grants": {"public": [], "audit_writers": []},
        "duties": {"people": [{"login": "a", "duties": ["system", "business"]}]},
        "certificate": {"version": "TLSv1.3", "older": None, "ends_at": int(NOW.timestamp()) + 86400 * 60},
        "secrets": {"secrets": 3, "files": 4, "found": [], "readable_by_others": []},
        "people": {"files": 4, "found": []},
        "doors": {"answers": [{"path": "/healthz", "bare": 200, "forged": 200}, {"path": "/api/x", "bare": 401, "forged": 401}],
                  "open": ["/healthz"]},
        "sizes": {"large": 413, "deep": 422, "after": 200},
        "messages": {"answer": "-ERR 'Authorization Violation'"},
        "dependencies": {"as_of": "2026-11-20", "advisories": [], "exploited": [],
                         "locked": {"httpx": "0.28.1"}, "programs": {"nats": "2.15.1"}},
    }  # fmt: skip


PLANTED: dict[str, Callable[[World], Any]] = {
    "SC-01": lambda w: w["accounts"]["accounts"].append({"name": "toor", "uid": 0, "hash": "empty"}),
    "SC-04": lambda w: w["ssh"]["effective"].update(permitrootlogin="yes"),
    "SC-06": lambda w: w["listeners"]["here"].append(4444),
    "SC-08": lambda w: w["integrity"]["drift"].append("changed venv/x.py"),
    "SC-10": lambda w: w["audit"].update(broken={"n": 2, "reason": "digest"}),
    "SC-13": lambda w: w["default_passwords"]["opened"].append("postgres"),
    "VS-01": lambda w: w["dependencies"]["advisories"].append(ADVISORY),
    "VS-03": lambda w: w["dependencies"]["advisories"].append(GO_ADVISORY),
    "VS-04": lambda w: w["updates"]["pending"].append("openssl"),
    "VS-05": lambda w: w["dependencies"].update(advisories=[ADVISORY], exploited=["CVE-2026-1"]),
    "VS-08": lambda w: w["certificate"].update(older="TLSv1.2"),
    "VS-09": lambda w: w["secrets"]["found"].append({"file": "log/hub.log", "secret": "postgres"}),
    "AT-02": lambda w: w["doors"]["answers"].append({"path": "/api/y", "bare": 401, "forged": 200}),
    "AT-04": lambda w: w["sizes"].update(large=500),
    "RA-02": lambda w: w["roles"]["roles"][1].update(bypass=True),
    "PT-01": lambda w: w["weak_passwords"]["weak"].append("hub"),
    "PT-05": lambda w: w["messages"].update(answer="PONG"),
    "DS-04": lambda w: w["grants"]["public"].append("kit.audit SELECT"),
    "MV-02": lambda w: w["people"]["found"].append({"file": "log/hub.log", "citizens": 1, "mobiles": 0}),
    "ML-03": lambda w: w["cryptography"].update(sm4_block="AAAA"),
    "ML-04": lambda w: w["duties"]["people"].append({"login": "b", "duties": ["audit", "security"]}),
}


def planted(check: str) -> World:
    """Return a sound world with one check's fault in it."""
    world = copy.deepcopy(sound())
    PLANTED[check](world)
    return world


def verdicts(world: World) -> dict[str, Verdict]:
    """Return every check's verdict on a world."""
    return {c.id: judge(c, Target(c.target, "t"), Observation(world[c.probe]), NOW).verdict for c in checks()}


def red(world: World) -> list[str]:
    """Return the checks that fail."""
    return [check for check, verdict in verdicts(world).items() if verdict is Verdict.FAIL]
