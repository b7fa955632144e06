"""Reference pages and schemas: what they say is what the definition says."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from support.trees import DIVISIONS, write_tree
from yiwang.definition import distribution
from yiwang.definition.tree import load_tree
from yiwang.emit.docs import NOTE, CommandDoc, OptionDoc, reference_docs, table
from yiwang.emit.schema import site_schema, workspace_schema

D = distribution()
CASES = Path(__file__).parents[1] / "definition" / "cases"


@pytest.fixture
def pages(tmp_path: Path) -> dict[str, str]:
    command = CommandDoc("yiwang demo", "演示 / shows", "yiwang demo [OPTIONS]", (OptionDoc("--json", "a | b", ""),))
    return reference_docs(D, load_tree(write_tree(tmp_path), D, DIVISIONS), [command])


def test_every_page_says_that_it_is_emitted(pages: dict[str, str]) -> None:
    assert all(NOTE in text for text in pages.values())


def test_every_service_tier_port_setting_and_exit_code_is_documented(pages: dict[str, str]) -> None:
    text = "".join(pages.values())
    for items in (D.services, D.tiers, D.ports, D.settings, D.substrates, D.channels, D.engines):
        assert [item.name for item in items if f"`{item.name}`" not in text and item.title() not in text] == []


def test_a_bar_in_a_cell_does_not_end_the_cell() -> None:
    assert table(("a",), [("x | y\nz",)]).splitlines()[-1] == "| x \\| y z |"


@pytest.mark.parametrize("case", sorted(CASES.glob("site.ok.*.yaml")), ids=lambda case: case.stem)
def test_the_schema_accepts_what_we_accept(case: Path) -> None:
    text = yaml.safe_load(case.read_text(encoding="utf-8"))["text"]
    jsonschema.validate(yaml.safe_load(text), site_schema(D))


@pytest.mark.parametrize(
    "name", ["unknown_key", "code_without_quotes", "name_missing", "name_is_a_list", "windows_is_text", "mode_unknown",
             "tier_unknown", "module_unknown", "substrate_unknown", "channel_unknown"],
)  # fmt: skip
def test_the_schema_refuses_what_one_file_can_get_wrong(name: str) -> None:
    text = yaml.safe_load((CASES / f"site.error.{name}.yaml").read_text(encoding="utf-8"))["text"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), site_schema(D))


def test_the_workspace_schema_knows_both_profiles() -> None:
    jsonschema.validate({"schema": 1, "id": "demo-1", "profile": "production"}, workspace_schema())
