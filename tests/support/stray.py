"""Finds constants that stand outside the definition: ports, versions, and decisions by a tier's name.

Each finding says what to write instead; the rule is tested on samples in tests/architecture/test_stray_constants.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """What is looked for. 检查规则。"""

    ports: frozenset[int]
    versions: frozenset[str]
    tiers: frozenset[str]


@dataclass(frozen=True)
class Finding:
    """One stray constant. 游离常量。"""

    line: int
    what: str
    instead: str

    def __str__(self) -> str:
        return f"{self.line}: {self.what}; write instead: {self.instead}"


def stray(source: str, rules: Rules) -> list[Finding]:
    """Return every stray constant of a module, in the order of its lines."""
    tree = ast.parse(source)
    prose = _docstrings(tree)
    found = [item for node in ast.walk(tree) if id(node) not in prose for item in _judge(node, rules)]
    return sorted(found, key=lambda finding: finding.line)


def _judge(node: ast.AST, rules: Rules) -> Iterator[Finding]:
    """Yield what is wrong with one node."""
    if isinstance(node, ast.Constant):
        yield from _constant(node, rules)
    elif isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        if any(_names_a_tier(side) for side in sides) and any(_says(side, rules.tiers) for side in sides):
            yield Finding(node.lineno, f"a decision by tier: {ast.unparse(node)}", "a field of TierSpec or ServiceSpec")
    elif isinstance(node, ast.Match) and _names_a_tier(node.subject):
        yield Finding(node.lineno, f"a match over tiers: {ast.unparse(node.subject)}", "a field of TierSpec")


def _constant(node: ast.Constant, rules: Rules) -> Iterator[Finding]:
    """Yield a port or version that stands here as a number or inside a text."""
    if isinstance(node.value, int) and not isinstance(node.value, bool) and node.value in rules.ports:
        yield Finding(node.lineno, f"port {node.value}", 'distribution().port("…")')
    if not isinstance(node.value, str):
        return
    for port in sorted(rules.ports):
        if re.search(rf"(?<!\d){port}(?!\d)", node.value):
            yield Finding(node.lineno, f"port {port} in {node.value!r}", 'distribution().port("…")')
    for version in sorted(rules.versions):
        if re.search(rf"(?<![\d.]){re.escape(version)}(?![\d.])", node.value):
            yield Finding(node.lineno, f"version {version} in {node.value!r}", "distribution().engine(…).version")


def _names_a_tier(node: ast.AST) -> bool:
    """Whether an expression is somebody's tier."""
    if isinstance(node, ast.Attribute):
        return node.attr == "tier"
    if isinstance(node, ast.Name):
        return node.id == "tier"
    return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value == "tier"


def _says(node: ast.AST, words: Collection[str]) -> bool:
    """Whether an expression spells out one of the words."""
    return any(isinstance(part, ast.Constant) and part.value in words for part in ast.walk(node))


def _docstrings(tree: ast.Module) -> set[int]:
    """Return the nodes that are prose: a string that stands as a statement of its own."""
    return {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
