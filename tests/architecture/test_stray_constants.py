"""Ports, versions and decisions by tier stand in the definition and nowhere else."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from support.stray import Rules, stray
from yiwang.definition import distribution

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = ROOT / "platform/src/yiwang/definition"
RELEASE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
RULES = Rules(
    ports=frozenset(port.number for port in distribution().ports),
    versions=frozenset(
        {RELEASE} | {version for e in distribution().engines for version in (e.version, e.package_version)}
    ),
    tiers=frozenset(tier.name for tier in distribution().tiers),
)
MODULES = sorted(
    path
    for folder in ("platform/src", "services/src")
    for path in (ROOT / folder).rglob("*.py")
    if DEFINITION not in path.parents
)


def test_no_port_version_or_decision_by_tier_stands_outside_the_definition() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{finding}"
        for path in MODULES
        for finding in stray(path.read_text(encoding="utf-8"), RULES)
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "listen(7080)",
        "url = 'http://127.0.0.1:7432/'",
        "folder = f'engines/postgres-18.4/{name}'",
        "if site.tier == 'county': pass",
        "if tier != 'province': pass",
        "x = row['tier'] in ('city', 'county')",
        "match site.tier:\n    case 'town': pass",
    ],
)
def test_a_stray_constant_is_found_and_the_finding_teaches(source: str) -> None:
    findings = stray(source, RULES)
    assert findings
    assert "write instead" in str(findings[0])


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    '''Listens on 7080, see ports.'''",
        "port = distribution().port('hub')",
        "number = 70800",
        "version = '118.42'",
        "if site.tier == wanted: pass",
        "names = {'county': '县'}",
        "ready = True",
    ],
)
def test_what_is_no_stray_constant_is_left_alone(source: str) -> None:
    assert stray(source, RULES) == []
