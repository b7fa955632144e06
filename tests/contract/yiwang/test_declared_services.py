"""The bridge between definition and services is a string; here both sides are loaded and must agree."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path

import pytest

from yiwang.definition import distribution
from yiwang.model.service import ServiceSpec

ROOT = Path(__file__).resolve().parents[3]
SPECS = pytest.mark.parametrize("spec", distribution().services, ids=lambda spec: spec.name)


def folder(spec: ServiceSpec) -> Path:
    return ROOT / "services/src" / spec.package.replace(".", "/")


@SPECS
def test_the_declared_application_can_be_made_from_a_runtime(spec: ServiceSpec) -> None:
    module, name = spec.app.split(":")
    factory = getattr(importlib.import_module(module), name)
    assert list(inspect.signature(factory).parameters) == ["runtime"]


@SPECS
def test_its_own_settings_and_metrics_stand_beside_it(spec: ServiceSpec) -> None:
    assert importlib.import_module(spec.settings)
    assert importlib.import_module(spec.metrics)


@SPECS
def test_it_has_a_readme_and_its_contracts_are_json(spec: ServiceSpec) -> None:
    assert (folder(spec) / "README.md").is_file()
    for contract in (folder(spec) / "contracts").glob("*.json"):
        assert json.loads(contract.read_text(encoding="utf-8"))


def test_every_service_of_the_hub_is_declared() -> None:
    found = {path.parent.name for path in (ROOT / "services/src/yiwang_services").glob("*/app.py")}
    assert found <= {spec.name for spec in distribution().services}
