"""The definition names content packs by folder; the packs say the same name, and carry source, licence and version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yiwang.definition import distribution
from yiwang.model.content import ContentSpec

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("spec", distribution().contents, ids=lambda spec: spec.name)
def test_a_pack_is_what_the_definition_calls_it(spec: ContentSpec) -> None:
    pack = json.loads((ROOT / "services/content" / spec.folder / "pack.json").read_text(encoding="utf-8"))
    assert pack["name"] == spec.name
    assert all(pack[key] for key in ("version", "source", "licence", "as_of"))
    assert (ROOT / "services/content" / spec.folder / "README.md").is_file()
