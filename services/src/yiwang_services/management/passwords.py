"""What a password must be: long, not one that everybody guesses first, not one used before, and renewed in time.

The list holds what guessing begins with here: keyboard rows, years, the names of government services. It is ours; a
password is compared after what people do to words (capitals, @ for a, digits and marks behind) is undone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.resources import files

from yiwang_services.management.domain import password_fault, password_fits
from yiwang_services.management.settings import PASSWORD_DAYS, PASSWORD_HISTORY, PASSWORD_LENGTH

COMMON = frozenset(files(__package__).joinpath("common_passwords.txt").read_text(encoding="utf-8").split())
SAME = {"@": "a", "4": "a", "0": "o", "!": "l", "3": "e", "$": "s", "5": "s", "7": "t", "8": "b"}
READINGS = tuple(str.maketrans({**SAME, "1": letter}) for letter in "il")
BEHIND = "0123456789!@#$%^&*._-"
"""What people put before and behind a word."""
ROWS = (
    "1234567890",
    "0987654321",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "1qaz2wsx3edc4rfv5tgb",
)
LEAST_LEFT = 4
"""How many characters must remain once runs of the keyboard are taken out."""
LEAST_RUN = 4


def is_common(password: str) -> bool:
    """Return whether guessing would find a password early."""
    plain = password.lower()
    word = plain.strip(BEHIND)
    words = {word, *(re.sub(r"[^a-z]+", "", form) for form in (plain, *(word.translate(table) for table in READINGS)))}
    return bool(words & COMMON) or len(without_runs(plain)) < LEAST_LEFT


def without_runs(plain: str) -> str:
    """Return a text without stretches that lie side by side on a keyboard or in the alphabet."""
    left, at = "", 0
    while at < len(plain):
        run = max((_run(plain, at, row) for row in ROWS), default=0)
        left += "" if run >= LEAST_RUN else plain[at]
        at += run if run >= LEAST_RUN else 1
    return left


def _run(plain: str, at: int, row: str) -> int:
    start, length = row.find(plain[at]), 0
    while (
        start >= 0
        and at + length < len(plain)
        and start + length < len(row)
        and plain[at + length] == row[start + length]
    ):
        length += 1
    return length


def fault(password: str, login: str, former: Sequence[str]) -> str | None:
    """Return what is wrong with a new password, Chinese first, or None; `former` are hashes of those used before."""
    plain = password_fault(password, login)
    if plain:
        return plain
    if is_common(password):
        return "密码过于常见 / the password is among the first that are guessed"
    if any(password_fits(password, stored) for stored in former):
        return f"不得与最近 {PASSWORD_HISTORY} 个密码相同 / not one of the last {PASSWORD_HISTORY} passwords"
    return None


def is_due(changed_at: datetime | None, now: datetime) -> bool:
    """Return whether a password has been in use for too long; one whose age nobody knows is not."""
    return PASSWORD_DAYS > 0 and changed_at is not None and now - changed_at > timedelta(days=PASSWORD_DAYS)


def policy() -> dict[str, object]:
    """Return the rules as the page shows them."""
    term = f"，{PASSWORD_DAYS} 天更换一次" if PASSWORD_DAYS else ""
    days = f", renewed every {PASSWORD_DAYS} days" if PASSWORD_DAYS else ""
    return {
        "length": PASSWORD_LENGTH, "history": PASSWORD_HISTORY, "days": PASSWORD_DAYS,
        "title_zh": f"至少 {PASSWORD_LENGTH} 个字符，不含登录名、常见词和键盘顺序，不与最近 {PASSWORD_HISTORY} 个相同{term}",
        "title_en": f"at least {PASSWORD_LENGTH} characters, without login, common words and keyboard rows, "
                    f"none of the last {PASSWORD_HISTORY}{days}",
    }  # fmt: skip
