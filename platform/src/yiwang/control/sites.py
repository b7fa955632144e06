"""Sites as control meets them: enrolment, polls, reports, and what neighbours tell each other through it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from yiwang.adapters import signing
from yiwang.control.kernel import Kernel
from yiwang.control.matrix import Matrix
from yiwang.control.rollouts import Rollouts
from yiwang.control.store import Store
from yiwang.errors import Refused
from yiwang.model.command import Neighbour, Offer, Outcome, Poll, PollAnswer, ReportMessage
from yiwang.model.proof import MatrixState
from yiwang.model.release import canonical
from yiwang.model.rollout import Failed, Proven
from yiwang.model.site import Mode, SiteTree
from yiwang.model.trust import Enrolment, EnrolmentRequest, HybridPublic, Revocations, SigningContext
from yiwang_kit.errors import Conflict, Forbidden, NotFound

Relation = Literal["parent", "child", "origin"]
SEEN_EVERY = timedelta(seconds=10)


class Sites:
    """What control does for agents. 站点服务。"""

    def __init__(self, kernel: Kernel, rollouts: Rollouts, matrix: Matrix) -> None:
        self._kernel, self._rollouts, self._matrix = kernel, rollouts, matrix
        self._keys: dict[str, tuple[HybridPublic, int] | None] = {}
        self._neighbours: dict[str, tuple[str, tuple[Neighbour, ...]]] = {}
        self._prove: dict[str, int] = {}
        self._written: datetime | None = None
        self._revoked = Revocations()

    # -- who a site is -----------------------------------------------------------------------------------------------

    def key(self, site: str) -> tuple[HybridPublic, int] | None:
        """Return a site's present key and incarnation."""
        if self._keys.get(site) is None:
            with self._kernel.transaction() as store:
                row = store.site(site)
            self._keys[site] = (row.statement.statement.keys, row.incarnation) if row else None
        return self._keys[site]

    def token(self, site: str, actor: str) -> dict[str, Any]:
        """Make a one-time token for a site's next incarnation."""
        if site not in self._kernel.ports.tree.load():
            raise NotFound(f"站点树中没有 {site} / {site} is not in the site tree", next=f"yiwang site new {site}")
        known = self.key(site)
        now = self._kernel.clock.now()
        token, record = signing.new_token(site, (known[1] if known else 0) + 1, now)
        with self._kernel.transaction() as store:
            store.put_token(record)
            store.append(at=now, kind="token", actor=actor, data=record.model_dump_json(exclude={"digest"}))
        return {"token": token, "incarnation": record.incarnation, "expires_at": record.expires_at.isoformat()}

    def revoke(self, site: str, actor: str, reason: str) -> dict[str, Any]:
        """Believe a site's present keys no more; it comes back by a new token, as a new incarnation."""
        with self._kernel.transaction() as store:
            row = store.site(site)
        if row is None:
            raise NotFound(f"{site} 未入网 / is not enrolled", next="yiwang status")
        serial = row.statement.statement.serial
        self._kernel.ports.trust.revoke(serial)
        self._kernel.record("revoke", actor, site, serial=serial, reason=reason)
        return {"site": site, "serial": serial, "incarnation": row.incarnation}

    def enrol(self, request: EnrolmentRequest) -> Enrolment:
        """Trade a token, or the present key's signature, for a statement and a certificate."""
        kernel, now = self._kernel, self._kernel.clock.now()
        try:
            signing.check_request(request)
            with kernel.transaction() as store:
                self._entitled(store, request, now)
                enrolment = kernel.ports.trust.issue(request, store.next_serial())
                store.put_site(enrolment.statement, now)
                store.append(at=now, kind="enrolled", actor=f"agent:{request.site}",
                             data=enrolment.statement.statement.model_dump_json(by_alias=True))  # fmt: skip
        except Refused as error:
            kernel.record("enrol.refused", f"agent:{request.site}", request.site, reason=error.rule)
            raise
        if request.incarnation > 1:  # a restored site lives anew: what its earlier life signed is believed no more
            kernel.ports.trust.fence(request.site, request.incarnation - 1)
        kernel.record("enrol", f"agent:{request.site}", request.site, incarnation=request.incarnation)
        self._keys.clear()
        self._neighbours.clear()
        kernel.contacts[request.site] = now
        return enrolment

    def _entitled(self, store: Store, request: EnrolmentRequest, now: datetime) -> None:
        """Refuse an enrolment that neither a token nor the present key entitles to."""
        row = store.site(request.site)
        same = row is not None and row.incarnation == request.incarnation
        if request.token is None and request.signature is not None and row is not None and same:
            refusal = self._kernel.ports.trust.revocations().refuses(row.statement.statement)
            if refusal is not None:
                raise Refused(
                    rule=f"续期 {request.site} / renewal: {refusal}", who="运维人员 / an operator", next="yiwang up"
                )
            keys, what = row.statement.statement.keys, f"续期 {request.site} / renewal"
            signing.check(keys, request.signed_bytes(), request.signature, SigningContext.ENROLMENT, what)
            return
        digest = hashlib.sha256((request.token or "").encode()).hexdigest()
        signing.check_token(request, store.take_token(digest, now), now)

    # -- polls -------------------------------------------------------------------------------------------------------

    def poll(self, site: str, poll: Poll) -> PollAnswer:
        """Answer an agent that asks for work."""
        kernel = self._kernel
        kernel.contacts[site] = kernel.clock.now()
        if poll.epoch > kernel.epoch or (poll.epoch == kernel.epoch and poll.generation > self._told(site)):
            kernel.raise_epoch(
                poll.epoch, f"{site} 已执行 {poll.epoch}.{poll.generation}，本管控不知道 / knows more than control"
            )
        if poll.progress is not None:
            self._progress(site, poll)
        digest, neighbours = self._neighbours_of(site)
        return PollAnswer(
            epoch=kernel.epoch,
            command=None if kernel.observing else self._news(site, poll),
            prove=self._prove_counter(site),
            neighbours=neighbours if digest != poll.neighbours_digest else None,
            neighbours_digest=digest,
        )

    def _told(self, site: str) -> int:
        signed = self._kernel.commands.get(site)
        return signed.command.generation if signed else 0

    def _news(self, site: str, poll: Poll) -> Any:
        """Return the site's command, unless it has already taken it up."""
        signed = self._kernel.commands.get(site)
        return signed if signed and signed.command.number() > (poll.epoch, poll.generation) else None

    def _progress(self, site: str, poll: Poll) -> None:
        """Keep what an agent says of its work; a failure goes to the rollout at once."""
        progress = poll.progress
        if progress is None:
            return
        with self._kernel.transaction() as store:
            store.put_progress(site, progress)
        if progress.outcome in (Outcome.FAILED, Outcome.REFUSED):
            reason = progress.detail or progress.phase
            self._rollouts.site_said(site, Failed(site=site, generation=progress.generation, reason=reason))

    def _prove_counter(self, site: str) -> int:
        if site not in self._prove:
            with self._kernel.transaction() as store:
                row = store.site(site)
            self._prove[site] = row.prove if row else 0
        return self._prove[site]

    def demand_proof(self, sites: Sequence[str], actor: str) -> list[str]:
        """Ask sites, all that have something to prove by default, to prove themselves now; return who was asked."""
        with self._kernel.transaction() as store:
            enrolled = store.sites()
            wanted = [site for site in sites or self._kernel.commands if site in enrolled]
            store.demand_proof(wanted)
            store.append(at=self._kernel.clock.now(), kind="prove", actor=actor)
        for site in wanted:
            self._prove.pop(site, None)
        return wanted

    def write_contacts(self) -> None:
        """Store when sites were last heard, now and then: it must survive a restart, not every poll."""
        now = self._kernel.clock.now()
        if self._written is None or now - self._written >= SEEN_EVERY:
            self._written = now
            with self._kernel.transaction() as store:
                store.seen(dict(self._kernel.contacts))

    # -- reports -----------------------------------------------------------------------------------------------------

    def report(self, site: str, message: ReportMessage) -> None:
        """Take a signed report: believed only by its signature, healthy only by its content."""
        kernel = self._kernel
        with kernel.transaction() as store:
            row = store.site(site)
            if row is None:
                raise NotFound(f"{site} 未入网 / is not enrolled")
            statement = row.statement.statement
            report = signing.verify_report(message.report, statement)
            if report.site != site:
                raise Forbidden(f"报告属于 {report.site} / the report is about {report.site}")
            signing.check(statement.keys, message.canonical_bytes(), message.identity_signature,
                          SigningContext.PROOF, f"报告附件 {site} / attachment of the report")  # fmt: skip
            newer = store.put_report(message, kernel.clock.now())
        if not newer:
            raise Conflict("已有更新的报告 / a newer report is already here")
        verdict = self._matrix.judge(site)
        healthy = message.healthy and verdict.state is MatrixState.SAME
        reason = message.reason or "; ".join(verdict.details)
        proven = Proven(
            site=site, generation=report.generation, release=report.release, healthy=healthy,
            reason=reason or verdict.state.value,
        )  # fmt: skip
        self._rollouts.site_said(site, proven)

    # -- neighbours --------------------------------------------------------------------------------------------------

    def offers(self, site: str, offers: Sequence[Offer]) -> None:
        """Pass on what a site tells its neighbours; links exist only between parent and child."""
        tree = self._kernel.ports.tree.load()
        near = {other.id for other in tree.neighbours(site)} if site in tree else set()
        for offer in offers:
            if offer.sender != site or offer.recipient not in near:
                raise Forbidden(f"{offer.sender} → {offer.recipient} 不是上下级 / is no parent–child edge")
        with self._kernel.transaction() as store:
            for offer in offers:
                store.put_offer(offer)
        self._neighbours.clear()

    def _neighbours_of(self, site: str) -> tuple[str, tuple[Neighbour, ...]]:
        """Return whom a site may hear of, with the digest that says whether that is news."""
        revoked = self._kernel.ports.trust.revocations()
        if revoked != self._revoked:
            self._neighbours.clear()
            self._revoked = revoked
        if site not in self._neighbours:
            found = self._find_neighbours(site)
            content = canonical([item.model_dump(mode="json", by_alias=True) for item in found])
            self._neighbours[site] = (hashlib.sha256(content).hexdigest(), found)
        return self._neighbours[site]

    def _find_neighbours(self, site: str) -> tuple[Neighbour, ...]:
        tree = self._kernel.ports.tree.load()
        if site not in tree:
            return ()
        with self._kernel.transaction() as store:
            enrolled, offers = set(store.sites()), store.offers_to(site)
            others = [other for other in tree if other.id != site and other.mode is Mode.DEPLOYED]
            return tuple(
                _unless_refused(
                    store.neighbour(other.id, _relation(tree, site, other.id), offers.get(other.id, {})), self._revoked
                )
                for other in others
                if other.id in enrolled
            )


def _unless_refused(neighbour: Neighbour, revoked: Revocations) -> Neighbour:
    """Return a neighbour without a statement that was revoked: that it is gone is news, too."""
    held = neighbour.statement
    gone = held is not None and revoked.refuses(held.statement) is not None
    return neighbour.model_copy(update={"statement": None}) if gone else neighbour


def _relation(tree: SiteTree, site: str, other: str) -> Relation:
    if tree[site].parent == other:
        return "parent"
    return "child" if tree[other].parent == site else "origin"
