"""What becomes of news about neighbours."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from yiwang.agent.linking import Meeting
from yiwang.errors import Refused
from yiwang.model.command import Neighbour
from yiwang.model.trust import HybridPublic, HybridSignature, SignedStatement, Statement

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def statement(site: str, incarnation: int = 1) -> SignedStatement:
    made = Statement(schema=1, site=site, incarnation=incarnation, serial=incarnation, not_before=NOW,
                     not_after=NOW + timedelta(days=90), tls_sha256="c" * 64,
                     keys=HybridPublic(ed25519="aa", sm2="bb"))  # fmt: skip
    return SignedStatement(statement=made, signer="id", signature=HybridSignature(ed25519="aa", sm2="bb"))


@dataclass
class FakeKeys:
    accepted: list[str] = field(default_factory=list)
    pinned: dict[str, tuple[str, str]] = field(default_factory=dict)

    def leaf_public(self, parent: str) -> str:
        return f"U-{parent}"

    def grant(self, child: str, leaf_public: str) -> str:
        return f"jwt({child},{leaf_public})"

    def accept(self, parent: str, jwt: str) -> bool:
        news = jwt not in self.accepted
        self.accepted.append(jwt)
        return news

    def certificate(self) -> str:
        return "my certificate"

    def pin(self, neighbour: str, certificate_pem: str, sha256: str) -> bool:
        if certificate_pem == "stolen":
            raise Refused(rule="not the statement's", who="the child", next="yiwang up")
        news = self.pinned.get(neighbour) != (certificate_pem, sha256)
        self.pinned[neighbour] = (certificate_pem, sha256)
        return news

    def revoke(self, child: str) -> bool:
        return self.pinned.pop(child, None) is not None


def meeting(folder: Path, *, refuses: str = "") -> Meeting:
    def verify(signed: SignedStatement, site: str) -> None:
        if site == refuses:
            raise Refused(rule="not signed", who="nobody", next="yiwang status")

    return Meeting(site="441700", peers=folder / "peers", keys=FakeKeys(), verify=verify)


def test_the_child_shows_its_key_and_the_parent_signs_it(tmp_path: Path) -> None:
    news = [
        Neighbour(site="440000", relation="parent", statement=statement("440000")),
        Neighbour(site="441721", relation="child", statement=statement("441721"), offers={"leaf": {"nkey": "U-1"}}),
    ]
    offers, changed = meeting(tmp_path).meet(news)
    assert [(o.recipient, o.kind, o.body) for o in offers] == [
        ("440000", "leaf", {"nkey": "U-440000", "certificate": "my certificate"}),
        ("441721", "grant", {"jwt": "jwt(441721,U-1)", "certificate": "my certificate"}),
    ]
    assert not changed


def test_a_grant_is_accepted_once(tmp_path: Path) -> None:
    news = [Neighbour(site="440000", relation="parent", statement=statement("440000"), offers={"grant": {"jwt": "j"}})]
    met = meeting(tmp_path)
    assert met.meet(news)[1]
    assert not met.meet(news)[1]


def test_a_neighbour_whose_statement_does_not_verify_gets_and_gives_nothing(tmp_path: Path) -> None:
    news = [Neighbour(site="440000", relation="parent", statement=statement("440000"), offers={"grant": {"jwt": "j"}})]
    offers, changed = meeting(tmp_path, refuses="440000").meet(news)
    assert (offers, changed) == ((), False)
    assert not (tmp_path / "peers" / "440000.json").exists()


def test_statements_of_older_incarnations_are_kept(tmp_path: Path) -> None:
    met = meeting(tmp_path)
    for incarnation in (1, 2):
        met.meet([Neighbour(site="441702", relation="origin", statement=statement("441702", incarnation))])
    kept = json.loads((tmp_path / "peers" / "441702.json").read_text())
    assert [item["statement"]["incarnation"] for item in kept] == [1, 2]


def test_an_origin_is_offered_nothing(tmp_path: Path) -> None:
    offers, _ = meeting(tmp_path).meet([Neighbour(site="441702", relation="origin", statement=statement("441702"))])
    assert offers == ()


def child(certificate: str, *, believed: bool = True) -> Neighbour:
    offers = {"leaf": {"nkey": "U-1", "certificate": certificate}}
    signed = statement("441721") if believed else None
    return Neighbour(site="441721", relation="child", statement=signed, offers=offers)


def test_a_childs_certificate_is_let_in_as_its_statement_names_it(tmp_path: Path) -> None:
    met = meeting(tmp_path)
    assert met.meet([child("c1")])[1]
    assert not met.meet([child("c1")])[1]
    assert met.meet([child("c2")])[1]
    assert met.keys.pinned == {"441721": ("c2", "c" * 64)}  # type: ignore[attr-defined]
    assert not met.meet([child("stolen")])[1], "one that the statement does not name changes nothing"


def test_a_child_that_is_believed_no_more_is_let_in_no_more(tmp_path: Path) -> None:
    met = meeting(tmp_path)
    met.meet([child("c1")])
    assert met.meet([child("c1", believed=False)]) == ((), True)
    assert met.meet([child("c1", believed=False)]) == ((), False)
