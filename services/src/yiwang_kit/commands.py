"""What operations do with a site's links from its own machine: look, retry, skip, and carry sticks.

Each prints one JSON object, a refusal included, so that the command line in front of it can speak in its own voice.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from yiwang_kit import audit, audit_heads
from yiwang_kit.app import load_service
from yiwang_kit.contracts import AUDIT_HEAD
from yiwang_kit.errors import NotFound
from yiwang_kit.exchange import store
from yiwang_kit.exchange.carrier import NoCarrier
from yiwang_kit.exchange.parking import parked_json
from yiwang_kit.exchange.stick import StickRefused
from yiwang_kit.runtime import Runtime

OPERATIONS = "operations"
"""Who stands on the trail unless the command line names somebody."""


def links(runtime: Runtime, words: Sequence[str]) -> int:
    """Show every link."""
    del words
    runtime.exchange.open_links(NoCarrier())
    with runtime.database.transaction() as session:
        return _say({"items": [link.to_json() for link in runtime.exchange.links(session)]})


def parked(runtime: Runtime, words: Sequence[str]) -> int:
    """Show what is parked, oldest first."""
    del words
    with runtime.database.transaction() as session:
        return _say({"items": [parked_json(row) for row in store.parked(session)]})


def retry(runtime: Runtime, words: Sequence[str]) -> int:
    """Let a parked envelope be applied again."""
    given = _words(words, "envelope")
    with runtime.database.transaction() as session:
        runtime.exchange.retry(session, UUID(given.envelope), actor=given.actor, reason=given.reason)
    return _say({"id": given.envelope, "state": "stored"})


def skip(runtime: Runtime, words: Sequence[str]) -> int:
    """Never apply a parked envelope."""
    given = _words(words, "envelope")
    with runtime.database.transaction() as session:
        runtime.exchange.skip(session, UUID(given.envelope), actor=given.actor, reason=given.reason)
    return _say({"id": given.envelope, "state": "skipped"})


def export_stick(runtime: Runtime, words: Sequence[str]) -> int:
    """Write sticks for one neighbour, or for each that a stick goes to."""
    given = _words(words, "--to", "--peer", "--max-bytes")
    courier = _courier(runtime)
    try:
        peers = [given.peer] if given.peer else courier.peers()
        if not peers:
            raise StickRefused("本站点没有介质链路 / no link of this site goes by stick",
                               f"yiwang explain {runtime.settings.site.id}")  # fmt: skip
        limit = int(given.max_bytes) if given.max_bytes else None
        written = [courier.export(peer, Path(given.to), limit=limit, actor=given.actor) for peer in peers]
    finally:
        courier.close()
    return _say({"items": [asdict(item) for item in written]})


def import_stick(runtime: Runtime, words: Sequence[str]) -> int:
    """Use one stick, or every stick of a folder in the order of their names."""
    given = _words(words, "--from")
    place = Path(getattr(given, "from"))
    files = sorted(place.glob("*.ywx")) if place.is_dir() else [place]
    courier = _courier(runtime)
    try:
        taken = [asdict(courier.take(file, actor=given.actor)) for file in files]
    finally:
        courier.close()
    return _say({"items": taken})


def heads(runtime: Runtime, words: Sequence[str]) -> int:
    """Show the heads of another site's trail that this site keeps."""
    given = _words(words, "site")
    with runtime.database.transaction() as session:
        return _say({"items": [asdict(item) for item in audit_heads.kept(session, given.site)]})


def verify_trail(runtime: Runtime, words: Sequence[str]) -> int:
    """Walk this site's trail, and see whether it passes through the heads (a JSON list) that a parent keeps."""
    given = _words(words, "--heads", "--incarnation")
    with runtime.database.transaction() as session:
        broken, head = audit.verify(session), runtime.audit.head(session)
        wanted = json.loads(given.heads or "[]")
        strays = audit_heads.strays(session, wanted, int(given.incarnation or 1))
    return _say({"rows": head.n, "head": head.digest.hex(), "break": asdict(broken) if broken else None,
                 "heads": len(wanted), "strays": strays})  # fmt: skip


def _courier(runtime: Runtime) -> Any:
    """Return the courier once every service said what it understands: a stick greets as the running hub does."""
    for name in runtime.settings.services:
        load_service(name, runtime)
    if runtime.exchange.contracts.get(AUDIT_HEAD) is None:
        audit_heads.AuditHeads(runtime).register()
    return runtime.exchange.courier()


def _words(words: Sequence[str], *names: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="serve kit:…", allow_abbrev=False)
    for name in names:
        parser.add_argument(name)
    parser.add_argument("--reason", default="")
    parser.add_argument("--actor", default=OPERATIONS)
    return parser.parse_args(list(words))


def _say(content: Any) -> int:
    print(json.dumps(content, ensure_ascii=False))
    return 0


Command = Callable[[Runtime, Sequence[str]], int]


def _kindly(command: Command) -> Command:
    """Return a command that answers a refusal as JSON: who must act is said by the one who asked."""

    def run(runtime: Runtime, words: Sequence[str]) -> int:
        try:
            return command(runtime, words)
        except StickRefused as error:
            return _say({"refused": error.rule, "next": error.next})
        except NotFound as error:
            return _say({"refused": error.detail, "next": error.next})
        except OSError as error:
            print(f"{error.filename}: {error.strerror}", file=sys.stderr)
            return _say({"refused": f"{error.filename}: {error.strerror}", "next": "ls -l"})

    return run


COMMANDS: dict[str, Command] = {
    "links": _kindly(links), "parked": _kindly(parked), "retry": _kindly(retry), "skip": _kindly(skip),
    "export": _kindly(export_stick), "import": _kindly(import_stick),
    "audit-heads": _kindly(heads), "audit-verify": _kindly(verify_trail),
}  # fmt: skip
