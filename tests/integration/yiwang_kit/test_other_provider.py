"""Sign-in by a provider that is not ours: found by discovery, people matched by login, rights still from here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.kit_lab import Lab, Toy, open_lab

ISSUER = "https://id.gov.test/realms/yangjiang"


class Provider(httpx.BaseTransport):
    """Answers for the other provider."""

    def __init__(self, lab: Lab) -> None:
        self.toy = Toy(lab.clock, issuer=ISSUER)
        self.claims: dict[str, Any] = {"preferred_username": "li", "sub": "not a uuid"}
        self.calls_itself = ISSUER
        self.form = ""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer discovery, keys and tokens."""
        path = request.url.path.removeprefix("/realms/yangjiang")
        if path == "/.well-known/openid-configuration":
            return httpx.Response(200, json={
                "issuer": self.calls_itself, "authorization_endpoint": f"{ISSUER}/auth",
                "token_endpoint": f"{ISSUER}/t", "jwks_uri": f"{ISSUER}/k",
            })  # fmt: skip
        if path == "/k":
            return httpx.Response(200, json={"keys": [self.toy.key.as_dict(private=False)]})
        self.form = request.read().decode()
        return httpx.Response(200, json={"id_token": self.toy.token(aud="yangxi-hub", **self.claims)})


@pytest.fixture
def other(database_url: str, tmp_path: Path) -> Iterator[tuple[Lab, Provider]]:
    """A hub that signs people in elsewhere."""
    (tmp_path / "secret").write_text("s3cret\n", encoding="utf-8")
    sign_in = {"issuer": ISSUER, "client_id": "yangxi-hub", "client_secret_file": str(tmp_path / "secret")}
    with open_lab(database_url, sign_in=sign_in) as lab:
        provider = Provider(lab)
        lab.runtime.http._transport = provider
        yield lab, provider


def come_back(lab: Lab, provider: Provider) -> httpx.Response:
    """Begin a sign-in and come back from the provider."""
    begun = lab.begun()
    provider.claims["nonce"] = begun["nonce"]
    return lab.client.get("/auth/callback", params={"state": begun["state"], "code": "c"}, follow_redirects=False)


def test_a_person_is_matched_by_login(other: tuple[Lab, Provider]) -> None:
    lab, provider = other
    person = lab.person("li")
    assert come_back(lab, provider).status_code == 302
    assert lab.client.get("/auth/me").json()["user"]["id"] == str(person)
    assert "client_secret=s3cret" in provider.form


def test_somebody_without_an_account_here_does_not_come_in(other: tuple[Lab, Provider]) -> None:
    lab, provider = other
    lab.person("wang")
    answer = come_back(lab, provider)
    assert answer.status_code == 401
    assert "not known at this site" in answer.json()["detail"]


def test_a_provider_that_calls_itself_something_else_is_not_used(other: tuple[Lab, Provider]) -> None:
    lab, provider = other
    provider.calls_itself = "https://evil.test"
    assert lab.client.get("/auth/login", follow_redirects=False).status_code == 503
