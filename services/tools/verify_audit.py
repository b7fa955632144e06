#!/usr/bin/env python3
"""Verify an exported audit trail without any part of Yiwang: standard library only, for an auditor's own computer.

    python3 verify_audit.py audit-441721.jsonl [--head N:DIGEST]

Reads what GET /api/management/v1/audit/export.jsonl gave. Every line must hold the digest that follows from the line
before it and its own words: SM3(previous digest, canonical JSON of the line without its digest). The last line names the
head. `--head` is a head that somebody else kept (the tier above keeps them): the chain must pass through it.
Exit codes: 0 sound, 1 broken (says at which line), 2 usage, 4 this Python's OpenSSL has no SM3.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SOUND, BROKEN, NO_SM3 = 0, 1, 4
FIELDS = {"n", "at", "actor", "action", "object_type", "object_id", "detail", "digest"}
START = "0" * 64


class Break(Exception):
    """Where the chain does not hold, and why."""


def digest_of(previous: str, line: dict[str, Any]) -> str:
    """Return the digest that follows from the one before and a line's words."""
    words = {name: value for name, value in line.items() if name != "digest"}
    said = json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.new("sm3", bytes.fromhex(previous) + said.encode("utf-8")).hexdigest()


def parsed(number: int, text: str) -> dict[str, Any]:
    """Return one line of the file. Raises Break."""
    try:
        line = json.loads(text)
    except ValueError as error:
        raise Break(f"line {number} of the file is not JSON") from error
    if not isinstance(line, dict):
        raise Break(f"line {number} of the file is no object")
    return line


def walk(lines: Iterable[str], known: dict[int, str]) -> tuple[int, int]:
    """Follow the chain; return the first and the last number. Raises Break."""
    n, digest, first, head = 0, START, 1, None
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        if head is not None:
            raise Break(f"line {number} of the file stands behind the head")
        line = parsed(number, text)
        if "head" in line:
            head = line["head"]
        elif "from" in line and number == 1:
            n, digest = line["from"]["n"], line["from"]["digest"]
            first = n + 1
        else:
            digest = step(n, digest, line)
            n += 1
        if n in known and known[n] != digest:
            raise Break(f"row {n} is not the one whose digest was kept elsewhere: the trail was rewritten up to here")
    if head is None:
        raise Break(f"the head is missing: the file ends behind row {n}")
    if (head["n"], head["digest"]) != (n, digest):
        raise Break(
            f"the head is of row {head['n']}, the rows lead to row {n}: rows are missing or the head was changed"
        )
    return first, n


def step(n: int, digest: str, line: dict[str, Any]) -> str:
    """Return the digest after one row. Raises Break where the row is not the next one, or not as it was written."""
    if set(line) != FIELDS:
        raise Break(f"row {n + 1} has other fields than a row of the trail")
    if line["n"] != n + 1:
        raise Break(f"row {n + 1} is missing: row {line['n']} stands in its place")
    made = digest_of(digest, line)
    if made != line["digest"]:
        raise Break(f"row {n + 1} ({line['at']}, {line['actor']}, {line['action']}) is not as it was written")
    return made


def kept_head(text: str) -> tuple[int, str]:
    """Return a head from the command line."""
    number, _, digest = text.partition(":")
    if not number.isdigit() or len(digest) != len(START):
        raise argparse.ArgumentTypeError("expected N:DIGEST, 64 hexadecimal digits")
    return int(number), digest.lower()


def main(words: list[str]) -> int:
    """Say whether the trail is sound, or where it breaks."""
    parser = argparse.ArgumentParser(description="Verify an exported audit trail. 核验导出的审计链。")
    parser.add_argument("file", type=Path)
    parser.add_argument("--head", type=kept_head, action="append", default=[], help="N:DIGEST, kept by somebody else")
    asked = parser.parse_args(words)
    if "sm3" not in hashlib.algorithms_available:
        print(
            "此 Python 的 OpenSSL 不支持 SM3 / no SM3 here. Next: run it with a Python on OpenSSL 1.1.1 or newer",
            file=sys.stderr,
        )
        return NO_SM3
    try:
        with asked.file.open(encoding="utf-8", errors="surrogateescape") as lines:
            first, last = walk(lines, dict(asked.head))
        unseen = [n for n, _ in asked.head if not first <= n <= last]
        if unseen:
            raise Break(f"row {unseen[0]} of a kept head is not in this file")
    except (Break, KeyError, TypeError, ValueError) as found:
        print(f"审计链不完整 / broken: {found}", file=sys.stderr)
        return BROKEN
    except OSError as error:
        print(f"无法读取 / cannot read: {error}", file=sys.stderr)
        return 2
    print(f"审计链完整 / sound: rows {first} to {last}")
    return SOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
