"""Search in Chinese without a dictionary: a text is the set of its pairs of neighbouring characters.

Words of two characters are the commonest in Chinese and each is one pair, so an index over the pairs answers them
exactly; longer words are the pairs they hold, and the text itself is looked at afterwards.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

PAIR = 2
INDEXED_CHARACTERS = 2000
"""What stands further back in a text is kept, shown and not searched."""


def folded(text: str) -> str:
    """Return a text as it is compared: full and half width alike, no capitals, one space between words."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def searchable(*texts: str) -> str:
    """Return the folded texts one a line, so that no pair reaches from one into the next."""
    return "\n".join(folded(text)[:INDEXED_CHARACTERS] for text in texts if text)


def pairs(text: str) -> set[str]:
    """Return every pair of neighbours that stands on one line."""
    return {text[at : at + PAIR] for at in range(len(text) - 1) if "\n" not in text[at : at + PAIR]}


def terms(text: str) -> list[str]:
    """Return what the index holds of a searchable text: its pairs, and each character for searches of one."""
    return sorted(pairs(text) | set(text) - {"\n", " "})


def wanted(words: str) -> list[str]:
    """Return the terms that a text must all hold to hold these words; empty where nothing is asked."""
    text = folded(words)
    return sorted(pairs(text)) or list(text)


def exact(words: str) -> bool:
    """Return whether the index alone answers: the words are no longer than what it holds."""
    return len(folded(words)) <= PAIR


def likeness(one: Iterable[str], other: Iterable[str]) -> float:
    """Return how alike two sets of terms are, 0 to 1: what both hold by what either holds."""
    a, b = set(one), set(other)
    return len(a & b) / len(a | b) if a | b else 0.0
