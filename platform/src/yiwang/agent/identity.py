"""Who the site is: keys it makes itself and never shows, and the statement that a one-time token buys.

The statement is about one incarnation of the site's database; a token for a higher incarnation makes a new one, with
new keys, and what signed for the old one signs no more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from yiwang.agent.journal import write_whole
from yiwang.errors import NotReady
from yiwang.model.trust import Enrolment, SignedStatement
from yiwang_kit.crypto import HybridPrivateKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

    from yiwang.adapters.control_http import AgentClient


@dataclass(frozen=True)
class Identity:
    """The site's identity folder. 站点身份。"""

    folder: Path
    site: str

    @property
    def key_file(self) -> Path:
        """Return the file of the site's private hybrid key."""
        return self.folder / "site.key.json"

    @property
    def statement_file(self) -> Path:
        """Return the file of the site's own signed statement."""
        return self.folder / "statement.json"

    @property
    def transport_file(self) -> Path:
        """Return the file of TLS key and certificate, together because they are replaced together."""
        return self.folder / "transport.pem"

    def transport(self) -> Path | None:
        """Return the TLS identity to show, None before there is one."""
        return self.transport_file if self.transport_file.is_file() else None

    def key(self) -> HybridPrivateKey:
        """Return the site's key. Raises NotReady before enrolment."""
        try:
            return HybridPrivateKey.from_json(json.loads(self.key_file.read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise NotReady(what=f"{self.site} 尚未入网 / is not enrolled", next="yiwang up") from error

    def statement(self) -> SignedStatement | None:
        """Return the site's own statement, once there is one."""
        try:
            return SignedStatement.model_validate_json(self.statement_file.read_bytes())
        except FileNotFoundError:
            return None

    def incarnation(self) -> int:
        """Return the present incarnation, 0 before enrolment."""
        statement = self.statement()
        return statement.statement.incarnation if statement else 0

    def lives(self) -> list[SignedStatement]:
        """Return the statements of every life of this site that are known here, the oldest first: all of it is public."""
        known = {item.statement.incarnation: item for item in (*self._remembered(), *filter(None, [self.statement()]))}
        return [known[n] for n in sorted(known)]

    def remember(self, lives: Sequence[SignedStatement]) -> None:
        """Keep statements of earlier lives: what those signed is believed when a neighbour gives it back."""
        known = {item.statement.incarnation: item for item in (*lives, *self.lives())}
        content = [known[n].model_dump(mode="json", by_alias=True) for n in sorted(known)]
        self.lives_file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.lives_file, json.dumps(content).encode(), mode=0o644)

    @property
    def lives_file(self) -> Path:
        """Return the file of this site's statements, beside those of its neighbours."""
        return self.folder / "peers" / f"{self.site}.json"

    def _remembered(self) -> list[SignedStatement]:
        try:
            return [SignedStatement.model_validate(item) for item in json.loads(self.lives_file.read_bytes())]
        except FileNotFoundError:
            return []

    def renewal_due(self, now: datetime) -> bool:
        """Whether two thirds of the lifetime are over, or there is no TLS identity of today's form beside the statement."""
        statement = self.statement()
        return statement is not None and (now >= statement.statement.renew_at() or self.transport() is None)


def enrol(identity: Identity, client: AgentClient, *, token: str | None, incarnation: int) -> SignedStatement:
    """Make keys, trade the token for statement and certificate, and keep all of it; renew where there is no token."""
    from yiwang.adapters import signing

    renewing = token is None
    key = identity.key() if renewing else _pending_key(identity, incarnation)
    tls = _tls_key(identity, renewing=renewing)
    enrolment = client.enrol(signing.make_request(key, tls, site=identity.site, incarnation=incarnation, token=token))
    _keep(identity, key, signing.private_pem(tls), enrolment)
    return enrolment.statement


def _tls_key(identity: Identity, *, renewing: bool) -> ec.EllipticCurvePrivateKey:
    """Return the key for a certificate: a renewal keeps the one that the parent lets in, an enrolment makes a new one."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    held = identity.transport() if renewing else None
    key = load_pem_private_key(held.read_bytes(), password=None) if held else None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else ec.generate_private_key(ec.SECP256R1())


def _pending_key(identity: Identity, incarnation: int) -> HybridPrivateKey:
    """Return the key of an incarnation being enrolled; a repeat after a crash uses the same one."""
    path = identity.folder / f".site-{incarnation}.key.json"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, json.dumps(HybridPrivateKey.generate().to_json()).encode())
    return HybridPrivateKey.from_json(json.loads(path.read_text(encoding="utf-8")))


def _keep(identity: Identity, key: HybridPrivateKey, tls: bytes, enrolment: Enrolment) -> None:
    """Write identity files, the statement last: it is what says that the others are whole."""
    statement = enrolment.statement
    identity.remember([])  # the life that ends now
    write_whole(identity.key_file, json.dumps(key.to_json()).encode())
    write_whole(identity.transport_file, tls + enrolment.certificate_pem.encode())
    write_whole(identity.folder / "ca.pem", enrolment.ca_pem.encode(), mode=0o644)
    write_whole(identity.folder / "incarnation", f"{statement.statement.incarnation}\n".encode(), mode=0o644)
    write_whole(identity.statement_file, statement.model_dump_json(by_alias=True).encode(), mode=0o644)
    identity.remember([])
    for former in ("tls.key.pem", "tls.pem"):  # the form of releases before TLS was used
        (identity.folder / former).unlink(missing_ok=True)
    (identity.folder / f".site-{statement.statement.incarnation}.key.json").unlink(missing_ok=True)
