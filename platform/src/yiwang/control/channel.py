"""What a connection proves beside the signature of a request: whose certificate it came with, and that it came by TLS.

The signature says who asks; the certificate must say the same. Neither is believed in the other's place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from yiwang.adapters.tls import PeerCertificate
from yiwang.adapters.tls_front import Channels, Place
from yiwang.model.trust import Revocations, certificate_uri
from yiwang_kit.errors import MEDIA_TYPE, Forbidden

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
NEXT = "yiwang up"


def check_certificate(
    shown: PeerCertificate | None, site: str, incarnation: int, revoked: Revocations, now: float
) -> None:
    """Refuse a site whose connection does not carry that site's own, present, unrevoked certificate."""
    why = _objection(shown, site, incarnation, revoked, now)
    if why is not None:
        raise Forbidden(f"站点证书被拒 {site} / the site's certificate is refused: {why}", next=NEXT)


def _objection(
    shown: PeerCertificate | None, site: str, incarnation: int, revoked: Revocations, now: float
) -> str | None:
    if shown is None:
        return "未出示证书 / no certificate was shown"
    if shown.site != site:
        return f"证书属于 {shown.site} / it is the certificate of {shown.site}"
    if shown.incarnation != incarnation:
        return f"代次 {shown.incarnation} 已被隔离 / {certificate_uri(site, shown.incarnation)} is fenced"
    if shown.serial in revoked.serials:
        return f"序列号 {shown.serial} 已吊销 / serial {shown.serial} is revoked"
    if shown.not_after <= now:
        return "证书已过期 / it has expired"
    return None


def place_of(scope: Scope) -> Place:
    """Return where a request's connection comes from; the web server gives the port as text."""
    host, port = tuple(scope.get("client") or ("", 0))[:2]
    return str(host), int(port)


@dataclass(frozen=True)
class Door:
    """Turns away what reached the inner port without TLS; health is all it hears. 内部端口守门。"""

    app: ASGIApp
    channels: Channels

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403."""
        asked = scope["type"] == "http" and scope["path"] not in OPEN_PATHS
        if asked and not self.channels.known(place_of(scope)):
            what = Forbidden(
                "请经 TLS 端口访问 / this port is control's own; ask its TLS address", next="yiwang status"
            )
            await JSONResponse(what.body("about:blank"), what.status, media_type=MEDIA_TYPE)(scope, receive, send)
            return
        await self.app(scope, receive, send)
