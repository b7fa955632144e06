"""The trust ceremony and publication as use cases: what an operator does with keys, without knowing TUF.

``make up`` holds the same ceremony unattended that a production operator holds with three people; the only difference
is one signed field, ``demo: true``, which a production profile refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yiwang.adapters.release_folder import read_manifest, verify
from yiwang.adapters.repository import Keyring, Repository
from yiwang.adapters.signing import CertificateAuthority, TrustClient, is_demo, public_halves
from yiwang.errors import Refused
from yiwang.model.release import Manifest, canonical
from yiwang.model.trust import HybridPublic, Revocations, TrustRole

ROOT_FILE = "root.json"
CA_FILE = "ca/ca.pem"
IDENTITY_TARGET = "identity/keys.json"
REVOCATIONS_TARGET = "identity/revocations.json"
CA_TARGET = "identity/ca.pem"


@dataclass(frozen=True)
class Trust:
    """A workspace's side of trust: the pinned root, the keys, the site CA, and the repository. 信任。"""

    folder: Path
    repository: Repository
    authority: CertificateAuthority
    demo: bool

    @property
    def keyring(self) -> Keyring:
        """Return the keys that this machine holds."""
        return self.repository.keyring

    def root(self) -> bytes:
        """Return the root to pin at sites."""
        return (self.folder / ROOT_FILE).read_bytes()

    def identity(self) -> HybridPublic:
        """Return the public key of the identity role."""
        return public_halves(self.keyring.signer(TrustRole.IDENTITY).private.public_key())


def open_trust(folder: Path, repository: Path, *, demo: bool, owner: str) -> Trust:
    """Hold the ceremony if it was not held yet, and return the workspace's trust; a repeat changes nothing."""
    store = Repository(repository, Keyring(folder / "keys"))
    pinned = folder / ROOT_FILE
    if pinned.is_file() and not store.exists():
        raise Refused(
            rule=f"固定的信任根没有对应的信任库 / a root is pinned in {folder}, but {repository} has no repository",
            who="信任根保管人 / the keepers of the root keys",
            next=f"put {repository} back from a copy, or begin anew: yiwang init",
        )
    root = store.ceremony(demo=demo, owner=owner)
    if not pinned.is_file():
        pinned.parent.mkdir(parents=True, exist_ok=True)
        pinned.write_bytes(root)
    signed_demo = is_demo(pinned.read_bytes())
    authority = CertificateAuthority.open(folder / "ca", now=store.now(), demo=signed_demo)
    trust = Trust(folder=folder, repository=store, authority=authority, demo=signed_demo)
    _publish_identity(trust)
    return trust


def _publish_identity(trust: Trust) -> None:
    """Publish what sites need to believe each other: identity key, CA and an empty list of revocations."""
    published = trust.repository.targets(TrustRole.IDENTITY)
    targets = {
        IDENTITY_TARGET: canonical({"schema": 1, "demo": trust.demo, "keys": trust.identity().model_dump()}),
        CA_TARGET: trust.authority.pem().encode(),
        REVOCATIONS_TARGET: canonical(Revocations().model_dump(mode="json")),
    }
    missing = {path: data for path, data in targets.items() if path not in published}
    if missing:
        trust.repository.publish(TrustRole.IDENTITY, missing)


def publish_release(trust: Trust, folder: Path) -> tuple[Manifest, bool]:
    """Publish a release folder that is whole; return its manifest and whether anything was new."""
    problems = verify(folder)
    if problems:
        raise Refused(
            rule="发布目录不完整 / the release folder is not what its manifest says: " + "; ".join(problems[:5]),
            who="release manager",
            next="yiwang release build",
        )
    manifest = read_manifest(folder)
    return manifest, trust.repository.publish_release(manifest.release, folder)


def publish_tree(trust: Trust, revision: int, sites: dict[str, str]) -> bool:
    """Sign one revision of the operator's site tree, and name it the current one."""
    body = canonical({"schema": 1, "revision": revision, "sites": sites})
    targets = {f"tree/{revision}.json": body, "tree/current.json": body}
    return trust.repository.publish(TrustRole.TREE, targets)


def revocations(trust: Trust) -> Revocations:
    """Return what is revoked and fenced now."""
    published = trust.repository.read(TrustRole.IDENTITY, REVOCATIONS_TARGET)
    return Revocations.model_validate_json(published) if published else Revocations()


def revoke(trust: Trust, *, serials: tuple[int, ...] = (), fence: dict[str, int] | None = None) -> Revocations:
    """Add revoked serials and fenced incarnations; what was revoked stays revoked."""
    before = revocations(trust)
    fenced = dict(before.fenced)
    for site, incarnation in (fence or {}).items():
        fenced[site] = max(incarnation, fenced.get(site, 0))
    after = Revocations(serials=tuple(sorted({*before.serials, *serials})), fenced=fenced)
    trust.repository.publish(TrustRole.IDENTITY, {REVOCATIONS_TARGET: canonical(after.model_dump(mode="json"))})
    return after


def fetch_release(client: TrustClient, release: str, target: Path, lock: str | None = None) -> Manifest:
    """Fetch and verify a release below the pinned root: the manifest, then what it names (for one role, if given)."""
    session = client.session()
    prefix = f"releases/{release}"
    session.download(f"{prefix}/manifest.json", target / "manifest.json")
    manifest = read_manifest(target)
    wanted = {item.path for item in manifest.artefacts}
    if lock is not None:
        needed = {path for item in manifest.dependencies if item.lock == lock for path in item.files}
        wanted = needed | {manifest.wheel().path, f"locks/{lock}.lock"}
    for path in sorted(wanted):
        session.download(f"{prefix}/{path}", target / path)
    return manifest
