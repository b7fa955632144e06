"""The documentation is true about what can be looked up: links, targets, commands, options, paths and records.

A page that names a command which is gone costs a newcomer the first hour, and nobody else ever notices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import yaml

from yiwang.cli.main import build
from yiwang.cli.outline import outline

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "README.zh.md", *(ROOT / "docs").rglob("*.md")])
RECORDS = sorted((ROOT / "docs/adr").glob("*.md"))
LINK = re.compile(r"\[[^\]\[]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", flags=re.DOTALL)
COMMAND = re.compile(r"^(?:\S*/)?yiwang +([a-z].*)$")
TARGET = re.compile(r"^make +(?:[A-Z]+=\S+ +)*([a-z-]+)")
PLACEHOLDER = re.compile(r"^[A-Z][A-Z-]*$")
STATUSES = {"proposed", "accepted", "superseded"}
PARTS = ["Context", "Decision", "Consequences"]


def name(path: Path) -> str:
    """Return a page's path as people write it."""
    return path.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """Return a page without its code blocks: brackets in code are no links, and `#` there is no heading."""
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def code_lines(page: Path) -> Iterator[str]:
    """Yield every line of code that a page shows, in a block or in a sentence, one command each."""
    for block, inline in CODE.findall(page.read_text(encoding="utf-8")):
        for line in (block or inline).replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\|\||;|\$\(|\)|\s#", line):
                yield part.strip()


def anchors(page: Path) -> set[str]:
    """Return the fragments by which a page's headings are linked to."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead(page: Path, link: str) -> bool:
    """Whether a relative link leads nowhere."""
    path, _, fragment = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return True
    return bool(fragment) and target.suffix == ".md" and fragment not in anchors(target)


# Links ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(prose(page)) if not re.match(r"[a-z]+:", link)]
    assert [link for link in links if dead(page, link)] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        links = (link.partition("#")[0] for link in LINK.findall(prose(page)) if ":" not in link)
        found = {(page.parent / link).resolve() for link in links if link.endswith(".md")}
        waiting += [target for target in found - reached if target.exists()]
    # Records are read in order and reference pages are found by name; every other page must be linked.
    wanted = [page for page in PAGES if page.parent.name not in {"adr", "reference"}]
    assert [name(page) for page in wanted if page not in reached] == []


# Commands -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Commands:
    """The command line as it is: options by command, and the groups. 命令结构。"""

    options: dict[str, set[str]]

    @property
    def groups(self) -> set[str]:
        """Return the words that only lead to commands."""
        return {path.rpartition(" ")[0] for path in self.options if " " in path}

    def fault(self, said: str) -> str | None:
        """Return what is wrong with a command line in a page, or None."""
        words = said.split()
        path = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in self.options), None)
        if path is None:
            leads = words[0] in self.groups and (len(words) == 1 or "|" in words[1] or PLACEHOLDER.match(words[1]))
            return None if leads or "|" in words[0] else f"no such command: {said}"
        named = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        strange = named - self.options[path] - {"--help", "-h"}
        return f"{path} has no {', '.join(sorted(strange))}" if strange else None


@pytest.fixture(scope="module")
def commands() -> Commands:
    """Read the command line once."""
    found = {}
    for command in outline(build()):
        flags = {flag.strip() for option in command.options for flag in option.names.split(",")}
        found[command.path.removeprefix("yiwang ")] = {flag for flag in flags if flag.startswith("-")}
    return Commands(found)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_in_a_page_exists_with_its_options(page: Path, commands: Commands) -> None:
    said = [match[1] for line in code_lines(page) if (match := COMMAND.match(line))]
    assert [fault for line in said if (fault := commands.fault(line))] == []


@pytest.mark.parametrize(
    "said", ["fly", "site fly 441721", "rollout start ID --sideways", "status --prove", "release sign"]
)
def test_a_command_that_does_not_exist_is_found(said: str, commands: Commands) -> None:
    assert commands.fault(said) is not None


def test_every_make_target_in_a_page_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    said = {(name(page), match[1]) for page in PAGES for line in code_lines(page) if (match := TARGET.match(line))}
    assert said
    assert sorted((page, target) for page, target in said if target not in targets) == []


def test_every_command_is_documented(commands: Commands) -> None:
    listed = re.findall(r"^## `yiwang ([^`]+)`$", (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == sorted(commands.options)


def test_every_command_that_changes_something_is_shown_in_a_guide(commands: Commands) -> None:
    guides = [page for page in PAGES if page.parent.name in {"how-to", "tutorials", "runbooks"}]
    said = {match[1] for page in guides for line in code_lines(page) if (match := COMMAND.match(line))}
    # `up`, `down` and `status` are what make up, make down and make status run; `explain` and `render` change no site.
    looked_up = {"up", "down", "status", "render", "control stop"}
    wanted = {path for path in commands.options if not path.startswith("explain") and path not in looked_up}
    assert sorted(path for path in wanted if not any(f"{line} ".startswith(f"{path} ") for line in said)) == []


# What pages may not say -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_paths_of_the_repository_that_a_page_names_exist(page: Path) -> None:
    rooted = re.compile(r"^(?:platform|services|tests|docs)/[\w./-]+$")
    named = {inline for _, inline in CODE.findall(page.read_text(encoding="utf-8")) if rooted.match(inline)}
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_names_the_machine_it_was_written_on(page: Path) -> None:
    assert re.findall(r"(?<![\w.-])/(?:work|root|home)/\S*", page.read_text(encoding="utf-8")) == []


def test_the_chinese_readme_has_the_same_headings_as_the_english_one() -> None:
    def levels(page: str) -> list[int]:
        return [len(marks) for marks in re.findall(r"^(#+) ", prose(ROOT / page), flags=re.MULTILINE)]

    assert levels("README.zh.md") == levels("README.md")


def test_both_readmes_link_to_the_same_places() -> None:
    def links(page: str) -> set[str]:
        return {link for link in LINK.findall(prose(ROOT / page)) if not link.startswith(("#", "README"))}

    assert links("README.zh.md") == links("README.md")


# Records of decisions -------------------------------------------------------------------------------------------------


def front_matter(record: Path) -> dict[str, object]:
    """Return what a record says about itself."""
    matched = re.match(r"---\n(.*?)\n---\n", record.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert matched, f"{name(record)} begins with front matter"
    content = yaml.safe_load(matched[1])
    assert isinstance(content, dict)
    return content


def names_of(record: Path, key: str) -> list[int]:
    """Return the records that a record supersedes, or is superseded by."""
    listed = front_matter(record)[key]
    assert isinstance(listed, list)
    return [int(number) for number in listed]


def test_records_are_numbered_without_gaps() -> None:
    assert RECORDS
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("record", RECORDS, ids=name)
def test_a_record_says_what_it_is(record: Path) -> None:
    said = front_matter(record)
    assert set(said) == {"status", "date", "supersedes", "superseded-by"}
    assert said["status"] in STATUSES
    assert isinstance(said["date"], date)
    assert (said["status"] == "superseded") == bool(said["superseded-by"])


@pytest.mark.parametrize("record", RECORDS, ids=name)
def test_a_record_has_its_number_as_title_and_its_three_parts(record: Path) -> None:
    assert re.findall(r"^# (\d{4}) ", prose(record), flags=re.MULTILINE) == [record.name[:4]]
    assert re.findall(r"^## (.+)$", prose(record), flags=re.MULTILINE) == PARTS


def test_records_that_replace_each_other_both_say_so() -> None:
    forward = {(int(record.name[:4]), older) for record in RECORDS for older in names_of(record, "supersedes")}
    backward = {(newer, int(record.name[:4])) for record in RECORDS for newer in names_of(record, "superseded-by")}
    assert forward == backward
