"""A contract is understood in one release and first sent in the next, and only to who says that it understands it."""

from __future__ import annotations

import pytest

from yiwang_kit.exchange.contracts import Contract, Contracts, first_sent
from yiwang_kit.exchange.envelope import UnknownContract

ANY = {"type": "object"}


@pytest.mark.parametrize(("versions", "sent"), [([1], 1), ([1, 2], 1), ([3, 1, 2], 2)])
def test_the_newest_version_is_not_sent_by_the_release_that_brings_it(versions: list[int], sent: int) -> None:
    assert first_sent(dict.fromkeys(versions, ANY)) == sent


def test_a_peer_gets_the_newest_version_that_both_know() -> None:
    contracts = Contracts()
    contracts.register(Contract("kit.x", "kit", {1: ANY, 2: ANY, 3: ANY}, lambda *_: None, 2))
    assert contracts.version_for("kit.x", {"kit.x": [1, 2, 3]}) == 2
    assert contracts.version_for("kit.x", {"kit.x": [1]}) == 1
    assert contracts.version_for("kit.x", None) == 1


def test_what_a_later_release_may_know_is_told_apart_from_what_is_wrong() -> None:
    contracts = Contracts()
    contracts.register(Contract("kit.x", "kit", {1: ANY}, lambda *_: None, 1))
    assert contracts.understands("kit.x", 1)
    assert not contracts.understands("kit.x", 2)
    with pytest.raises(UnknownContract, match="unknown version 2"):
        contracts.check("kit.x", 2, {})
    with pytest.raises(UnknownContract, match="unknown kind"):
        contracts.check("kit.y", 1, {})
