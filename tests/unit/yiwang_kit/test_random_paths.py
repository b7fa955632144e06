"""A scanner that asks for 20,000 invented paths makes no new series: routes are counted by template."""

import asyncio

from prometheus_client import CollectorRegistry, generate_latest

from yiwang_kit.metrics import RequestMetrics


async def nothing(scope: object, receive: object, send: object) -> None:
    """Answer nothing: what matched no route."""


def test_twenty_thousand_random_paths_add_only_the_series_of_one() -> None:
    registry = CollectorRegistry()
    watched = RequestMetrics(nothing, registry)

    async def scan(count: int) -> None:
        for n in range(count):
            await watched({"type": "http", "method": f"X{n}", "path": f"/{n}/{n * 7919}.php"}, nothing, nothing)

    asyncio.run(scan(1))
    before = len(generate_latest(registry).splitlines())
    asyncio.run(scan(20_000))
    assert len(generate_latest(registry).splitlines()) == before
