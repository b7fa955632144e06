"""Writes the trust repository: TUF metadata with consistent snapshots, and the targets it signs.

A publication adds targets, then the metadata of the roles that sign them, then the snapshot, and replaces
``timestamp.json`` last, in one rename: a reader sees the state before or the state after, never a mixture. Published
releases are immutable: the same release id with other bytes is refused.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from yiwang.adapters.locking import exclusive
from yiwang.adapters.signing.keys import HybridSigner
from yiwang.errors import NotReady, Refused
from yiwang.model.trust import DELEGATED, TrustRole, utc_text

LIFETIMES = {
    TrustRole.ROOT: timedelta(days=3 * 365),
    TrustRole.TARGETS: timedelta(days=365),
    TrustRole.SNAPSHOT: timedelta(days=30),
    TrustRole.TIMESTAMP: timedelta(days=7),
}
DELEGATED_LIFETIME = timedelta(days=365)
STICK_TIMESTAMP_LIFETIME = timedelta(days=90)
DEPTH = 5  # TUF patterns match one folder level a star; no target lies deeper
KEPT_VERSIONS = 20
ROOT_SIGNERS = 3
ROOT_THRESHOLD = 2

Payload = bytes | Path


def patterns(role: TrustRole) -> list[str]:
    """Return the target paths that belong to a delegated role: everything below the folder of its name."""
    return [f"{role.value}/" + "/".join(["*"] * depth) for depth in range(1, DEPTH + 1)]


@dataclass(frozen=True)
class Keyring:
    """The private keys that this machine holds, a file each, by role. 密钥环。"""

    folder: Path

    def path(self, role: TrustRole, number: int = 1) -> Path:
        """Return where a role's key lies."""
        return self.folder / (f"{role.value}.key.json" if role is not TrustRole.ROOT else f"root-{number}.key.json")

    def signer(self, role: TrustRole, number: int = 1) -> HybridSigner:
        """Return a role's signer, or say which key is not on this machine."""
        path = self.path(role, number)
        if not path.is_file():
            raise NotReady(
                what=f"本机没有签名密钥 / the signing key of {role.value} is not on this machine ({path})",
                next="run the command where that key is kept",
            )
        return HybridSigner.load(path)

    def make(self, role: TrustRole, number: int = 1) -> HybridSigner:
        """Return a role's signer, making it first if there is none."""
        path = self.path(role, number)
        if not path.is_file():
            HybridSigner.generate().save(path)
        return HybridSigner.load(path)


def _now() -> datetime:
    return datetime.now(UTC)


class Repository:
    """A trust repository on disk, written by those who hold its keys. 信任库。"""

    def __init__(self, folder: Path, keyring: Keyring, now: Callable[[], datetime] = _now) -> None:
        self.folder, self.keyring, self.now = folder, keyring, now
        self._metadata, self._targets = folder / "metadata", folder / "targets"

    # -- reading ---------------------------------------------------------------------------------------------------

    def exists(self) -> bool:
        """Whether the ceremony was held here to its end."""
        return (self._metadata / "timestamp.json").is_file()

    def root_bytes(self) -> bytes:
        """Return the newest root."""
        return self._newest("root").read_bytes()

    def _newest(self, role: str) -> Path:
        """Return the file with a role's newest metadata."""
        versions = {int(path.name.split(".")[0]): path for path in self._metadata.glob(f"*.{role}.json")}
        if not versions:
            raise NotReady(what=f"{self.folder} 不是信任库 / is no trust repository (no {role})", next="yiwang init")
        return versions[max(versions)]

    def _load(self, role: TrustRole) -> Metadata[Any]:
        path = self._metadata / "timestamp.json" if role is TrustRole.TIMESTAMP else self._newest(role.value)
        return Metadata.from_bytes(path.read_bytes())

    def targets(self, role: TrustRole) -> dict[str, TargetFile]:
        """Return what a delegated role signs at present."""
        return dict(self._load(role).signed.targets)

    def read(self, role: TrustRole, path: str) -> bytes | None:
        """Return the present bytes of a target that a role signs."""
        info = self.targets(role).get(path)
        return (self._targets / info.get_prefixed_paths()[0]).read_bytes() if info else None

    # -- the ceremony ----------------------------------------------------------------------------------------------

    def ceremony(self, *, demo: bool, owner: str) -> bytes:
        """Make keys and first metadata, unattended when ``demo``; return the root to pin. A repeat changes nothing."""
        with self._locked():
            if not self.exists():
                self._write_root(demo=demo, owner=owner)
                self._write(TrustRole.TARGETS, self._first_targets(), version=1)
                for role in DELEGATED:
                    self._write(role, Targets(expires=self._expiry(role)), version=1)
                self._write_snapshot([TrustRole.TARGETS, *DELEGATED])
        return self.root_bytes()

    def _write_root(self, *, demo: bool, owner: str) -> None:
        """Sign the root with as many people's keys as its threshold asks for."""
        root = Root(expires=self._expiry(TrustRole.ROOT), consistent_snapshot=True)
        root.unrecognized_fields = {"demo": demo, "owner": owner}
        signers = [self.keyring.make(TrustRole.ROOT, number) for number in range(1, ROOT_SIGNERS + 1)]
        for signer in signers:
            root.add_key(signer.public_key, Root.type)
        root.roles[Root.type].threshold = ROOT_THRESHOLD
        for role in (TrustRole.TARGETS, TrustRole.SNAPSHOT, TrustRole.TIMESTAMP):
            root.add_key(self.keyring.make(role).public_key, role.value)
        metadata = Metadata(root)
        for signer in signers:
            metadata.sign(signer, append=True)
        self._store("1.root.json", metadata.to_bytes())

    def _first_targets(self) -> Targets:
        """Return targets metadata that signs nothing itself and hands each folder to its role."""
        delegations = Delegations(keys={}, roles={})
        targets = Targets(expires=self._expiry(TrustRole.TARGETS), delegations=delegations)
        for role in DELEGATED:
            assert delegations.roles is not None  # noqa: S101 - made two lines above
            delegations.roles[role.value] = DelegatedRole(role.value, [], 1, terminating=True, paths=patterns(role))
            targets.add_key(self.keyring.make(role).public_key, role.value)
        return targets

    def replace_key(self, role: TrustRole) -> None:
        """Make a new key for a role and take its old one's word away: after a leak, or when a person leaves."""
        if role is TrustRole.ROOT:
            raise Refused(
                rule="根密钥由多人更换 / a root key is replaced by its keepers together, not by this command",
                who="信任根保管人 / the keepers of the root keys",
                next="yiwang status",
            )
        with self._locked():
            old = self.keyring.signer(role).public_key.keyid
            retired = self.keyring.path(role)
            retired.rename(retired.with_name(f"{role.value}.retired-{old[:12]}.json"))
            fresh = self.keyring.make(role)
            if role in DELEGATED:
                self._replace_delegated(role, old, fresh)
            else:
                self._replace_top(role, old, fresh)

    def _replace_delegated(self, role: TrustRole, old: str, fresh: HybridSigner) -> None:
        """Let the targets role name the new key, and sign the role's content with it."""
        targets = self._load(TrustRole.TARGETS).signed
        targets.revoke_key(old, role.value)
        targets.add_key(fresh.public_key, role.value)
        self._write(TrustRole.TARGETS, targets, version=targets.version + 1)
        signed = self._load(role).signed
        self._write(role, signed, version=signed.version + 1)
        self._write_snapshot([TrustRole.TARGETS, role])

    def _replace_top(self, role: TrustRole, old: str, fresh: HybridSigner) -> None:
        """Let a new root, signed by enough of its keepers, name the new key."""
        root: Root = self._load(TrustRole.ROOT).signed
        root.revoke_key(old, role.value)
        root.add_key(fresh.public_key, role.value)
        root.version += 1
        root.expires = self._expiry(TrustRole.ROOT)
        metadata = Metadata(root)
        for number in range(1, root.roles[Root.type].threshold + 1):
            metadata.sign(self.keyring.signer(TrustRole.ROOT, number), append=True)
        self._store(f"{root.version}.root.json", metadata.to_bytes())
        if role is TrustRole.TARGETS:
            targets = self._load(role).signed
            self._write(role, targets, version=targets.version + 1)
        self._write_snapshot([TrustRole.TARGETS] if role is TrustRole.TARGETS else [])

    # -- publishing ------------------------------------------------------------------------------------------------

    def publish(self, role: TrustRole, add: Mapping[str, Payload], remove: tuple[str, ...] = ()) -> bool:
        """Sign targets in a delegated role's folder; return whether anything changed."""
        with self._locked():
            metadata = self._load(role)
            before = dict(metadata.signed.targets)
            after = {path: info for path, info in before.items() if path not in remove}
            for path, payload in add.items():
                after[path] = self._place(path, payload)
            if {path: info.hashes for path, info in after.items()} == {
                path: info.hashes for path, info in before.items()
            }:
                return False
            metadata.signed.targets = after
            self._write(role, metadata.signed, version=metadata.signed.version + 1)
            self._write_snapshot([role])
        return True

    def publish_release(self, release: str, folder: Path) -> bool:
        """Sign every file of a release folder below ``releases/<id>/``; a published id never gets other bytes."""
        files = {
            f"releases/{release}/{path.relative_to(folder).as_posix()}": path
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        published = self.targets(TrustRole.RELEASES)
        manifest = f"releases/{release}/manifest.json"
        if manifest in published:
            _check_immutable(release, published[manifest], files[manifest])
        return self.publish(TrustRole.RELEASES, files)

    def refresh(self, *, before: timedelta = timedelta(days=3)) -> bool:
        """Sign a new timestamp (and snapshot) when the present one would expire soon; return whether it did."""
        with self._locked():
            if self._load(TrustRole.TIMESTAMP).signed.expires - self.now() > before:
                return False
            self._write_snapshot([])
        return True

    def stick_timestamp(self, site: str) -> bytes:
        """Return timestamp metadata for one site's stick: it lives longer, and a linked agent refuses it."""
        timestamp: Timestamp = self._load(TrustRole.TIMESTAMP).signed
        timestamp.expires = (self.now() + STICK_TIMESTAMP_LIFETIME).astimezone(UTC)
        timestamp.unrecognized_fields |= {"medium": "stick", "site": site, "issued": utc_text(self.now())}
        metadata = Metadata(timestamp)
        metadata.sign(self.keyring.signer(TrustRole.TIMESTAMP))
        return metadata.to_bytes()

    # -- writing ---------------------------------------------------------------------------------------------------

    def _expiry(self, role: TrustRole) -> datetime:
        return (self.now() + LIFETIMES.get(role, DELEGATED_LIFETIME)).astimezone(UTC)

    def _write(self, role: TrustRole, signed: Targets, *, version: int) -> None:
        """Sign and store targets metadata of a new version."""
        signed.version, signed.expires = version, self._expiry(role)
        metadata = Metadata(signed)
        metadata.sign(self.keyring.signer(role))
        self._store(f"{version}.{role.value}.json", metadata.to_bytes())

    def _write_snapshot(self, changed: list[TrustRole]) -> None:
        """Sign which versions belong together, then make them current with one rename."""
        first = not self.exists()
        snapshot: Snapshot = Snapshot() if first else self._load(TrustRole.SNAPSHOT).signed
        snapshot.version = 1 if first else snapshot.version + 1
        snapshot.expires = self._expiry(TrustRole.SNAPSHOT)
        for role in changed:
            path = self._newest(role.value)
            snapshot.meta[f"{role.value}.json"] = _meta(path)
        metadata = Metadata(snapshot)
        metadata.sign(self.keyring.signer(TrustRole.SNAPSHOT))
        path = self._store(f"{snapshot.version}.snapshot.json", metadata.to_bytes())
        self._write_timestamp(_meta(path), first=first)
        self._prune([*changed, TrustRole.SNAPSHOT])

    def _prune(self, roles: list[TrustRole]) -> None:
        """Drop metadata that no reader can still be half way through; roots stay for ever, they are a chain."""
        for role in roles:
            versions = sorted(
                self._metadata.glob(f"*.{role.value}.json"), key=lambda path: int(path.name.split(".")[0])
            )
            for path in versions[:-KEPT_VERSIONS]:
                path.unlink()

    def _write_timestamp(self, snapshot: MetaFile, *, first: bool) -> None:
        """Sign what is current, with the time at which it was signed."""
        timestamp: Timestamp = Timestamp() if first else self._load(TrustRole.TIMESTAMP).signed
        timestamp.version = 1 if first else timestamp.version + 1
        timestamp.expires = self._expiry(TrustRole.TIMESTAMP)
        timestamp.snapshot_meta = snapshot
        timestamp.unrecognized_fields["issued"] = utc_text(self.now())
        metadata = Metadata(timestamp)
        metadata.sign(self.keyring.signer(TrustRole.TIMESTAMP))
        self._store("timestamp.json", metadata.to_bytes())

    def _store(self, name: str, data: bytes) -> Path:
        """Write one metadata file so that it is whole or absent."""
        self._metadata.mkdir(parents=True, exist_ok=True)
        path = self._metadata / name
        temporary = path.with_name(f".{name}.tmp")
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        return path

    def _place(self, path: str, payload: Payload) -> TargetFile:
        """Put a target under its hashed name; the same bytes are written once."""
        info = (
            TargetFile.from_file(path, str(payload), ["sha256"])
            if isinstance(payload, Path)
            else TargetFile.from_data(path, payload, ["sha256"])
        )
        target = self._targets / info.get_prefixed_paths()[0]
        if not _holds(target, info):
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{target.name}.tmp")
            shutil.copyfile(payload, temporary) if isinstance(payload, Path) else temporary.write_bytes(payload)
            temporary.replace(target)
        return info

    def _locked(self) -> AbstractContextManager[None]:
        """Let one writer in at a time."""
        return exclusive(self.folder / ".lock")


def _meta(path: Path) -> MetaFile:
    """Describe a metadata file by version, length and digest, so that no mixture of versions passes."""
    data = path.read_bytes()
    version = int(path.name.split(".")[0])
    return MetaFile(version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})


def _holds(target: Path, info: TargetFile) -> bool:
    """Whether a target file is already there with its bytes."""
    if not target.is_file() or target.stat().st_size != info.length:
        return False
    with target.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == info.hashes["sha256"]


def _check_immutable(release: str, published: TargetFile, manifest: Path) -> None:
    """Refuse other bytes under a release id that sites may already have."""
    if hashlib.sha256(manifest.read_bytes()).hexdigest() != published.hashes["sha256"]:
        raise Refused(
            rule=f"发布版本不可变 / release {release} is already published with other content; releases are immutable",
            who="release manager",
            next="yiwang release build --version <next CalVer>",
        )
