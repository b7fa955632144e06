"""Control's memory in PostgreSQL: an append-only journal, and beside it what is true now.

Only statements stand here, no decisions. Whoever calls opens the transaction, so that an event, the orders that follow
from it and the audit row commit together or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from yiwang.model.command import Neighbour, Offer, Progress, ReportMessage, SignedCommand
from yiwang.model.release import Manifest
from yiwang.model.rollout import Event, Hold, JournalEntry, RolloutPlan
from yiwang.model.trust import SignedStatement, TokenRecord

Row = Mapping[str, Any]


@dataclass(frozen=True)
class SiteRow:
    """What control knows of an enrolled site. 已入网站点。"""

    site: str
    incarnation: int
    statement: SignedStatement
    last_seen_at: datetime | None
    issuer: str | None
    jwks: str | None
    prove: int


@dataclass(frozen=True)
class ReportRow:
    """The newest proof of a site. 最新证明。"""

    received_at: datetime
    message: ReportMessage


class Store:
    """Statements over one open transaction. 管控存储。"""

    def __init__(self, session: Session) -> None:
        self._session = session

    def _run(self, statement: str, /, **values: Any) -> Any:
        return self._session.execute(text(statement), values)

    def _rows(self, statement: str, /, **values: Any) -> Sequence[Row]:
        rows: Sequence[Row] = self._run(statement, **values).mappings().all()
        return rows

    def _row(self, statement: str, /, **values: Any) -> Row | None:
        row: Row | None = self._run(statement, **values).mappings().first()
        return row

    # -- journal -----------------------------------------------------------------------------------------------------

    def append(self, *, at: datetime, kind: str, actor: str, data: str = "{}", rollout: str | None = None) -> None:
        """Append one row to the journal."""
        self._run(
            "INSERT INTO control.journal (at, rollout, kind, actor, data) VALUES (:at, :rollout, :kind, :actor, :data)",
            at=at, rollout=rollout, kind=kind, actor=actor, data=data,
        )  # fmt: skip

    def append_event(self, rollout: str, entry: JournalEntry, actor: str) -> None:
        """Append an event of a rollout, as it will be replayed."""
        self.append(
            at=entry.at, rollout=rollout, kind=f"event.{entry.event.kind}", actor=actor, data=entry.model_dump_json()
        )

    def events(self, rollout: str) -> list[JournalEntry]:
        """Return a rollout's events, oldest first."""
        rows = self._rows(
            "SELECT data FROM control.journal WHERE rollout = :rollout AND kind LIKE 'event.%' ORDER BY seq",
            rollout=rollout,
        )
        return [JournalEntry.model_validate_json(row["data"]) for row in rows]

    def journal(self, *, after: int, limit: int, rollout: str | None = None) -> list[dict[str, Any]]:
        """Return journal rows for people."""
        rows = self._rows(
            "SELECT seq, at, rollout, kind, actor, data FROM control.journal WHERE seq > :after "
            "AND (CAST(:rollout AS text) IS NULL OR rollout = :rollout) ORDER BY seq LIMIT :limit",
            after=after, limit=limit, rollout=rollout,
        )  # fmt: skip
        return [{**row, "at": row["at"].isoformat(), "data": json.loads(row["data"])} for row in rows]

    # -- rollouts ----------------------------------------------------------------------------------------------------

    def add_rollout(self, plan: RolloutPlan) -> None:
        """Store a frozen plan."""
        self._run(
            "INSERT INTO control.rollout (id, plan, created_at) VALUES (:id, :plan, :at)",
            id=plan.id, plan=plan.model_dump_json(), at=plan.created_at,
        )  # fmt: skip

    def plans(self, *, unfinished: bool = False, limit: int = 50) -> list[RolloutPlan]:
        """Return plans, newest first."""
        condition = "WHERE finished_at IS NULL" if unfinished else ""
        rows = self._rows(
            f"SELECT plan FROM control.rollout {condition} ORDER BY created_at DESC, id DESC LIMIT :limit",  # noqa: S608
            limit=limit,
        )
        return [RolloutPlan.model_validate_json(row["plan"]) for row in rows]

    def plan(self, id: str) -> RolloutPlan | None:
        """Return one plan."""
        row = self._row("SELECT plan FROM control.rollout WHERE id = :id", id=id)
        return RolloutPlan.model_validate_json(row["plan"]) if row else None

    def finish_rollout(self, id: str, at: datetime) -> None:
        """Note that a rollout ended."""
        self._run("UPDATE control.rollout SET finished_at = :at WHERE id = :id", id=id, at=at)

    # -- releases and packs ------------------------------------------------------------------------------------------

    def put_release(self, manifest: Manifest, at: datetime) -> None:
        """Remember a published release."""
        self._run(
            "INSERT INTO control.release (release, manifest, published_at) VALUES (:release, :manifest, :at) "
            "ON CONFLICT (release) DO UPDATE SET manifest = excluded.manifest",
            release=manifest.release, manifest=manifest.canonical_bytes().decode(), at=at,
        )  # fmt: skip

    def manifests(self) -> dict[str, Manifest]:
        """Return every published release's manifest."""
        rows = self._rows("SELECT release, manifest FROM control.release ORDER BY published_at")
        return {row["release"]: Manifest.model_validate_json(row["manifest"]) for row in rows}

    def put_pack(self, site: str, release: str, sha256: str) -> None:
        """Remember which pack a site gets for a release."""
        self._run(
            "INSERT INTO control.pack (site, release, sha256) VALUES (:site, :release, :sha256) "
            "ON CONFLICT (site, release) DO UPDATE SET sha256 = excluded.sha256",
            site=site, release=release, sha256=sha256,
        )  # fmt: skip

    def pack(self, site: str, release: str) -> str | None:
        """Return the digest of a site's pack for a release."""
        row = self._row(
            "SELECT sha256 FROM control.pack WHERE site = :site AND release = :release", site=site, release=release
        )
        return row["sha256"] if row else None

    # -- sites -------------------------------------------------------------------------------------------------------

    def put_site(self, statement: SignedStatement, at: datetime) -> None:
        """Remember who a site is now."""
        self._run(
            "INSERT INTO control.site (site, incarnation, statement, enrolled_at) VALUES (:site, :n, :statement, :at) "
            "ON CONFLICT (site) DO UPDATE SET incarnation = excluded.incarnation, statement = excluded.statement, "
            "enrolled_at = excluded.enrolled_at",
            site=statement.statement.site, n=statement.statement.incarnation,
            statement=statement.model_dump_json(by_alias=True), at=at,
        )  # fmt: skip

    def sites(self) -> dict[str, SiteRow]:
        """Return every enrolled site."""
        return {row["site"]: _site(row) for row in self._rows("SELECT * FROM control.site ORDER BY site")}

    def site(self, site: str) -> SiteRow | None:
        """Return one enrolled site."""
        row = self._row("SELECT * FROM control.site WHERE site = :site", site=site)
        return _site(row) if row else None

    def seen(self, moments: Mapping[str, datetime]) -> None:
        """Note when sites were last heard."""
        for site, at in moments.items():
            self._run("UPDATE control.site SET last_seen_at = :at WHERE site = :site", site=site, at=at)

    def demand_proof(self, sites: Sequence[str]) -> int:
        """Ask sites to prove themselves at their next poll; return how many were asked."""
        done = self._run("UPDATE control.site SET prove = prove + 1 WHERE site = ANY(:sites)", sites=list(sites))
        return int(done.rowcount)

    def next_serial(self) -> int:
        """Return the next certificate serial."""
        return int(self._run("SELECT nextval('control.serial')").scalar_one())

    def put_token(self, record: TokenRecord) -> None:
        """Remember a one-time token by its digest; older ones of the site end."""
        self._run("DELETE FROM control.token WHERE site = :site AND used_at IS NULL", site=record.site)
        self._run(
            "INSERT INTO control.token (digest, site, incarnation, expires_at) VALUES (:digest, :site, :n, :until)",
            digest=record.digest, site=record.site, n=record.incarnation, until=record.expires_at,
        )  # fmt: skip

    def take_token(self, digest: str, at: datetime) -> TokenRecord | None:
        """Use a token up and return what is known of it; a second use finds nothing."""
        row = self._row(
            "UPDATE control.token SET used_at = :at WHERE digest = :digest AND used_at IS NULL RETURNING *",
            digest=digest, at=at,
        )  # fmt: skip
        if row is None:
            return None
        fields = ("site", "incarnation", "digest", "expires_at")
        return TokenRecord.model_validate({name: row[name] for name in fields})

    # -- commands and what comes back --------------------------------------------------------------------------------

    def put_assignment(self, signed: SignedCommand) -> None:
        """Make a command the one that its site gets at its next poll."""
        command = signed.command
        self._run(
            "INSERT INTO control.assignment (site, epoch, generation, release, manifest_sha256, pack_sha256, rollout, "
            "command, at) VALUES (:site, :epoch, :generation, :release, :manifest, :pack, :rollout, :command, :at) "
            "ON CONFLICT (site) DO UPDATE SET epoch = excluded.epoch, generation = excluded.generation, "
            "release = excluded.release, manifest_sha256 = excluded.manifest_sha256, "
            "pack_sha256 = excluded.pack_sha256, rollout = excluded.rollout, command = excluded.command, "
            "at = excluded.at",
            site=command.site, epoch=command.epoch, generation=command.generation, release=command.release,
            manifest=command.manifest_sha256, pack=command.pack_sha256, rollout=command.rollout,
            command=signed.model_dump_json(by_alias=True), at=command.issued_at,
        )  # fmt: skip

    def assignments(self) -> dict[str, SignedCommand]:
        """Return what each site was last told."""
        rows = self._rows("SELECT site, command FROM control.assignment ORDER BY site")
        return {row["site"]: SignedCommand.model_validate_json(row["command"]) for row in rows}

    def assignment(self, site: str) -> SignedCommand | None:
        """Return what one site was last told."""
        row = self._row("SELECT command FROM control.assignment WHERE site = :site", site=site)
        return SignedCommand.model_validate_json(row["command"]) if row else None

    def put_report(self, message: ReportMessage, at: datetime) -> bool:
        """Keep a site's report if it is newer than the one kept; return whether it was."""
        report = message.report.report
        done = self._run(
            "INSERT INTO control.report (site, issued_at, received_at, healthy, reason, message) "
            "VALUES (:site, :issued, :at, :healthy, :reason, :message) ON CONFLICT (site) DO UPDATE SET "
            "issued_at = excluded.issued_at, received_at = excluded.received_at, healthy = excluded.healthy, "
            "reason = excluded.reason, message = excluded.message WHERE control.report.issued_at < excluded.issued_at",
            site=report.site, issued=report.issued_at, at=at, healthy=message.healthy, reason=message.reason,
            message=message.model_dump_json(by_alias=True),
        )  # fmt: skip
        self._run(
            "UPDATE control.site SET issuer = coalesce(:issuer, issuer), jwks = coalesce(:jwks, jwks) "
            "WHERE site = :site",
            site=report.site, issuer=message.issuer, jwks=message.jwks,
        )  # fmt: skip
        return bool(done.rowcount)

    def reports(self) -> dict[str, ReportRow]:
        """Return the newest report of each site."""
        rows = self._rows("SELECT site, received_at, message FROM control.report")
        return {
            row["site"]: ReportRow(row["received_at"], ReportMessage.model_validate_json(row["message"]))
            for row in rows
        }

    def put_progress(self, site: str, progress: Progress) -> None:
        """Remember how far a site says it has come."""
        self._run(
            "INSERT INTO control.progress (site, progress) VALUES (:site, :progress) "
            "ON CONFLICT (site) DO UPDATE SET progress = excluded.progress",
            site=site, progress=progress.model_dump_json(),
        )  # fmt: skip

    def progress(self) -> dict[str, Progress]:
        """Return how far each site says it has come."""
        rows = self._rows("SELECT site, progress FROM control.progress")
        return {row["site"]: Progress.model_validate_json(row["progress"]) for row in rows}

    # -- neighbours --------------------------------------------------------------------------------------------------

    def put_offer(self, offer: Offer) -> None:
        """Keep what a site says to a neighbour."""
        self._run(
            "INSERT INTO control.offer (sender, recipient, kind, body) VALUES (:sender, :recipient, :kind, :body) "
            "ON CONFLICT (sender, recipient, kind) DO UPDATE SET body = excluded.body",
            sender=offer.sender, recipient=offer.recipient, kind=offer.kind, body=json.dumps(offer.body),
        )  # fmt: skip

    def offers_to(self, recipient: str) -> dict[str, dict[str, dict[str, str]]]:
        """Return what neighbours say to a site: sender → kind → body."""
        found: dict[str, dict[str, dict[str, str]]] = {}
        for row in self._rows(
            "SELECT sender, kind, body FROM control.offer WHERE recipient = :site ORDER BY sender, kind",
            site=recipient,
        ):
            found.setdefault(row["sender"], {})[row["kind"]] = json.loads(row["body"])
        return found

    def neighbour(self, site: str, relation: Any, offers: dict[str, dict[str, str]]) -> Neighbour:
        """Return a neighbour with its statement, as far as it is enrolled."""
        known = self.site(site)
        return Neighbour(site=site, relation=relation, statement=known.statement if known else None, offers=offers)

    # -- holds and the epoch -----------------------------------------------------------------------------------------

    def put_hold(self, hold: Hold) -> None:
        """Keep a hold."""
        self._run("INSERT INTO control.hold (id, hold) VALUES (:id, :hold)", id=hold.id, hold=hold.model_dump_json())

    def lift_hold(self, id: str, at: datetime) -> bool:
        """Lift a hold; return whether there was one."""
        done = self._run("UPDATE control.hold SET lifted_at = :at WHERE id = :id AND lifted_at IS NULL", id=id, at=at)
        return bool(done.rowcount)

    def holds(self) -> list[Hold]:
        """Return the holds that nobody lifted."""
        rows = self._rows("SELECT hold FROM control.hold WHERE lifted_at IS NULL ORDER BY id")
        return [Hold.model_validate_json(row["hold"]) for row in rows]

    def meta(self, name: str, default: str) -> str:
        """Return a value of control's own."""
        row = self._row("SELECT value FROM control.meta WHERE name = :name", name=name)
        return row["value"] if row else default

    def set_meta(self, name: str, value: str) -> None:
        """Keep a value of control's own."""
        self._run(
            "INSERT INTO control.meta (name, value) VALUES (:name, :value) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name=name, value=value,
        )  # fmt: skip

    def lock_rollout(self, id: str) -> None:
        """Let one transaction at a time decide on a rollout."""
        self._run("SELECT pg_advisory_xact_lock(hashtext(:id))", id=f"rollout {id}")


def _site(row: Row) -> SiteRow:
    return SiteRow(
        site=row["site"],
        incarnation=row["incarnation"],
        statement=SignedStatement.model_validate_json(row["statement"]),
        last_seen_at=row["last_seen_at"],
        issuer=row["issuer"],
        jwks=row["jwks"],
        prove=row["prove"],
    )


__all__ = ["Event", "ReportRow", "SiteRow", "Store"]
