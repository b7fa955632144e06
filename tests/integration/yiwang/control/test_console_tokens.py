"""People at a console: their own site's issuer, their own subtree, the audience `fleet`, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from support.control_lab import R1, SITES, ControlLab

CITY = "441700"
KEY = ECKey.generate_key("P-256", {"kid": "k1"})
ISSUER = "http://city.test/oidc"


@pytest.fixture
def lab(tmp_path: Path, empty_database_url: str) -> Iterator[ControlLab]:
    with ControlLab(tmp_path, empty_database_url).running() as running:
        city = running.enrolled(*SITES)[CITY]
        running.publish(R1)
        with running.operator() as operator:
            operator.assign(CITY, R1)
        city.obey()
        jwks = json.dumps(KeySet([KEY]).as_dict(private=False))
        city.client.report(city.message(city.proof(), issuer=ISSUER, jwks=jwks))
        yield running


def matrix(lab: ControlLab, *, key: ECKey = KEY, **claims: Any) -> httpx.Response:
    said = {"iss": ISSUER, "aud": "fleet", "sub": "u-1", "exp": int(time.time()) + 60, **claims}
    token = jwt.encode({"alg": "ES256", "kid": "k1"}, said, key)
    return httpx.get(f"{lab.url}/v1/matrix", headers={"Authorization": f"Bearer {token}"}, trust_env=False)


def test_a_person_sees_their_own_subtree_only(lab: ControlLab) -> None:
    answer = matrix(lab)
    assert [row["site"] for row in answer.json()["sites"]] == ["441700", "441721"]


@pytest.mark.parametrize(
    "claims",
    [{"aud": "hub"}, {"exp": 1}, {"iss": "http://evil.test/oidc"}],
    ids=["wrong-audience", "expired", "unknown-issuer"],
)
def test_a_token_that_is_not_for_here_is_refused(lab: ControlLab, claims: dict[str, Any]) -> None:
    assert matrix(lab, **claims).status_code == 401


def test_a_token_by_another_key_is_refused(lab: ControlLab) -> None:
    assert matrix(lab, key=ECKey.generate_key("P-256", {"kid": "k1"})).status_code == 401


def test_a_person_at_a_console_may_not_operate(lab: ControlLab) -> None:
    token = jwt.encode({"alg": "ES256", "kid": "k1"}, {"iss": ISSUER, "aud": "fleet", "sub": "u", "exp": 9e9}, KEY)
    answer = httpx.post(f"{lab.url}/v1/rollouts", json={"release": R1}, trust_env=False,
                        headers={"Authorization": f"Bearer {token}"})  # fmt: skip
    assert answer.status_code == 401
    assert answer.json()["next"]
