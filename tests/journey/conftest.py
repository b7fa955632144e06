"""The three running sites that `tests/support/with_sites.py` brought up."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from yiwang.bringup.machine import Machine
from yiwang.operate.journey import Person
from yiwang.operate.workspace import open_workspace

People = dict[str, dict[str, Person]]


@pytest.fixture(scope="session")
def machine() -> Machine:
    folder = os.environ.get("YIWANG_WORKSPACE")
    if not folder:
        pytest.fail("no running sites. Next: make test-browser", pytrace=False)
    return Machine(open_workspace(Path(folder)))


@pytest.fixture(scope="session")
def people() -> People:
    """Who can sign in where: site → role → person."""
    content = json.loads(Path(os.environ["YIWANG_BROWSER_SITES"]).read_text(encoding="utf-8"))
    return {
        site: {
            role: Person(entry["base_url"], user["login"], user["password"]) for role, user in entry["users"].items()
        }
        for site, entry in content.items()
    }
