"""`make scan`: the source and what it depends on, looked at by five tools; exceptions are dated and stand in security/waivers.

bandit and ruff's S rules read the source, secrets are searched in every committed file, licences and advisories are those
of the locks that reach a site. An advisory feed comes as a file (`SCAN_FEED=…`); without one that part is 未完成, said
loudly, and never counted as passed.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from yiwang.inspections.code import packages
from yiwang.model.inspection import Verdict

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("platform/src", "services/src")
SHIPPED = ("hub", "agent", "control", "engines")
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]++)(?! *; [^\n]*win32)", re.MULTILINE)
"""Packages with their version; what only Windows needs reaches no site."""
SECRETS = {
    "private-key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}"),
    "aws-key": re.compile(r"(?<![A-Z0-9])AKIA[0-9A-Z]{16}(?![A-Z0-9])"),
    "token": re.compile(
        r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20}|xox[abp]-[0-9A-Za-z-]{20,})"
    ),
    "url-password": re.compile(r"[a-z]+://[^\s/:@'\"{}<>]+:[^\s/:@'\"{}<>$]{6,}@[a-z0-9.-]+\.[a-z]{2,}"),
}
PROGRAM_SECONDS = 90
Policy = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """One thing that a tool says. 扫描发现。"""

    tool: str
    rule: str
    path: str
    what: str


class NotRun(Exception):
    """A part that could not look; it is never counted as passed. 未完成。"""


def waived(found: Iterable[Found], waivers: Sequence[Policy], today: date) -> tuple[list[Found], list[str]]:
    """Return what no waiver covers, and what is wrong with the waivers themselves."""
    left, used, faults = [], set(), []
    for item in found:
        fitting = [
            n for n, w in enumerate(waivers) if (w["tool"], w["rule"], w["path"]) == (item.tool, item.rule, item.path)
        ]
        used.update(fitting)
        if not fitting:
            left.append(item)
    for n, waiver in enumerate(waivers):
        name = f"{waiver['tool']} {waiver['rule']} {waiver['path']}"
        if not (waiver.get("owner") and waiver.get("reason")):
            faults.append(f"{name}: 豁免缺责任人或理由 / a waiver without owner or reason")
        if waiver["expires"] <= today:
            faults.append(
                f"{name}: 豁免已于 {waiver['expires']} 到期 / expired; mend it, or let {waiver.get('owner')} decide anew"
            )
        if n not in used:
            faults.append(f"{name}: 豁免已无用 / nothing needs it any more; remove it")
    return left, faults


def allowed(licence: str, names: set[str]) -> bool:
    """Return whether an expression is within the allow-list: any side of OR, every side of AND."""
    return any(
        all({part.strip(), part.strip("() ")} & names for part in re.split(r" AND ", side))
        for side in re.split(r" OR ", licence)
    )


def licence_of(package: str) -> str:
    """Return a package's licence as its metadata says it. Raises PackageNotFoundError."""
    said = importlib.metadata.metadata(package)
    classified = [line.split(" :: ")[-1] for line in said.get_all("Classifier") or [] if line.startswith("License ::")]
    return str(
        said.get("License-Expression") or " AND ".join(classified) or said.get("License") or "unknown"
    ).splitlines()[0]


def locked() -> dict[str, str]:
    """Return every package of the locks that reach a site, with its version."""
    texts = [(ROOT / f"requirements/{name}.lock").read_text(encoding="utf-8") for name in SHIPPED]
    return {name: version for text in texts for name, version in PINNED.findall(text)}


def licences() -> Iterator[Found]:
    """Yield packages whose licence is not on the list; one for another system is named by its lock alone."""
    names = set(yaml.safe_load((ROOT / "security/policies/licences.yaml").read_text(encoding="utf-8"))["allowed"])
    for package in sorted(locked()):
        try:
            licence = licence_of(package)
        except importlib.metadata.PackageNotFoundError:
            licence = "not installed here"
        if not allowed(licence, names):
            yield Found("licences", licence, package, f"{package}: {licence}")


def bandit() -> Iterator[Found]:
    """Yield what bandit is at least fairly sure of."""
    program = ROOT / ".venv-scan/bin/bandit"
    for row in json.loads(_run([str(program), "-q", "-r", "-ll", "-ii", "-f", "json", *SOURCES], codes=(0, 1)))[
        "results"
    ]:
        yield Found(
            "bandit", row["test_id"], row["filename"], f"{row['filename']}:{row['line_number']} {row['issue_text']}"
        )


def ruff() -> Iterator[Found]:
    """Yield what ruff's security rules say, by the exceptions of the configuration."""
    said = _run(
        [str(Path(sys.executable).with_name("ruff")), "check", "--select", "S", "--output-format", "json"], codes=(0, 1)
    )
    for row in json.loads(said):
        path = Path(row["filename"]).relative_to(ROOT).as_posix()
        yield Found("ruff", row["code"], path, f"{path}:{row['location']['row']} {row['message']}")


def secrets() -> Iterator[Found]:
    """Yield what looks like a secret in any committed file."""
    for name in _run(["git", "ls-files", "-z"]).split("\0"):
        path = ROOT / name
        if name and path.is_file() and not path.is_symlink():
            yield from secrets_in(name, path.read_bytes().decode("utf-8", "replace"))


def secrets_in(name: str, text: str) -> Iterator[Found]:
    """Yield what looks like a secret in a text; the secret itself is never repeated."""
    for rule, pattern in SECRETS.items():
        for match in pattern.finditer(text):
            yield Found("secrets", rule, name, f"{name}:{text.count(chr(10), 0, match.start()) + 1} {rule}")


def advisories() -> Iterator[Found]:
    """Yield advisories that locked packages fall under. Raises NotRun without a feed, and where it is too old to prove anything."""
    place = os.environ.get("SCAN_FEED")
    if not place:
        raise NotRun("没有公告数据 / no feed: SCAN_FEED=advisories.json make scan")
    yield from advised(json.loads(Path(place).read_text(encoding="utf-8")), locked(), datetime.now(UTC))


def advised(feed: Policy, versions: dict[str, str], now: datetime) -> Iterator[Found]:
    """Judge versions by a feed, exactly as the inspection VS-01 does."""
    said = packages({**feed, "locked": versions, "programs": {}}, now)
    if said.verdict is Verdict.STALE:
        raise NotRun(said.summary)
    for fault in said.faults:
        rule, _, package = fault.locus.partition(" ")
        yield Found("advisories", rule, package, fault.what)


def _run(words: Sequence[str], codes: Sequence[int] = (0,)) -> str:
    """Run a tool. Raises NotRun where it is absent, late or fails."""
    try:
        done = subprocess.run(
            list(words), cwd=ROOT, capture_output=True, text=True, timeout=PROGRAM_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotRun(f"{words[0]}: {error}") from error
    if done.returncode not in codes:
        raise NotRun(f"{words[0]}: {done.returncode} {done.stderr.strip()[-300:]}")
    return done.stdout


TOOLS: dict[str, Callable[[], Iterator[Found]]] = {
    "bandit": bandit, "ruff": ruff, "secrets": secrets, "licences": licences, "advisories": advisories,
}  # fmt: skip
MAY_LACK = frozenset({"advisories"})
"""A feed comes from outside; every other part must run."""


def main() -> int:
    """Run every part; return 1 where something stands, a waiver ended, or a part that must run did not."""
    files = sorted((ROOT / "security/waivers").glob("*.yaml"))
    waivers = [row for path in files for row in yaml.safe_load(path.read_text(encoding="utf-8"))["waivers"]]
    found, missing = [], []
    for name, tool in TOOLS.items():
        try:
            said = list(tool())
        except NotRun as error:
            missing.append(name)
            print(f"{name}: 未完成 NOT RUN: {error}", file=sys.stderr)
            continue
        found += said
        print(f"{name}: {len(said)}", file=sys.stderr)
    left, faults = waived(found, [w for w in waivers if w["tool"] not in missing], datetime.now(UTC).date())
    for line in [*(f"{item.tool} {item.rule}: {item.what}" for item in left), *faults]:
        print(line)
    print(f"scan: {len(TOOLS) - len(missing)}/{len(TOOLS)} 完成 ran, {len(left) + len(faults)} 待处理 to mend, "
          f"{len(waivers)} 豁免 waived", file=sys.stderr)  # fmt: skip
    return 1 if left or faults or set(missing) - MAY_LACK else 0


if __name__ == "__main__":
    sys.exit(main())
