"""Codes by time and recovery codes: what counts as right, and how the secret lies at rest."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from yiwang_kit.crypto.sm4 import Tampered
from yiwang_services.management import factors

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
PERSON = UUID(int=7)


@pytest.mark.parametrize(
    ("second", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_the_vectors_of_rfc_6238_fit_at_their_seconds(second: int, code: str) -> None:
    assert factors.step_of(RFC_SECRET, code, datetime.fromtimestamp(second, UTC)) == second // 30


def test_a_telephone_may_be_one_step_off_and_not_two() -> None:
    code, at = "050471", 1111111111
    near = [factors.step_of(RFC_SECRET, code, datetime.fromtimestamp(at + 30 * off, UTC)) for off in (-2, -1, 0, 1, 2)]
    assert near == [None, at // 30, at // 30, at // 30, None]


@pytest.mark.parametrize("code", ["", "28708", "2870822", "abcdef", "２８７０８２", "287 083"])
def test_what_is_no_code_of_the_moment_fits_no_step(code: str) -> None:
    assert factors.step_of(RFC_SECRET, code, datetime.fromtimestamp(59, UTC)) is None


def test_codes_are_compared_without_the_spaces_that_people_type() -> None:
    assert factors.tidy(" 287 082\u3000") == "287082"
    assert factors.recovery_digest(PERSON, "ABCDE-fghjk ") == factors.recovery_digest(PERSON, "abcde-fghjk")


def test_recovery_codes_differ_and_belong_to_one_person() -> None:
    codes = factors.recovery_codes()
    assert len(set(codes)) == len(codes) == 10
    assert not set("01ilo") & set("".join(codes))
    assert factors.recovery_digest(PERSON, codes[0]) != factors.recovery_digest(UUID(int=8), codes[0])


def test_a_secret_at_rest_is_read_with_this_sites_key_alone(tmp_path: Path) -> None:
    here, there = factors.FactorKey(tmp_path / "a"), factors.FactorKey(tmp_path / "b")
    sealed = here.seal(RFC_SECRET)
    assert RFC_SECRET.encode().hex() not in sealed
    assert factors.FactorKey(tmp_path / "a").unseal(sealed) == RFC_SECRET
    with pytest.raises(Tampered):
        there.unseal(sealed)
    assert (tmp_path / "a" / factors.KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_the_address_for_the_qr_code_names_the_site_and_the_login() -> None:
    address = factors.uri(RFC_SECRET, "li.na", "阳西县")
    assert address.startswith("otpauth://totp/")
    assert "li.na" in address
    assert RFC_SECRET in address
