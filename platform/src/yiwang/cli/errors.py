"""How an error looks to a person: what · where · expected · next command, in Chinese with English beside."""

from __future__ import annotations

import json
import sys
from unicodedata import east_asian_width

from yiwang.errors import DefinitionError, YiwangError

LABELS = {
    "what": "问题 what",
    "where": "位置 where",
    "key": "键 key",
    "expected": "应为 expected",
    "who": "可批准者 who",
    "since": "自 since",
    "id": "编号 id",
    "next": "下一步 next",
}


def report(error: YiwangError, *, as_json: bool = False) -> int:
    """Print an error to stderr (as JSON to stdout when asked for) and return the exit code."""
    if as_json:
        sys.stdout.write(json.dumps(error.to_json(), ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stderr.write("\n\n".join(blocks(error)) + "\n")
    return int(error.exit_code)


def blocks(error: YiwangError) -> list[str]:
    """Return one block of text a problem."""
    errors = [error, *error.others] if isinstance(error, DefinitionError) else [error]
    return [_block(item) for item in errors]


def _block(error: YiwangError) -> str:
    """Return the block of one problem; labels are aligned by their width on screen."""
    title_zh, title_en = error.title
    facts = error.facts() | {"next": error.next}
    width = max(_cells(LABELS[name]) for name in facts)
    lines = [f"  {LABELS[name]}{' ' * (width - _cells(LABELS[name]))}  {text}" for name, text in facts.items()]
    return "\n".join([f"错误 {title_zh} · {title_en}", *lines])


def _cells(text: str) -> int:
    """Return how many columns a text takes: Chinese characters take two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
