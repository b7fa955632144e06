"""Passwords, roles and the pace of tries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from yiwang_kit.clock import ManualClock
from yiwang_kit.settings import SiteIdentity
from yiwang_services.management import domain
from yiwang_services.management.keys import TokenKey
from yiwang_services.management.page import render
from yiwang_services.management.signing_in import Pace
from yiwang_services.matter import domain as matters
from yiwang_services.packs import pack

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_password_fits_its_own_hash_and_no_other() -> None:
    stored = domain.hash_password("正确的 password 1")
    assert domain.password_fits("正确的 password 1", stored)
    assert not domain.password_fits("正确的 password 2", stored)
    assert not domain.password_fits("anything", None)
    assert domain.hash_password("x") != domain.hash_password("x")


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "x" * 129, "my-zhang.san-password"])
def test_weak_passwords_are_refused_with_the_reason(password: str) -> None:
    assert domain.password_fault(password, "zhang.san") is not None


def test_generated_passwords_are_strong_and_leave_out_look_alikes() -> None:
    made = {domain.generate_password() for _ in range(50)}
    assert len(made) == 50
    assert all(domain.password_fault(password, "admin") is None for password in made)
    assert not set("0OIl1io") & set("".join(made))


def test_every_role_is_bilingual_and_its_duty_is_one_of_four() -> None:
    assert {role.duty for role in domain.ROLES} == {"business", "system", "security", "audit"}
    assert all(role.title_zh != role.title_en and role.scope in {"unit", "division"} for role in domain.ROLES)


def test_separated_duties_share_no_permission_to_change() -> None:
    by_duty = {role.duty: set(role.permissions) for role in domain.ROLES if role.duty != "business"}
    changing = {d: {p for p in held if not p.endswith(".read")} for d, held in by_duty.items()}
    assert not changing["system"] & changing["security"]
    assert not changing["audit"]


def test_an_address_that_tries_too_often_waits_and_others_do_not() -> None:
    clock = ManualClock(NOW)
    pace = Pace(clock, limit=3)
    assert [pace.allows("a") for _ in range(4)] == [True, True, True, False]
    assert pace.allows("b")
    clock.advance(61)
    assert pace.allows("a")


def test_a_token_key_is_made_once_private_and_believes_only_itself(tmp_path: Path) -> None:
    folder, clock = tmp_path, ManualClock(NOW)
    first = TokenKey(folder, "http://here/oidc", clock)
    token = first.issue("hub", timedelta(minutes=5), sub="x")
    again = TokenKey(folder, "http://here/oidc", clock)
    assert again.read(token, "hub") is not None
    assert again.read(token, "fleet") is None
    assert again.read(token + "x", "hub") is None
    assert (folder / "oidc-key.json").stat().st_mode & 0o777 == 0o600
    clock.advance(3600)
    assert again.read(token, "hub") is None


def test_the_sign_in_page_escapes_what_was_typed() -> None:
    site = SiteIdentity(id="441721", code="441721", name="<b>县</b>", tier="county")
    page = render(site, demo=False, form="f", login='"><script>x</script>', said=("<i>", "&"))
    assert "<script" not in page
    assert "<b>县" not in page
    assert "<i>" not in page


def test_every_starter_matter_is_sound_and_bilingual() -> None:
    rows = [matters.read(row) for row in pack("matters-starter").json("matters.json")]
    assert len(rows) == len({row.code for row in rows}) >= 60
    assert all(row.name and row.name_en and row.sample for row in rows)


def test_a_matter_without_source_that_is_no_sample_is_refused() -> None:
    row = {**pack("matters-starter").json("matters.json")[0], "sample": False}
    with pytest.raises(ValueError, match="S001"):
        matters.read(row)
