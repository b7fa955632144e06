"""One word per thing: models are named with the glossary's words, and say their Chinese name."""

from __future__ import annotations

import re

from support.glossary import GLOSSARY, names, unknown, words

TEXT = GLOSSARY.read_text(encoding="utf-8")
KNOWN = words(TEXT)


def test_models_are_named_with_words_of_the_glossary() -> None:
    found = {name: strangers for name in names() if (strangers := unknown(name, KNOWN))}
    assert found == {}, "use a word of docs/glossary.md, or add the new one there with its Chinese"


def test_every_model_says_its_chinese_name_in_the_first_line_of_its_docstring() -> None:
    assert [name for name, line in names().items() if not re.search(r"[\u4e00-\u9fff]", line)] == []


def test_a_word_that_stands_nowhere_is_found() -> None:
    assert unknown("site.SiteTicket", KNOWN) == ["Ticket"]


def test_every_term_has_its_chinese_and_its_meaning() -> None:
    rows = [line.split("|")[1:4] for line in TEXT.splitlines() if line.startswith("| `")]
    assert rows
    incomplete = [
        term for term, chinese, meaning in rows if not (re.search(r"[\u4e00-\u9fff]", chinese) and meaning.strip())
    ]
    assert incomplete == []


def test_no_term_is_explained_twice() -> None:
    terms = [
        term
        for line in TEXT.splitlines()
        if line.startswith("| `")
        for term in re.findall(r"`([^`]+)`", line.split("|")[1])
    ]
    assert sorted({term for term in terms if terms.count(term) > 1}) == []
