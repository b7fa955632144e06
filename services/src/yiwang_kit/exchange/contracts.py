"""Which kinds this release understands, in which versions; understood in R, first sent in R+1 (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from yiwang_kit.exchange.envelope import Envelope, ExchangeReject, UnknownContract

Handler = Callable[[Session, Envelope], None]


@dataclass(frozen=True)
class Contract:
    """A kind of envelope with the JSON schema of each version. 交换契约。"""

    kind: str
    service: str
    schemas: Mapping[int, Mapping[str, Any]]
    handler: Handler
    sends: int
    """The newest version that this release sends."""


def first_sent(versions: Mapping[int, Mapping[str, Any]]) -> int:
    """Return what a release sends unless it says otherwise: the newest version but one, or the only one.

    The newest is what this release may be the first to understand, and a version is understood in R and sent in R+1.
    """
    return sorted(versions)[-2:][0]


class Contracts:
    """Every contract that this process understands. 契约登记。"""

    def __init__(self) -> None:
        self._by_kind: dict[str, Contract] = {}
        self._validators: dict[tuple[str, int], Any] = {}

    def register(self, contract: Contract) -> None:
        """Add a contract. Raises ValueError where the kind is taken or says no version to send."""
        if contract.kind in self._by_kind:
            raise ValueError(f"the kind {contract.kind} is registered already")
        if contract.sends not in contract.schemas:
            raise ValueError(f"{contract.kind} sends version {contract.sends}, of which it has no schema")
        self._by_kind[contract.kind] = contract

    def get(self, kind: str) -> Contract | None:
        """Return the contract of a kind, or None."""
        return self._by_kind.get(kind)

    def understands(self, kind: str, version: int) -> bool:
        """Return whether an envelope of this kind and version can be applied here."""
        contract = self._by_kind.get(kind)
        return contract is not None and version in contract.schemas

    def understood(self) -> dict[str, list[int]]:
        """Return what is announced to peers: versions by kind."""
        return {kind: sorted(contract.schemas) for kind, contract in sorted(self._by_kind.items())}

    def version_for(self, kind: str, peer: Mapping[str, list[int]] | None) -> int:
        """Return the version to send: the newest that we send and that the peer last said it understands."""
        contract = self._by_kind[kind]
        if not peer or kind not in peer:
            return min(contract.schemas)
        shared = [v for v in contract.schemas if v <= contract.sends and v in peer[kind]]
        return max(shared, default=min(contract.schemas))

    def check(self, kind: str, version: int, payload: Any) -> Contract:
        """Return the contract that this payload fits. Raises ExchangeReject naming what does not fit."""
        contract = self._by_kind.get(kind)
        if contract is None:
            raise UnknownContract(f"未知消息种类 / unknown kind {kind}")
        if version not in contract.schemas:
            raise UnknownContract(f"未知契约版本 / unknown version {version} of {kind}")
        error = next(iter(self._validator(contract, version).iter_errors(payload)), None)
        if error is not None:
            where = "/".join(str(part) for part in error.absolute_path) or "(top)"
            raise ExchangeReject(f"内容不符合契约 / {kind} v{version} at {where}: {error.message[:300]}")
        return contract

    def _validator(self, contract: Contract, version: int) -> Any:
        place = (contract.kind, version)
        if place not in self._validators:
            from jsonschema import Draft202012Validator

            self._validators[place] = Draft202012Validator(dict(contract.schemas[version]))
        return self._validators[place]
