"""The toy hub: one a module, emptied before each test; or a fresh one for tests that break it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.kit_lab import Lab, open_lab
from support.postgres import Server


@pytest.fixture(scope="module")
def opened_lab(postgres: Server, template: str) -> Iterator[Lab]:
    """A hub with a toy provider, organisation and service."""
    name = postgres.create(template)
    with open_lab(postgres.url(name)) as opened:
        yield opened
    postgres.drop(name)


@pytest.fixture
def lab(opened_lab: Lab) -> Lab:
    """The module's hub, emptied."""
    opened_lab.reset()
    return opened_lab


@pytest.fixture
def fresh_lab(database_url: str) -> Iterator[Lab]:
    """A hub of this test alone."""
    with open_lab(database_url) as opened:
        yield opened
