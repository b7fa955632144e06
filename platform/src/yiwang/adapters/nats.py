"""The site's message server: its keys, its configuration, and the two steps by which a child's link is granted.

The child makes the leaf user's key and tells the parent its public half; the parent signs it into the edge's account
and hands back the claim. Seeds never leave the site that made them.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yiwang.adapters.files import write_atomic, write_once
from yiwang.adapters.nats_accounts import (
    Nkey,
    account_jwt,
    credentials,
    edge_permissions,
    operator_jwt,
    user_jwt,
)
from yiwang.adapters.nats_pins import Pins, own_certificate
from yiwang.adapters.processes import run
from yiwang.definition import distribution
from yiwang.errors import NotReady
from yiwang.model.paths import SitePaths

CHECK_SECONDS = 20.0
SYSTEM = "SYS"
NOBODY = "0" * 64


@dataclass(frozen=True)
class NatsSite:
    """One site's message server. 站点消息服务。"""

    site: str
    paths: SitePaths

    @property
    def keys(self) -> Path:
        """Return the folder of seeds and grants."""
        return self.paths.secrets / "nats"

    @property
    def config(self) -> Path:
        """Return the server's configuration file."""
        return self.paths.nats / "nats.conf"

    def key(self, kind: str, name: str) -> Nkey:
        """Return a key of this site, made at first."""
        seed = write_once(self.keys / f"{kind}-{name}.seed", lambda: Nkey.generate(kind).seed())
        return Nkey.from_seed(seed)

    @property
    def transport(self) -> Path:
        """Return the file of this site's TLS key and certificate."""
        return self.paths.identity / "transport.pem"

    def certificate(self) -> str:
        """Return this site's own TLS certificate, without its key. Raises NotReady before enrolment."""
        return own_certificate(self.transport)

    # The two steps of a link ----------------------------------------------------------------------------------------

    def leaf_public(self, parent: str) -> str:
        """Child's first step: return the public key of the user by which this site's leaf signs in at the parent."""
        return self.key("user", f"leaf-{parent}").public

    def grant(self, child: str, leaf_public: str) -> str:
        """Parent's step: return the claim that lets the child's leaf into the edge's account, and remember it."""
        account = self.key("account", child)
        at = self._made("grant", child, leaf_public, above=self._revoked(child).get(leaf_public))
        permissions = edge_permissions(child, self.site)
        permissions["pub"]["allow"].append("_INBOX.>")
        return user_jwt(account, leaf_public, f"leaf-{child}", at=at, leaf=True, permissions=permissions)

    def accept(self, parent: str, jwt: str) -> bool:
        """Child's second step: keep the parent's claim beside the seed; return whether it was news."""
        return write_atomic(
            self.leaf_credentials(parent), credentials(jwt, self.key("user", f"leaf-{parent}")), mode=0o600
        )

    def leaf_credentials(self, parent: str) -> Path:
        """Return the file by which the leaf signs in at the parent."""
        return self.keys / f"leaf-{parent}.creds"

    def pin(self, neighbour: str, certificate_pem: str, sha256: str) -> bool:
        """Both ends' step: believe a neighbour by the certificate that its statement names; return whether that is news."""
        return self._pins(neighbour).add(certificate_pem, sha256, now=time.time())

    def revoke(self, child: str) -> bool:
        """Void every claim and certificate of a child; the next configuration drops its open link. Return if that is news."""
        noted = self._noted("grant", child)
        public, voided = noted.get("public"), self._revoked(child)
        news = self._pins(child).clear()
        if public and voided.get(public, -1) < int(noted["at"]):
            write_atomic(self.keys / f"revoked-{child}.json", json.dumps({public: int(time.time())}), mode=0o600)
            news = True
        return news

    def _pins(self, child: str) -> Pins:
        return Pins(self.keys / f"pins-{child}.json")

    # Configuration --------------------------------------------------------------------------------------------------

    def write(self, inputs: Mapping[str, Any]) -> str:
        """Compose configuration and the hub's credentials; return what a running server must do about it.

        That is ``reload`` where only accounts changed, so that open links stay; ``restart`` where the server's own places
        changed, which it does not take up otherwise; nothing where nothing changed. Raises NotReady.
        """
        peers = [edge["child"] if edge["parent"] == self.site else edge["parent"] for edge in inputs["edges"]]
        for peer in peers:
            self._hub_credentials(peer)
        text = self.compose(inputs, peers)
        before = self.config.read_text(encoding="utf-8") if self.config.is_file() else ""
        if before == text:
            return ""
        trial = self.config.with_suffix(".new")
        write_atomic(trial, text, mode=0o600)
        self._check(trial)
        trial.replace(self.config)
        return "reload" if _without_accounts(before) == _without_accounts(text) else "restart"

    def _hub_credentials(self, peer: str) -> None:
        account, user = self.key("account", peer), self.key("user", f"hub-{peer}")
        at = self._made("hub", peer, user.public)
        jwt = user_jwt(
            account, user.public, f"hub-{peer}", at=at, leaf=False, permissions=edge_permissions(self.site, peer)
        )
        write_atomic(self.paths.nats_credentials(peer), credentials(jwt, user), mode=0o600)

    def compose(self, inputs: Mapping[str, Any], peers: list[str]) -> str:
        """Return the server's configuration."""
        operator, system = self.key("operator", "site"), self.key("account", SYSTEM)
        at = self._made("operator", "site", operator.public)
        accounts = {system.public: account_jwt(operator, system, SYSTEM, at=at)}
        for peer in peers:
            account = self.key("account", peer)
            accounts[account.public] = account_jwt(operator, account, peer, at=at, revoked=self._revoked(peer))
        lines = [
            f"server_name: {json.dumps(inputs['server_name'])}",
            f"listen: {json.dumps(_place(inputs['listen']))}",
            f"http: {json.dumps(_place(inputs['monitor']))}",
            f"max_payload: {inputs['max_payload']}",
            f'ping_interval: "{inputs["ping_seconds"]}s"',
            f"ping_max: {inputs['ping_max']}",
            f"operator: {operator_jwt(operator, self.site, system.public, at=at)}",
            f"system_account: {system.public}",
            "resolver: MEMORY",
            "resolver_preload: {",
            *(f"  {public}: {jwt}" for public, jwt in sorted(accounts.items())),
            "}",
            *self._leafnodes(inputs, peers),
        ]
        return "\n".join(lines) + "\n"

    def _leafnodes(self, inputs: Mapping[str, Any], peers: list[str]) -> list[str]:
        """Return the links: a child must show a certificate of the site CA that its parent has seen in its statement."""
        lines = [f'  reconnect: "{inputs["reconnect_seconds"]}s"']
        if inputs["leaf"]:
            lines.append(f"  listen: {json.dumps(_place(inputs['leaf']))}")
            lines += ["  tls {", *self._tls(), "    verify: true", self._pinned(peers), "  }"]
        remote = inputs["remote"]
        if remote and self.leaf_credentials(remote["parent"]).is_file():
            parent = remote["parent"]
            lines.append(
                f"  remotes: [{{ url: {json.dumps('tls://' + _place(remote))}, "
                f"account: {self.key('account', parent).public}, "
                f"credentials: {json.dumps(str(self.leaf_credentials(parent)))}, tls {{"
            )
            lines += [*self._tls(), "  } }]"]
        if len(lines) == 1:
            return []
        shown = hashlib.sha256(self.certificate().encode()).hexdigest()
        return ["leafnodes {", f"  # transport {shown}", *lines, "}"]

    def _tls(self) -> list[str]:
        own, authority = json.dumps(str(self.transport)), json.dumps(str(self.paths.identity / "ca.pem"))
        return [
            f"    cert_file: {own}", f"    key_file: {own}", f"    ca_file: {authority}", "    handshake_first: true",
            '    min_version: "1.3"',
        ]  # fmt: skip

    def _pinned(self, peers: list[str]) -> str:
        """Return the line of neighbours' public keys; an empty list would mean everybody, so it never is.

        The server applies it to the links that it opens, too, so a parent in the middle lists its own parent as well.
        """
        known = sorted(key for peer in peers for key in self._pins(peer).keys(now=time.time()))
        return f"    pinned_certs: {json.dumps(known or [NOBODY])}"

    def _check(self, trial: Path) -> None:
        binary = self._binary()
        if binary is None:
            return
        done = run([str(binary), "-t", "-c", str(trial)], timeout=CHECK_SECONDS)
        if done.code != 0:
            raise NotReady(
                what=f"NATS 配置无效 / the NATS configuration is refused: {done.last_words()}", next="yiwang status"
            )

    def _binary(self) -> Path | None:
        spec = distribution().engine("nats")
        found = self.paths.engine(spec.folder) / spec.bin / "nats-server"
        return found if found.is_file() else None

    def _revoked(self, peer: str) -> dict[str, int]:
        path = self.keys / f"revoked-{peer}.json"
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}

    def _made(self, what: str, name: str, public: str, above: int | None = None) -> int:
        """Return when a claim about this key was first made, so that composing again gives the same bytes.

        What was revoked up to a moment is made anew after it.
        """
        noted, least = self._noted(what, name), -1 if above is None else above
        if noted.get("public") != public or int(noted["at"]) <= least:
            noted = {"public": public, "at": max(int(time.time()), least + 1)}
            write_atomic(self.keys / f"{what}-{name}.json", json.dumps(noted), mode=0o600)
        return int(noted["at"])

    def _noted(self, what: str, name: str) -> dict[str, Any]:
        path = self.keys / f"{what}-{name}.json"
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _place(where: Mapping[str, Any]) -> str:
    return f"{where['host']}:{where['port']}"


def _without_accounts(text: str) -> str:
    """Return a configuration without what a reload takes up: the accounts, and our own certificate.

    The list of children's keys is not among it; it changes when a child joins, is re-enrolled or revoked.
    """
    return re.sub(r"(?s)resolver_preload: \{.*?\n\}|# transport \w+", "", text)
