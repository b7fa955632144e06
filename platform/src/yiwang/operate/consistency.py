"""Judges whether every site runs what it should: the pure side of ``yiwang consistency``.

Green must be earned: a site is "same" only when a report that has not expired, signed by that site, shows that what its
processes loaded, what lies on its disk, its site pack and its database all are what the release and the assignment say.
Everything else has a name of its own and a reason that names the artefact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from yiwang.model.proof import Expected, FileDrift, LoadedProcess, MatrixRow, MatrixState, ProofReport
from yiwang.model.release import release_order

MAX_FILES_NAMED = 20


def judge(expected: Iterable[Expected], reports: Mapping[str, ProofReport], now: datetime) -> tuple[MatrixRow, ...]:
    """Return one row for every site of the tree, in its order."""
    return tuple(judge_site(site, reports.get(site.site), now) for site in expected)


def judge_site(expected: Expected, report: ProofReport | None, now: datetime) -> MatrixRow:
    """Return what is true of one site at one moment."""
    state, details = _verdict(expected, report, now)
    return MatrixRow(
        site=expected.site,
        name=expected.name,
        tier=expected.tier,
        parent=expected.parent,
        address=expected.address,
        state=state,
        release=report.release if report else None,
        proven_at=report.issued_at if report else None,
        details=tuple(details),
        generation=report.generation if report else expected.generation,
    )


def _verdict(expected: Expected, report: ProofReport | None, now: datetime) -> tuple[MatrixState, list[str]]:
    """Return state and reasons; the first thing that stands in the way of green decides."""
    if not expected.ours:
        return MatrixState.NOT_OURS, ["既有平台，仅对接 / an existing platform, connected by contracts only"]
    if not expected.deployed or expected.release is None:
        return MatrixState.NOT_DEPLOYED, []
    if report is None:
        return MatrixState.NEVER_SEEN, ["从未收到证明 / no signed report has ever arrived"]
    if now >= report.expires_at:
        since = f"{report.issued_at:%Y-%m-%d %H:%M:%SZ}"
        return MatrixState.STALE, [f"证明已过期，最后一次 {since} / the last report, of {since}, has expired"]
    drift = drift_of(report, expected)
    moved = _moved(expected, report)
    if moved is not None:
        return moved, [f"{report.release or '无 / none'} → {expected.release}", *drift]
    return (MatrixState.DRIFTED, drift) if drift else (MatrixState.SAME, [])


def _moved(expected: Expected, report: ProofReport) -> MatrixState | None:
    """Return BEHIND or AHEAD when the site is on another release than the assigned one."""
    if report.release == expected.release:
        return None
    if report.release is None or expected.release is None:
        return MatrixState.BEHIND
    older = release_order(report.release) < release_order(expected.release)
    return MatrixState.BEHIND if older else MatrixState.AHEAD


def drift_of(report: ProofReport, expected: Expected) -> list[str]:
    """Return every difference between what a site is and what its own release says, each naming its artefact."""
    findings = [*_files(report.drift, "磁盘 / on disk"), *_digests(report, expected)]
    for process in report.processes:
        findings += [f"{process.name}: {finding}" for finding in _process(process, report)]
    if not report.processes:
        findings.append("没有进程证明 / no process has proven what it loaded")
    return findings


def _files(drift: tuple[FileDrift, ...], where: str) -> list[str]:
    """Return drifted files as sentences, the first ones by name and the rest by number."""
    named = [f"{finding.sentence()} {where}" for finding in drift[:MAX_FILES_NAMED]]
    rest = len(drift) - MAX_FILES_NAMED
    return [*named, f"另有 {rest} 个文件 / and {rest} more files"] if rest > 0 else named


def _digests(report: ProofReport, expected: Expected) -> list[str]:
    """Return differing manifest, site pack and migration heads."""
    findings = []
    same_release = report.release == expected.release
    if same_release and expected.manifest_sha256 and report.manifest_sha256 != expected.manifest_sha256:
        findings.append(
            f"manifest.json: 清单摘要不同 / is {_short(report.manifest_sha256)}, not {_short(expected.manifest_sha256)}"
        )
    if same_release and expected.pack_sha256 and report.pack_sha256 != expected.pack_sha256:
        findings.append(f"site pack: 配置包不同 / is {_short(report.pack_sha256)}, not {_short(expected.pack_sha256)}")
    if report.pack_on_disk_sha256 != report.pack_sha256:
        findings.append("site pack: 磁盘上的配置包被改动 / changed on disk")
    if same_release:
        findings += [
            f"{package}: 迁移 / migration {report.migrations.get(package, 'none')}, not {head}"
            for package, head in sorted(expected.migrations.items())
            if not _reached(report.migrations.get(package), head)
        ]
    return findings


def _reached(revision: str | None, head: str) -> bool:
    """Whether a schema is at a head or beyond it: after a switch back it stays expanded, and that is no drift."""
    if revision is None:
        return False
    return revision == head or _number(revision) > _number(head)


def _number(revision: str) -> int:
    """Return the number that a revision's name begins with."""
    digits = revision.partition("_")[0]
    return int(digits) if digits.isdigit() else -1


def _short(digest: str | None) -> str:
    """Return a digest as people read it."""
    return digest[:12] if digest else "none"


def _process(process: LoadedProcess, report: ProofReport) -> list[str]:
    """Return what one process runs that its disk and release don't say."""
    if not process.alive:
        return ["进程未运行 / is not running"]
    if process.tree_digest is None or process.boot_start_time_ticks is None:
        return ["没有启动证明 / has no boot report"]
    if process.start_time_ticks != process.boot_start_time_ticks:
        return [f"启动证明属于另一进程 / pid {process.pid} is not the process that wrote the boot report"]
    findings = _files(process.drift, "启动时 / when it started")
    if process.release != report.release:
        findings.append(
            f"仍在运行旧代码 / still runs {process.release or 'unknown code'}, the site is on {report.release}"
        )
    elif process.tree_digest != report.tree_digest and not report.drift:
        findings.append("仍在运行旧代码 / loaded other code than what is on disk now; restart it")
    return findings


def all_same(rows: Iterable[MatrixRow]) -> bool:
    """Whether every site that should run our release is proven to; nothing proven at all is not the same."""
    absent = (MatrixState.NOT_DEPLOYED, MatrixState.NOT_OURS)
    judged = [row.state for row in rows if row.state not in absent]
    return bool(judged) and all(state is MatrixState.SAME for state in judged)
