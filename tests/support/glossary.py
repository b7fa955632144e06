"""Reads docs/glossary.md: the words that names may be made of."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs/glossary.md"
MODEL = ROOT / "platform/src/yiwang/model"
FORM = "## Words that only say the form"


def words(text: str) -> set[str]:
    """Return the words that stand as identifiers in the first column of the tables, or in the list of form words."""
    tables, _, form = text.partition(FORM)
    cells = [line.split("|")[1] for line in tables.splitlines() if line.startswith("|")]
    terms = re.findall(r"`([^`]+)`", " ".join(cells) + form)
    return {singular(word) for term in terms for word in re.split(r"[ _-]", term.lower())}


def singular(word: str) -> str:
    """Return a word without the s of its plural."""
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def names(folder: Path = MODEL) -> dict[str, str]:
    """Return the first docstring line of every public model, by `module.Name`."""
    found = {}
    for path in sorted(folder.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[f"{path.stem}.{node.name}"] = (ast.get_docstring(node) or "").partition("\n")[0]
    return found


def unknown(name: str, known: set[str]) -> list[str]:
    """Return the words of a CamelCase name that are not known."""
    parts = re.findall(r"[A-Z][a-z0-9]*", name.rpartition(".")[2])
    return [part for part in parts if singular(part.lower()) not in known]
