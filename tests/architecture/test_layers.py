"""The architecture page and the import contracts are one statement in two places; these tests keep them one."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")


def contracts() -> configparser.ConfigParser:
    """Read .importlinter as it stands."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter", encoding="utf-8")
    return parser


def test_the_page_lists_exactly_the_contracts_that_the_linter_enforces() -> None:
    parser = contracts()
    enforced = [parser[name]["name"] for name in parser.sections() if ":contract:" in name]
    listed = re.findall(r"^- (.+)$", PAGE.split("## Contracts")[1], flags=re.MULTILINE)
    assert listed == enforced


def test_the_page_shows_the_platform_layers_in_the_order_that_the_linter_enforces() -> None:
    layers = contracts()["importlinter:contract:layers"]["layers"].split("\n")
    enforced = [f"yiwang.{name.strip()}" for line in layers for name in re.split("[|:]", line) if name.strip()]
    listed = re.findall(r"^\| `(yiwang\.[a-z]+)`", PAGE, flags=re.MULTILINE)
    assert listed == enforced


def test_every_folder_of_the_platform_has_a_place_in_the_layers() -> None:
    folders = {p.parent.name for p in (ROOT / "platform/src/yiwang").glob("*/__init__.py")}
    placed = set(re.findall(r"`yiwang\.([a-z]+)`", PAGE))
    assert folders <= placed


def test_every_package_of_the_hub_is_on_the_page() -> None:
    services = {p.parent.name for p in (ROOT / "services/src/yiwang_services").glob("*/__init__.py")}
    assert services == set(re.findall(r"`yiwang_services\.([a-z]+)`", PAGE))
