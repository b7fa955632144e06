"""The limit on how often one caller may knock."""

from __future__ import annotations

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang_kit.rates import Buckets, RateLimit
from yiwang_kit.settings import RateSettings

NARROW = RateSettings(session_per_second=1, session_burst=2, address_per_second=10, address_burst=5)


class Knocking:
    """A caller of a middleware whose handler always answers 200."""

    def __init__(self) -> None:
        self.now = 0.0
        self.limit = RateLimit(self._handler, settings=NARROW, cookie="yw_1_session", monotonic=lambda: self.now)

    @staticmethod
    async def _handler(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    def knock(self, *, path: str = "/api/x", cookie: str = "", address: str = "10.0.0.1"):
        said: list[dict] = []

        async def send(message) -> None:
            said.append(message)

        headers = [(b"cookie", f"yw_1_session={cookie}".encode())] if cookie else []
        scope = {"type": "http", "path": path, "headers": headers, "client": (address, 1)}
        anyio.run(self.limit, scope, None, send)
        return said[0]["status"], dict(said[0]["headers"])


def test_a_session_over_its_burst_is_told_when_to_come_back_and_is_let_in_then() -> None:
    door = Knocking()
    assert [door.knock(cookie="a")[0] for _ in range(3)] == [200, 200, 429]
    assert door.knock(cookie="a")[1][b"retry-after"] == b"1"
    door.now = 1.0
    assert door.knock(cookie="a")[0] == 200


def test_a_new_session_each_time_does_not_get_round_the_limit_of_the_address() -> None:
    door = Knocking()
    answers = [door.knock(cookie=str(n))[0] for n in range(6)]
    assert answers == [200] * 5 + [429]
    assert door.knock(cookie="x", address="10.0.0.2")[0] == 200, "another office is not to blame"


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/assets/index.js", "/orders"])
def test_probes_and_the_pages_files_are_not_counted(path: str) -> None:
    door = Knocking()
    assert {door.knock(path=path)[0] for _ in range(20)} == {200}


def test_a_million_callers_take_no_more_room_than_the_bound() -> None:
    buckets = Buckets(1, 1, most=100)
    for caller in range(10_000):
        buckets.wait(str(caller), 0.0)
    assert len(buckets) == 100


@given(
    gaps=st.lists(st.floats(0, 3, allow_nan=False), min_size=1, max_size=60),
    rate=st.integers(1, 5),
    burst=st.integers(1, 8),
)
def test_no_pattern_of_knocking_gets_more_than_burst_plus_rate_times_time(gaps, rate, burst) -> None:
    buckets, now, passed = Buckets(rate, burst), 0.0, 0
    for gap in gaps:
        now += gap
        passed += buckets.wait("one", now) == 0.0
    assert passed <= burst + rate * now + 1e-6
