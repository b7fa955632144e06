"""What a count of orders means, in words: derived from its filter, so that it cannot say something else."""

from __future__ import annotations

from yiwang_services.situation.manifest import Manifest, Question

STATES = {
    "registered": ("登记", "registered"), "accepted": ("受理", "accepted"), "dispatched": ("已分拨", "dispatched"),
    "disposing": ("处置中", "in disposal"), "disposed": ("已处置", "disposed"), "verified": ("已核查", "verified"),
    "closed": ("结案", "closed"), "returned": ("退回", "returned"), "handed_over": ("移交中", "handed over"),
}  # fmt: skip


def caliber(asked: Question, manifest: Manifest) -> tuple[str, str]:
    """Return which orders are counted, in Chinese and in English."""
    parts: list[tuple[str, str]] = []
    if asked.state:
        chosen = [STATES[state] for state in asked.state]
        parts.append(
            (f"状态为{'、'.join(zh for zh, _ in chosen)}", f"in the state {' or '.join(en for _, en in chosen)}")
        )
    if asked.open:
        parts.append(("未结案", "not closed"))
    if asked.overdue:
        parts.append(("已过时限", "past their limit"))
    if asked.supervised:
        parts.append(("督办中", "under supervision"))
    if asked.registered:
        parts.append(("今日登记", "registered today"))
    if asked.channel:
        parts.append((f"渠道为 {asked.channel}", f"by the channel {asked.channel}"))
    if manifest.categories:
        parts.append((f"类别为{'、'.join(manifest.categories)}", f"of the categories {', '.join(manifest.categories)}"))
    if manifest.codes:
        named = ", ".join(manifest.codes)
        parts.append((f"事项为 {named}", f"of the matters {named}"))
    chinese = "、".join(zh for zh, _ in parts) or "全部"
    english = ", ".join(en for _, en in parts) or "all"
    return f"本区划及以下、您有权查看的工单中：{chinese}", f"Orders here and below that you may read: {english}"
