"""The distribution is one consistent value: every name that it uses exists in it."""

from __future__ import annotations

import pytest

from yiwang.definition import distribution
from yiwang.definition.wording import EXPECTED
from yiwang.model.site import SiteFile
from yiwang.model.workspace import WorkspaceFile

D = distribution()
TIERS = {tier.name for tier in D.tiers}


def test_names_are_unique() -> None:
    for items in (D.tiers, D.services, D.engines, D.ports, D.substrates, D.clouds, D.channels, D.contents):
        names = [item.name for item in items]
        assert len(names) == len(set(names))


def test_no_two_processes_share_a_port() -> None:
    numbers = [port.number for port in D.ports]
    assert len(numbers) == len(set(numbers))


def test_a_parent_tier_always_stands_above() -> None:
    order = {tier.name: tier.order for tier in D.tiers}
    assert all(order[parent] < tier.order for tier in D.tiers for parent in tier.parents)


def test_services_run_at_tiers_and_need_services_that_exist() -> None:
    names = {spec.name for spec in D.services}
    for spec in D.services:
        assert set(spec.tiers) <= TIERS
        assert set(spec.needs) <= names - {spec.name}
        assert spec.package == f"yiwang_services.{spec.name}"


def test_a_service_runs_only_where_what_it_needs_runs() -> None:
    for spec in D.services:
        for need in spec.needs:
            assert set(spec.tiers) <= set(D.service(need).tiers)


def test_content_is_declared_on_both_sides() -> None:
    for content in D.contents:
        assert all(content.name in D.service(name).content for name in content.services)
    declared = {content.name for content in D.contents}
    assert all(set(spec.content) <= declared for spec in D.services)


def test_a_whole_batch_fits_into_one_message_and_an_envelope_into_a_batch() -> None:
    limits = D.exchange
    assert limits.envelope_bytes <= limits.batch_bytes < limits.nats_max_payload


def test_waves_name_tiers_that_exist() -> None:
    named = {wave.tier for policy in D.rollout_policies for wave in policy.waves if wave.tier}
    assert named <= TIERS


def test_substrates_stand_on_clouds_that_exist() -> None:
    clouds = {cloud.name for cloud in D.clouds}
    assert all(set(spec.clouds) <= clouds for spec in D.substrates)


def test_a_wrong_name_is_a_defect_of_the_caller() -> None:
    with pytest.raises(KeyError):
        D.port("telnet")


def test_every_key_of_a_file_that_people_write_says_what_is_expected() -> None:
    fields = SiteFile.model_fields | WorkspaceFile.model_fields
    keys = {field.alias or name for name, field in fields.items()}
    assert keys <= EXPECTED.keys()
    assert all(field.description for field in fields.values())


def test_every_title_is_bilingual() -> None:
    for items in (D.tiers, D.services, D.engines, D.ports, D.substrates, D.clouds, D.channels, D.contents):
        for item in items:
            assert any("\u4e00" <= char <= "\u9fff" for char in item.title_zh)
            assert item.title_en.isascii()
