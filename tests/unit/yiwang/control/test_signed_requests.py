"""Who may say what to control: signatures over method, target, body, sender and moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from yiwang.adapters.signed_http import Sender
from yiwang.adapters.signing import public_halves
from yiwang.control.requests import Authenticator, Incoming
from yiwang.model.command import Header, RequestContext
from yiwang_kit.crypto import HybridPrivateKey
from yiwang_kit.errors import Forbidden, Problem, SignInNeeded

NOW = 1_800_000_000.0
KEY, OTHER = HybridPrivateKey.generate(), HybridPrivateKey.generate()


def door(*, incarnation: int = 1) -> Authenticator:
    return Authenticator(
        site_key=lambda site: (public_halves(KEY.public_key()), incarnation) if site == "441721" else None,
        operators={"chen": public_halves(KEY.public_key())}, clock=lambda: NOW, started=NOW,
    )  # fmt: skip


def request(
    *, key: HybridPrivateKey = KEY, name: str = "441721", context: RequestContext = RequestContext.AGENT,
    at: float = NOW, incarnation: int = 1,
) -> Incoming:  # fmt: skip
    sender = Sender(name, context, key, incarnation)
    headers = sender.headers("POST", "/v1/sites/441721/poll?a=1", b"{}", at)
    return Incoming("POST", "/v1/sites/441721/poll?a=1", headers, b"{}")


def test_a_sites_own_signature_opens_its_own_door() -> None:
    assert door().agent(request(), "441721").site == "441721"


def test_an_operators_signature_names_the_operator() -> None:
    assert door().operator(request(name="chen", context=RequestContext.OPERATOR)).name == "chen"


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"},
        {"target": "/v1/sites/441721/reports"},
        {"target": "/v1/sites/441721/poll?a=2"},
        {"body": b"[]"},
    ],
)
def test_whatever_is_changed_voids_the_signature(changed: dict[str, object]) -> None:
    with pytest.raises(SignInNeeded, match="密钥不符"):
        door().agent(replace(request(), **changed), "441721")


@pytest.mark.parametrize("header", [Header.NONCE, Header.TIMESTAMP, Header.INCARNATION])
def test_a_changed_header_voids_the_signature(header: Header) -> None:
    made = request()
    value = {Header.NONCE: "x" * 24, Header.TIMESTAMP: str(int(NOW) + 1), Header.INCARNATION: "2"}[header]
    with pytest.raises(Problem):
        door().agent(replace(made, headers={**made.headers, header: value}), "441721")


@pytest.mark.parametrize("half", ["ed25519", "sm2"])
def test_half_a_signature_is_none(half: str) -> None:
    made = request()
    kept = ",".join(part for part in made.headers[Header.SIGNATURE].split(",") if not part.startswith(half))
    with pytest.raises(SignInNeeded, match=half):
        door().agent(replace(made, headers={**made.headers, Header.SIGNATURE: kept}), "441721")


def test_an_agents_signature_is_no_operators() -> None:
    made = request(name="chen", context=RequestContext.AGENT)
    with pytest.raises(SignInNeeded):
        door().operator(replace(made, headers={**made.headers, Header.OPERATOR: "chen"}))


def test_another_key_is_refused() -> None:
    with pytest.raises(SignInNeeded, match="441721"):
        door().agent(request(key=OTHER), "441721")


def test_another_sites_name_is_refused() -> None:
    with pytest.raises(Forbidden, match="441700"):
        door().agent(request(name="441700"), "441721")


def test_a_site_that_never_enrolled_is_told_what_to_do() -> None:
    with pytest.raises(SignInNeeded) as refused:
        door().agent(request(name="441702"), "441702")
    assert refused.value.next == "yiwang up"


def test_an_old_incarnation_is_fenced() -> None:
    with pytest.raises(Forbidden, match="incarnation 1 is fenced"):
        door(incarnation=2).agent(request(), "441721")


@pytest.mark.parametrize("seconds", [-301, 301, -86_400])
def test_a_clock_that_is_off_is_named_with_its_offset(seconds: int) -> None:
    with pytest.raises(SignInNeeded, match=str(abs(seconds))):
        door().agent(request(at=NOW + seconds), "441721")


def test_a_request_counts_once() -> None:
    gate, made = door(), request()
    gate.agent(made, "441721")
    with pytest.raises(SignInNeeded, match="已用过"):
        gate.agent(made, "441721")


def test_an_operators_request_from_before_a_restart_is_refused() -> None:
    with pytest.raises(SignInNeeded, match="older than this control"):
        door().operator(request(name="chen", context=RequestContext.OPERATOR, at=NOW - 60))


@pytest.mark.parametrize("headers", [{}, {Header.SITE: "441721"}, {Header.SITE: "441721", Header.TIMESTAMP: "soon"}])
def test_what_is_not_signed_is_refused_as_such(headers: dict[str, str]) -> None:
    with pytest.raises(Problem):
        door().agent(Incoming("POST", "/", headers, b""), "441721")
