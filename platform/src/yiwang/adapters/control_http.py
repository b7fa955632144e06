"""Clients of control: what an operator's command line asks, and what a site's agent asks.

Both are thin: they know paths and nothing else. Whoever calls gets plain JSON or the models that travel.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlencode

from yiwang.adapters.signed_http import JsonObject, Sender, SignedHttp, Signer
from yiwang.adapters.tls import TlsFiles
from yiwang.model.command import Offer, Poll, PollAnswer, ReportMessage, RequestContext
from yiwang.model.trust import Enrolment, EnrolmentRequest

if TYPE_CHECKING:
    from types import TracebackType

PROOF_LOOK_SECONDS = 0.5


class _Client:
    """What both clients share: a connection that closes with the block."""

    def __init__(self, http: SignedHttp) -> None:
        self.http = http

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()


class AgentClient(_Client):
    """A site's agent, asking for work and reporting. 代理端客户端。"""

    def __init__(self, base_url: str, site: str, *, timeout: float = 10.0, tls: TlsFiles | None = None) -> None:
        super().__init__(SignedHttp(base_url, timeout=timeout, tls=tls))
        self.site = site

    def sign_as(self, signer: Signer, incarnation: int) -> None:
        """Sign from now on with the site's own key, over a new connection with the certificate of today."""
        self.http.close()
        self.http.sender = Sender(self.site, RequestContext.AGENT, signer, incarnation)

    def enrol(self, request: EnrolmentRequest) -> Enrolment:
        """Trade a one-time token (or, renewing, the old key's signature) for statement and certificate."""
        return Enrolment.model_validate(self._post("enrol", request.model_dump(mode="json")))

    def poll(self, poll: Poll) -> PollAnswer:
        """Ask for work."""
        return PollAnswer.model_validate(self._post("poll", poll.model_dump(mode="json")))

    def report(self, message: ReportMessage) -> None:
        """Send a signed proof."""
        self._post("reports", message.model_dump(mode="json", by_alias=True))

    def offer(self, offers: Sequence[Offer]) -> None:
        """Tell neighbours something through control."""
        self._post("offers", {"offers": [offer.model_dump(mode="json") for offer in offers]})

    def _post(self, what: str, body: Mapping[str, Any]) -> JsonObject:
        return self.http.call("POST", f"/v1/sites/{self.site}/{what}", body)


class ControlClient(_Client):
    """An operator, asking control. 操作员客户端。"""

    def __init__(
        self, base_url: str, operator: str, signer: Signer, *, timeout: float = 60.0, tls: TlsFiles | None = None
    ) -> None:
        sender = Sender(operator, RequestContext.OPERATOR, signer)
        super().__init__(SignedHttp(base_url, sender, timeout=timeout, tls=tls))

    def ready(self) -> JsonObject:
        """Return whether control can serve."""
        return self.http.call("GET", "/readyz")

    def status(self) -> JsonObject:
        """Return what control knows about itself and every site."""
        return self.http.call("GET", "/v1/status")

    def matrix(self) -> JsonObject:
        """Return the consistency matrix."""
        return self.http.call("GET", "/v1/matrix")

    def prove(self, sites: Sequence[str] = (), *, patience: float = 60.0) -> JsonObject:
        """Ask sites (all enrolled ones, by default) to prove themselves now, and wait for their new reports.

        Returns {asked: [...], silent: [...]}; a new report is known by its moment being another one, whatever clocks say.
        """
        before = self._proven()
        asked = set(self.http.call("POST", "/v1/proofs", {"sites": list(sites)})["asked"])
        silent, end = asked, time.monotonic() + patience
        while silent and time.monotonic() < end:
            time.sleep(PROOF_LOOK_SECONDS)
            now = self._proven()
            silent = {site for site in silent if now.get(site) == before.get(site)}
        return {"asked": sorted(asked), "silent": sorted(silent)}

    def _proven(self) -> dict[str, str | None]:
        return {row["site"]: row["proven_at"] for row in self.matrix()["sites"]}

    def token(self, site: str) -> JsonObject:
        """Return a one-time enrolment token for a site: {token, incarnation, expires_at}."""
        return self.http.call("POST", "/v1/tokens", {"site": site})

    def revoke(self, site: str, reason: str) -> JsonObject:
        """Believe a site's present keys no more."""
        return self.http.call("POST", "/v1/revocations", {"site": site, "reason": reason})

    def publish_release(self, folder: Path) -> JsonObject:
        """Publish a built release folder that control can read."""
        return self.http.call("POST", "/v1/releases", {"folder": str(folder)})

    def releases(self) -> JsonObject:
        """Return the published releases."""
        return self.http.call("GET", "/v1/releases")

    def assignments(self) -> JsonObject:
        """Return what each site was last told to run."""
        return self.http.call("GET", "/v1/assignments")

    def assign(self, site: str, release: str) -> JsonObject:
        """Tell one site, outside any rollout, to run a release (again): installs anew what has drifted."""
        return self.http.call("POST", "/v1/assignments", {"site": site, "release": release})

    def plan(self, release: str, *, policy: str = "default", sites: Sequence[str] = ()) -> JsonObject:
        """Make a frozen plan."""
        return self.http.call("POST", "/v1/rollouts", {"release": release, "policy": policy, "sites": list(sites)})

    def rollouts(self) -> JsonObject:
        """Return all rollouts, newest first."""
        return self.http.call("GET", "/v1/rollouts")

    def rollout(self, id: str) -> JsonObject:
        """Return one rollout with its sites and journal."""
        return self.http.call("GET", f"/v1/rollouts/{quote(id)}")

    def start(self, id: str) -> JsonObject:
        """Start a planned rollout."""
        return self._verb(id, "start")

    def pause(self, id: str, reason: str) -> JsonObject:
        """Pause it."""
        return self._verb(id, "pause", reason=reason)

    def resume(self, id: str) -> JsonObject:
        """Let it go on."""
        return self._verb(id, "resume")

    def abort(self, id: str, *, roll_back: bool = False, reason: str = "") -> JsonObject:
        """Stop it, with or without going back."""
        return self._verb(id, "abort", roll_back=roll_back, reason=reason)

    def approve(self, id: str, wave: str | None = None) -> JsonObject:
        """Approve a wave (the one that waits, by default) in this operator's name."""
        return self._verb(id, "approve", wave=wave)

    def holds(self) -> JsonObject:
        """Return the holds in force and to come."""
        return self.http.call("GET", "/v1/holds")

    def hold(self, site: str, *, reason: str, hours: float, subtree: bool = False) -> JsonObject:
        """Ask that a site, or everything below it, be left alone."""
        body = {"site": site, "reason": reason, "hours": hours, "subtree": subtree}
        return self.http.call("POST", "/v1/holds", body)

    def release_hold(self, id: str) -> JsonObject:
        """Lift a hold."""
        return self.http.call("DELETE", f"/v1/holds/{quote(id)}")

    def act_again(self) -> JsonObject:
        """Let a restored control decide again."""
        return self.http.call("POST", "/v1/observing/end", {})

    def journal(self, after: int = 0) -> JsonObject:
        """Return the journal from a row on."""
        return self.http.call("GET", f"/v1/journal?{urlencode({'after': after})}")

    def _verb(self, id: str, verb: str, **body: Any) -> JsonObject:
        return self.http.call("POST", f"/v1/rollouts/{quote(id)}/{verb}", body)
