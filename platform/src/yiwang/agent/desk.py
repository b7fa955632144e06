"""The files by which loop and workers hand each other work, all in the agent's folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from yiwang.agent.journal import Journal, write_whole
from yiwang.model.command import Neighbour, Offer, ReportMessage

OFFERS = TypeAdapter(tuple[Offer, ...])
NEIGHBOURS = TypeAdapter(tuple[Neighbour, ...])


@dataclass(frozen=True)
class Desk:
    """The agent's folder, by what lies in it. 工作台。"""

    folder: Path

    @property
    def settings(self) -> Path:
        """Return the agent's settings file."""
        return self.folder / "settings.json"

    @property
    def root(self) -> Path:
        """Return the pinned root."""
        return self.folder / "root.json"

    @property
    def authority(self) -> Path:
        """Return the pinned certificate authority by which control is believed."""
        return self.folder / "ca.pem"

    @property
    def token(self) -> Path:
        """Return the one-time token, gone once used."""
        return self.folder / "token.json"

    @property
    def trust(self) -> Path:
        """Return the folder of verified metadata."""
        return self.folder / "trust"

    @property
    def metadata(self) -> Path:
        """Return TUF's own folder below it."""
        return self.trust / "metadata"

    @property
    def lock(self) -> Path:
        """Return the lock that lets one worker work at a time."""
        return self.folder / "work.lock"

    def artefacts(self, release: str) -> Path:
        """Return where a release's verified artefacts lie."""
        return self.folder / "releases" / release

    def journal(self) -> Journal:
        """Return the agent's journal."""
        return Journal(self.folder / "journal.json")

    # -- mail between loop and workers -------------------------------------------------------------------------------

    def put_report(self, message: ReportMessage) -> None:
        """Lay a signed report out for sending."""
        self._put("report.json", message)

    def report(self) -> ReportMessage | None:
        """Return the report to be sent."""
        try:
            return ReportMessage.model_validate_json((self.folder / "report.json").read_bytes())
        except FileNotFoundError:
            return None

    def put_offers(self, offers: Sequence[Offer]) -> None:
        """Lay offers out for sending."""
        write_whole(self.folder / "offers.json", OFFERS.dump_json(tuple(offers)))

    def offers(self) -> tuple[Offer, ...]:
        """Return the offers to be sent."""
        try:
            return OFFERS.validate_json((self.folder / "offers.json").read_bytes())
        except FileNotFoundError:
            return ()

    def put_neighbours(self, neighbours: Sequence[Neighbour]) -> None:
        """Keep what control says of neighbours, unverified, for a worker."""
        write_whole(self.folder / "neighbours.json", NEIGHBOURS.dump_json(tuple(neighbours), by_alias=True))

    def neighbours(self) -> tuple[Neighbour, ...]:
        """Return what control last said of neighbours."""
        try:
            return NEIGHBOURS.validate_json((self.folder / "neighbours.json").read_bytes())
        except FileNotFoundError:
            return ()

    def sent(self, what: str) -> None:
        """Forget what was accepted."""
        (self.folder / f"{what}.json").unlink(missing_ok=True)

    def _put(self, name: str, value: BaseModel) -> None:
        write_whole(self.folder / name, value.model_dump_json(by_alias=True).encode())

    def take_token(self) -> tuple[str, int] | None:
        """Return the one-time token and its incarnation, if there is one."""
        try:
            content = json.loads(self.token.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return str(content["token"]), int(content["incarnation"])
