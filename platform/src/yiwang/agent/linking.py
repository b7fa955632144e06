"""Meets the neighbours: keeps statements that verify, and wires the link to parent and children.

What control passes on is believed only by the identity role's signature. The link's keys are made by whoever uses them:
the child shows its leaf user's public key, the parent signs it into the edge's account and hands the claim back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from yiwang.agent.journal import write_whole
from yiwang.errors import Refused
from yiwang.model.command import Neighbour, Offer
from yiwang.model.trust import SignedStatement

LEAF, GRANT = "leaf", "grant"
PROVES = {"child": LEAF, "parent": GRANT}
"""In which offer a neighbour shows its certificate."""
Say = Callable[[str], None]


class LinkKeys(Protocol):
    """The site's side of its links. 链路密钥。"""

    def leaf_public(self, parent: str) -> str:
        """Return the public key by which this site signs in at its parent."""

    def grant(self, child: str, leaf_public: str) -> str:
        """Return the claim that lets a child in."""

    def accept(self, parent: str, jwt: str) -> bool:
        """Keep the parent's claim; return whether it was news."""

    def certificate(self) -> str:
        """Return this site's own TLS certificate."""

    def pin(self, neighbour: str, certificate_pem: str, sha256: str) -> bool:
        """Believe a neighbour on a link by the certificate that its statement names; return whether that is news."""

    def revoke(self, child: str) -> bool:
        """Let a child in no more; return whether that is news."""


@dataclass(frozen=True)
class Meeting:
    """What becomes of news about neighbours. 邻站会面。"""

    site: str
    peers: Path
    keys: LinkKeys
    verify: Callable[[SignedStatement, str], None]
    """Refuse a statement that the identity role did not sign about this site."""
    say: Say = lambda _: None

    def meet(self, neighbours: Sequence[Neighbour]) -> tuple[tuple[Offer, ...], bool]:
        """Return what to tell neighbours, and whether the message server must be told something new."""
        believed = [neighbour for neighbour in neighbours if self._believe(neighbour)]
        lost = [item.site for item in neighbours if item.relation == "child" and item not in believed]
        dropped = [site for site in lost if self.keys.revoke(site)]
        for site in dropped:
            self.say(f"断开 {site} / its link is dropped: its statement is no longer believed")
        news = [change(neighbour) for neighbour in believed for change in (self._accept, self._pin)]
        return tuple(self._offers(believed)), any(news) or bool(dropped)

    def _believe(self, neighbour: Neighbour) -> bool:
        """Keep a neighbour's statement where it verifies; older incarnations stay, their envelopes still arrive."""
        if neighbour.statement is None:
            return False
        try:
            self.verify(neighbour.statement, neighbour.site)
        except Refused as error:
            self.say(f"不信任 {neighbour.site} / not believed: {error.rule}")
            return False
        self._keep(neighbour.site, neighbour.statement)
        return True

    def _keep(self, site: str, statement: SignedStatement) -> None:
        path = self.peers / f"{site}.json"
        known = {item["statement"]["incarnation"]: item for item in _read(path)}
        new = statement.model_dump(mode="json", by_alias=True)
        if known.get(statement.statement.incarnation) != new:
            known[statement.statement.incarnation] = new
            self.peers.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps([known[n] for n in sorted(known)]).encode(), mode=0o644)

    def _offers(self, neighbours: Iterable[Neighbour]) -> Iterable[Offer]:
        for neighbour in neighbours:
            if neighbour.relation == "parent":
                body = {"nkey": self.keys.leaf_public(neighbour.site), "certificate": self.keys.certificate()}
                yield Offer(sender=self.site, recipient=neighbour.site, kind=LEAF, body=body)
            if neighbour.relation == "child" and (leaf := neighbour.offers.get(LEAF)):
                body = {"jwt": self.keys.grant(neighbour.site, leaf["nkey"]), "certificate": self.keys.certificate()}
                yield Offer(sender=self.site, recipient=neighbour.site, kind=GRANT, body=body)

    def _accept(self, neighbour: Neighbour) -> bool:
        grant = neighbour.offers.get(GRANT) if neighbour.relation == "parent" else None
        return self.keys.accept(neighbour.site, grant["jwt"]) if grant else False

    def _pin(self, neighbour: Neighbour) -> bool:
        """Believe a certificate on a link where the statement names it; an older offer waits for the newer one."""
        shown = neighbour.offers.get(PROVES.get(neighbour.relation, ""))
        if shown is None or "certificate" not in shown or neighbour.statement is None:
            return False
        try:
            return self.keys.pin(neighbour.site, shown["certificate"], neighbour.statement.statement.tls_sha256)
        except Refused as error:
            self.say(f"{neighbour.site}: {error.rule}")
            return False


def _read(path: Path) -> list[dict[str, dict[str, int]]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return content if isinstance(content, list) else [content]
