"""The console's window on control: forwarded with the person's own token, reading only, and honest when control is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from support.kit_lab import Lab, open_lab

FLEET = "http://control.test:7070"
Answer = Callable[[httpx.Request], httpx.Response]


class Control(httpx.BaseTransport):
    """A control plane that answers as it is told and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.answer: Answer = lambda _: httpx.Response(200, json={"sites": []})

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Remember and answer."""
        self.asked.append(request)
        return self.answer(request)


@pytest.fixture
def control() -> Control:
    """A control plane."""
    return Control()


@pytest.fixture
def fleet_lab(database_url: str, control: Control) -> Iterator[Lab]:
    """A hub that knows a control plane, with somebody signed in."""
    with open_lab(database_url, fleet_url=FLEET) as lab:
        lab.runtime.http._mounts[httpx._utils.URLPattern(FLEET)] = control
        lab.runtime.fleet_token = lambda actor: f"token-of-{actor.login}"
        lab.sign_in(lab.person("li"))
        yield lab


def test_control_is_asked_with_the_persons_own_token(fleet_lab: Lab, control: Control) -> None:
    answer = fleet_lab.client.get("/api/fleet/v1/matrix?tier=county")
    assert answer.json() == {"sites": []}
    (asked,) = control.asked
    assert str(asked.url) == f"{FLEET}/v1/matrix?tier=county"
    assert asked.headers["authorization"] == "Bearer token-of-li"
    assert "cookie" not in asked.headers


def test_nobody_signed_in_asks_control_for_nothing(fleet_lab: Lab, control: Control) -> None:
    fleet_lab.client.cookies.clear()
    assert fleet_lab.client.get("/api/fleet/v1/matrix").status_code == 401
    assert control.asked == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_only_reading_passes(fleet_lab: Lab, control: Control, method: str) -> None:
    answer = fleet_lab.client.request(method, "/api/fleet/v1/rollouts", headers={"X-Yiwang-CSRF": "1"})
    assert answer.status_code == 405
    assert control.asked == []


@pytest.mark.parametrize("path", ["../../v1/matrix", "%2e%2e/x", "@evil.test/x", "/evil.test/x", "x%3Fa=b"])
def test_a_strange_path_never_leaves_control(fleet_lab: Lab, control: Control, path: str) -> None:
    fleet_lab.client.get(f"/api/fleet/v1/{path}")
    assert {(asked.url.scheme, asked.url.host, asked.url.port) for asked in control.asked} <= {
        ("http", "control.test", 7070)
    }


def test_while_control_is_away_the_answer_says_so(fleet_lab: Lab, control: Control) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    control.answer = away
    answer = fleet_lab.client.get("/api/fleet/v1/matrix")
    assert (answer.status_code, answer.json()["next"]) == (503, "yiwang status")


def test_a_token_that_control_does_not_believe_does_not_look_like_a_sign_out(fleet_lab: Lab, control: Control) -> None:
    control.answer = lambda _: httpx.Response(401)
    assert fleet_lab.client.get("/api/fleet/v1/matrix").status_code == 503


def test_controls_own_refusal_is_passed_on(fleet_lab: Lab, control: Control) -> None:
    control.answer = lambda _: httpx.Response(
        403, json={"title": "x"}, headers={"content-type": "application/problem+json"}
    )
    answer = fleet_lab.client.get("/api/fleet/v1/matrix")
    assert (answer.status_code, answer.json()) == (403, {"title": "x"})


def test_without_control_there_is_no_fleet(lab: Lab) -> None:
    lab.sign_in(lab.person())
    assert lab.client.get("/api/fleet/v1/matrix").status_code == 404
    assert lab.client.get("/auth/me").json()["fleet"] is False
