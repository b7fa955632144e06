"""Control over a real PostgreSQL and loopback HTTP: assign, execute, report, matrix; rollouts; refusals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.control_lab import R1, R2, SITES, ControlLab, LabSite, sign_message
from yiwang.adapters import signing
from yiwang.adapters.control_http import AgentClient, ControlClient
from yiwang.errors import Refused, Unreachable
from yiwang.model.command import Offer
from yiwang_kit.crypto import HybridPrivateKey


@pytest.fixture
def lab(tmp_path: Path, empty_database_url: str) -> Iterator[ControlLab]:
    with ControlLab(tmp_path, empty_database_url).running() as running:
        yield running


def until(reached: Callable[[], object], *, seconds: float = 20.0) -> None:
    """Wait until something is true, or fail."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "not reached in time"
        time.sleep(0.05)


def drive(sites: dict[str, LabSite], operator: ControlClient, id: str) -> dict[str, object]:
    """Let the sites obey until the rollout ends."""

    def ended() -> bool:
        for site in sites.values():
            site.obey()
        return bool(operator.rollout(id)["finished"])

    until(ended)
    return operator.rollout(id)


def installed(lab: ControlLab) -> dict[str, LabSite]:
    """Three sites on R1, and R2 published."""
    sites = lab.enrolled(*SITES)
    lab.publish(R1, R2)
    with lab.operator() as operator:
        plan = operator.plan(R1, policy="install")
        operator.start(plan["id"])
        assert drive(sites, operator, plan["id"])["status"] == "completed"
    return sites


def test_an_assigned_release_is_executed_reported_and_the_same(lab: ControlLab) -> None:
    site = lab.enrolled("441721")["441721"]
    lab.publish(R1)
    with lab.operator() as operator:
        operator.assign("441721", R1)
        assert operator.matrix()["sites"][2]["state"] == "never_seen"
        signed = site.obey()
        assert signed is not None
        row = operator.matrix()["sites"][2]
    assert (row["site"], row["state"], row["release"]) == ("441721", "same", R1)


def test_an_assignment_again_carries_the_next_generation(lab: ControlLab) -> None:
    lab.enrolled("441721")
    lab.publish(R1)
    with lab.operator() as operator:
        numbers = [operator.assign("441721", R1)["generation"] for _ in range(2)]
    assert numbers == [1, 2]


def test_a_rollout_brings_three_sites_to_one_release(lab: ControlLab) -> None:
    installed(lab)
    with lab.operator() as operator:
        assert {row["state"] for row in operator.matrix()["sites"]} == {"same"}


def test_a_failing_release_goes_back_by_itself_at_every_site(lab: ControlLab) -> None:
    sites = installed(lab)
    sites["441700"].fails_on = (R2,)
    with lab.operator() as operator:
        plan = operator.plan(R2, policy="swift")
        operator.start(plan["id"])
        ended = drive(sites, operator, plan["id"])
        assert ended["status"] == "rolled_back"
        until(lambda: [row["release"] for row in operator.matrix()["sites"]] == [R1] * 3)
        assert {row["state"] for row in operator.matrix()["sites"]} == {"same"}


def test_a_restarted_control_goes_on_with_the_rollout(tmp_path: Path, empty_database_url: str) -> None:
    lab = ControlLab(tmp_path, empty_database_url)
    with lab.running():
        sites = installed(lab)
        with lab.operator() as operator:
            plan = operator.plan(R2, policy="swift")
            operator.start(plan["id"])
            until(lambda: sites["441721"].obey() is not None)
    with lab.running(), lab.operator() as operator:
        assert operator.rollout(plan["id"])["sites"]["441721"]["state"] == "healthy"
        assert drive(sites, operator, plan["id"])["status"] == "completed"


def test_a_held_site_is_left_alone(lab: ControlLab) -> None:
    sites = installed(lab)
    with lab.operator() as operator:
        hold = operator.hold("440000", reason="防汛应急 flood season", hours=1)
        plan = operator.plan(R2, policy="swift")
        operator.start(plan["id"])

        def held() -> bool:
            for site in sites.values():
                site.obey()
            return operator.rollout(plan["id"])["sites"]["440000"]["state"] == "held"

        until(held, seconds=40)
        operator.release_hold(hold["id"])
        assert drive(sites, operator, plan["id"])["status"] == "completed"


def test_another_sites_key_opens_nothing_and_is_audited(lab: ControlLab) -> None:
    sites = lab.enrolled("441721", "441700")
    thief = lab.opened(AgentClient(lab.url, "441700"))
    thief.sign_as(sites["441721"].key, 1)
    with pytest.raises(Refused, match="441700"):
        thief._post("poll", {})
    assert lab.kernel is not None
    with lab.kernel.database.transaction("control") as session:
        from sqlalchemy import text

        found = session.execute(text("SELECT count(*) FROM kit.audit WHERE action = 'request.refused'")).scalar_one()
    assert found == 1


def test_a_site_asking_at_another_sites_door_is_refused(lab: ControlLab) -> None:
    site = lab.enrolled("441721")["441721"]
    with pytest.raises(Refused, match="not 441700"):
        site.client.http.call("POST", "/v1/sites/441700/poll", {})


def test_a_report_in_another_sites_name_is_refused(lab: ControlLab) -> None:
    sites = lab.enrolled("441721", "441700")
    report = sites["441721"].proof(site="441700")
    with pytest.raises(Refused, match="441700"):
        sites["441721"].client.report(sites["441721"].message(report))


def test_a_report_with_a_foreign_attachment_is_refused(lab: ControlLab) -> None:
    site = lab.enrolled("441721")["441721"]
    signed = signing.sign_report(site.key, site.proof())
    forged = sign_message(HybridPrivateKey.generate(), signed, healthy=True, issuer="http://evil.test/oidc")
    with pytest.raises(Refused, match="签名无效"):
        site.client.report(forged)


def test_a_token_enrols_once(lab: ControlLab) -> None:
    with lab.operator() as operator:
        token = operator.token("441721")
    lab.site("441721").enrol(token)
    with pytest.raises(Refused, match="令牌"):
        lab.site("441721").enrol(token)


def test_a_re_enrolled_site_fences_its_old_incarnation(lab: ControlLab) -> None:
    old = lab.enrolled("441721")["441721"]
    lab.enrolled("441721")
    with pytest.raises(Refused, match=r"密钥不符|代次"):
        old.poll()


def test_an_unknown_operator_is_refused_with_the_next_command(lab: ControlLab) -> None:
    stranger = lab.opened(ControlClient(lab.url, "mallory", HybridPrivateKey.generate()))
    with pytest.raises(Refused, match="mallory") as refused:
        stranger.status()
    assert refused.value.next == "yiwang init"


def test_an_operators_name_with_another_key_is_refused(lab: ControlLab) -> None:
    stranger = lab.opened(ControlClient(lab.url, "chen", HybridPrivateKey.generate()))
    with pytest.raises(Refused, match="chen"):
        stranger.status()


def test_a_site_in_a_rollout_takes_no_assignment(lab: ControlLab) -> None:
    installed(lab)
    with lab.operator() as operator:
        plan = operator.plan(R2, policy="swift")
        with pytest.raises(Refused, match=plan["id"]):
            operator.assign("441721", R2)


def test_a_second_plan_leaves_out_sites_that_are_taken_and_says_why(lab: ControlLab) -> None:
    installed(lab)
    with lab.operator() as operator:
        first = operator.plan(R2, policy="swift")
        second = operator.plan(R2, policy="swift")
    assert second["sites"] == {}
    assert first["id"] in second["excluded"]["441721"]


def test_a_restored_control_raises_its_epoch_and_only_observes(lab: ControlLab) -> None:
    sites = installed(lab)
    sites["441721"].generation = 40
    with lab.operator() as operator:
        assert sites["441721"].poll() is None
        status = operator.status()
    assert status["epoch"] == 2
    assert "441721" in status["observing"]


def test_an_offer_reaches_the_neighbour_and_nobody_else_may_send_it(lab: ControlLab) -> None:
    sites = lab.enrolled(*SITES)
    sites["441721"].client.offer([Offer(sender="441721", recipient="441700", kind="link", body={"nkey": "UABC"})])
    answer = sites["441700"].client.http.call("POST", "/v1/sites/441700/poll", {})
    told = {item["site"]: item for item in answer["neighbours"]}
    assert told["441721"]["offers"] == {"link": {"nkey": "UABC"}}
    assert told["441721"]["relation"] == "child"
    with pytest.raises(Refused, match="440000"):
        sites["441721"].client.offer([Offer(sender="441721", recipient="440000", kind="link", body={})])


def test_a_control_that_is_down_says_since_when_and_what_to_do() -> None:
    client = ControlClient("http://127.0.0.1:9", "chen", HybridPrivateKey.generate())
    with pytest.raises(Unreachable) as silent:
        client.status()
    assert silent.value.since is not None
    assert silent.value.next == "yiwang control start"


def test_an_unsigned_request_is_refused(lab: ControlLab) -> None:
    client = lab.opened(ControlClient(lab.url, "chen", lab.operators["chen"]))
    client.http.sender = None
    with pytest.raises(Refused, match="401"):
        client.status()


def test_a_replayed_request_counts_once(lab: ControlLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: "the-same-nonce-twice")
    with lab.operator() as operator:
        operator.status()
        with pytest.raises(Refused, match="已用过"):
            operator.status()


def test_the_journal_tells_who_did_what(lab: ControlLab) -> None:
    installed(lab)
    with lab.operator() as operator:
        kinds = [row["kind"] for row in operator.journal()["items"]]
    assert kinds[:3] == ["token", "enrolled", "token"]
    assert {"published", "planned", "event.started", "event.proven"} <= set(kinds)


def test_a_demanded_proof_is_waited_for_and_silence_is_named(lab: ControlLab) -> None:
    sites = installed(lab)

    def answer() -> None:
        until(lambda: sites["441721"].client.http.call("POST", "/v1/sites/441721/poll", {})["prove"] == 1)
        sites["441721"].report()

    thread = threading.Thread(target=answer)
    thread.start()
    with lab.operator() as operator:
        told = operator.prove(["441721", "441700"], patience=3)
    thread.join()
    assert told == {"asked": ["441721", "441700"][::-1], "silent": ["441700"]}
