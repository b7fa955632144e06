"""Control put together: one value that the routes and the driver share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request

from yiwang.control.channel import check_certificate, place_of
from yiwang.control.console import ConsoleUsers
from yiwang.control.kernel import Kernel
from yiwang.control.matrix import Matrix
from yiwang.control.orders import Orders
from yiwang.control.requests import Authenticator, Incoming, Principal
from yiwang.control.rollouts import Rollouts
from yiwang.control.sites import Sites
from yiwang.model.command import Header
from yiwang_kit.errors import Forbidden


@dataclass(frozen=True)
class Control:
    """All parts of control. 管控。"""

    kernel: Kernel
    orders: Orders
    rollouts: Rollouts
    matrix: Matrix
    sites: Sites
    requests: Authenticator
    console: ConsoleUsers

    @classmethod
    def build(cls, kernel: Kernel) -> Control:
        """Put control together and replay what had not ended."""
        orders, matrix = Orders(kernel), Matrix(kernel)
        rollouts = Rollouts(kernel, orders)
        rollouts.load()
        sites = Sites(kernel, rollouts, matrix)
        operators = {operator.name: operator.keys for operator in kernel.settings.operators}
        requests = Authenticator(sites.key, operators, clock=lambda: kernel.clock.now().timestamp())
        return cls(kernel, orders, rollouts, matrix, sites, requests, ConsoleUsers(kernel))

    def operator(self, request: Request, body: bytes) -> Principal:
        """Return the operator who signed a request."""
        return self.requests.operator(incoming(request, body))

    def agent(self, request: Request, body: bytes, site: str) -> Principal:
        """Return the agent of a site that signed a request."""
        principal = self.requests.agent(incoming(request, body), site)
        known = self.sites.key(site)
        if self.kernel.settings.tls is not None and known is not None:
            shown = self.kernel.channels.certificate(place_of(request.scope))
            now = self.kernel.clock.now().timestamp()
            check_certificate(shown, site, known[1], self.kernel.ports.trust.revocations(), now)
        return principal

    def reader(self, request: Request) -> Principal:
        """Return who may read: an operator, or a person at a console for their own subtree."""
        if request.headers.get(Header.OPERATOR):
            return self.operator(request, b"")
        return self.console.principal(request.headers.get("authorization", ""))

    def visible(self, who: Principal) -> list[str] | None:
        """Return the sites that somebody may see; None means all."""
        if who.kind == "operator":
            return None
        tree = self.kernel.ports.tree.load()
        if who.site is None or who.site not in tree:
            raise Forbidden("站点不在树中 / this site is not in the tree")
        return [site.id for site in tree.subtree(who.site)]


def incoming(request: Request, body: bytes) -> Incoming:
    """Return a request as its signature sees it: method, target as sent, headers, body."""
    query = request.scope.get("query_string", b"").decode("latin-1")
    raw = request.scope.get("raw_path") or request.url.path.encode()
    target = raw.decode("latin-1").partition("?")[0] + (f"?{query}" if query else "")
    headers: dict[str, Any] = {header.value: request.headers.get(header.value, "") for header in Header}
    return Incoming(request.method, target, headers, body)
