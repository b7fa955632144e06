"""Fetches and verifies what is published below the pinned root: the only door through which signed things come in.

TUF makes mirrors untrusted: whatever a repository serves, an agent accepts only what the pinned root leads to. Three
things are ours: hybrid keys, the *verification time* (the later of the clock and the highest signed ``issued`` ever
seen, so that setting a clock back revives no old metadata), and refusals that name what was tampered with and what to
do next. Expired metadata stops new changes; it never stops what is installed, which is why nothing here runs at start.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import httpx
from tuf.api import exceptions as tuf_errors
from tuf.api.metadata import DelegatedRole, Metadata, Root, TargetFile, Targets
from tuf.api.serialization import DeserializationError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from yiwang.adapters.signing.keys import HybridKey
from yiwang.adapters.tls import client_context
from yiwang.errors import Refused, Unreachable

ISSUED_FILE = "issued.json"
CHUNK = 1 << 18
NOT_FOUND = 404
FETCH_TIMEOUT = httpx.Timeout(30, connect=5)
EXPIRED = re.compile(r"([a-z]+)(?:\.json)? is expired")
FETCH_AGAIN = "yiwang consistency"


class FolderFetcher(FetcherInterface):
    """Reads a repository from a folder: a stick, or control's own disk. 目录取件器。"""

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            stream = Path(url.removeprefix("file://")).open("rb")  # noqa: SIM115 - closed by _chunks
        except (FileNotFoundError, NotADirectoryError) as error:
            raise tuf_errors.DownloadHTTPError(f"{url} is not there", NOT_FOUND) from error
        return _chunks(stream)


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield a file piece by piece, and close it."""
    with stream:
        while chunk := stream.read(CHUNK):
            yield chunk


class HttpFetcher(FetcherInterface):
    """Reads a repository over HTTP. HTTP 取件器。"""

    def __init__(self, client: httpx.Client | None = None) -> None:
        self._client = client or httpx.Client(timeout=FETCH_TIMEOUT, follow_redirects=False)

    def _fetch(self, url: str) -> Iterator[bytes]:
        with self._client.stream("GET", url) as response:
            if response.status_code != httpx.codes.OK:
                raise tuf_errors.DownloadHTTPError(f"{url}: HTTP {response.status_code}", response.status_code)
            yield from response.iter_raw(CHUNK)

    @contextmanager
    def download_file(self, url: str, max_length: int) -> Iterator[Any]:
        """Download a file; a broken transfer is a download error, whenever it breaks."""
        try:
            with super().download_file(url, max_length) as stream:
                yield stream
        except httpx.HTTPError as error:
            raise tuf_errors.DownloadError(f"{url}: {error or type(error).__name__}") from error


class _Updater(Updater):
    """TUF's updater with our clock, and with the name of the role in whatever goes wrong."""

    def __init__(self, *, now: Callable[[], datetime], highest_issued: datetime, medium: str, **rest: Any) -> None:
        super().__init__(**rest)
        self._now, self.highest_issued, self._medium = now, highest_issued, medium

    def refresh(self) -> None:
        """Load root, timestamp, snapshot and targets, each judged at the verification time."""
        self._judge_at()
        with naming("root"):
            self._load_root()
        with naming("timestamp"):
            self._load_timestamp()
        self._note_issued()
        self._judge_at()
        with naming("snapshot"):
            self._load_snapshot()
        self._load_targets(Targets.type, Root.type)

    def _judge_at(self) -> None:
        """Set the time at which metadata must be valid: TUF offers no other way in version 6.0.0 (a test holds it)."""
        self._trusted_set.reference_time = max(self._now(), self.highest_issued)

    def _note_issued(self) -> None:
        """Remember the highest signed time, and refuse metadata made for another way of travelling."""
        fields = self._trusted_set.timestamp.unrecognized_fields
        medium = fields.get("medium", "link")
        if medium != self._medium:
            raise refused("timestamp", f"介质不符 / made for medium {medium}, this agent is on {self._medium}")
        issued = fields.get("issued")
        if not isinstance(issued, str):
            raise refused("timestamp", "没有签发时间 / carries no signed issue time")
        self.highest_issued = max(
            self.highest_issued, datetime.strptime(issued, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        )

    def _load_targets(self, role: str, parent_role: str) -> Targets:
        with naming(role):
            return super()._load_targets(role, parent_role)

    def delegated(self, role: str) -> Targets:
        """Return the verified metadata of a delegated role."""
        return self._load_targets(role, Targets.type)

    def delegation(self, role: str) -> DelegatedRole:
        """Return the paths and keys that the targets role gave to a delegated role."""
        delegations = self._trusted_set.targets.delegations
        if delegations is None or delegations.roles is None or role not in delegations.roles:
            raise refused(role, "没有委托 / nothing is delegated to it")
        return delegations.roles[role]


def refused(what: str, why: str) -> Refused:
    """Return the refusal of one named piece of signed data."""
    return Refused(
        rule=f"{what}: {why}",
        who="不可越过；由信任库管理员重新签发 / nobody may override; the keeper of the trust repository signs it again",
        next=FETCH_AGAIN,
    )


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Turn TUF's errors into refusals that name the metadata or target concerned."""
    try:
        yield
    except tuf_errors.UnsignedMetadataError as error:
        reasons = "; ".join(f"{keyid[:12]}: {reason}" for keyid, reason in HybridKey.failures.items())
        HybridKey.failures.clear()
        raise refused(
            what, f"签名不足 / not signed by enough keys ({error}{'; ' + reasons if reasons else ''})"
        ) from error
    except tuf_errors.ExpiredMetadataError as error:
        raise refused(_expired_role(error, what), f"已过期 / has expired, so it starts no change ({error})") from error
    except tuf_errors.BadVersionNumberError as error:
        raise refused(what, f"版本倒退 / is older than what was already accepted ({error})") from error
    except tuf_errors.LengthOrHashMismatchError as error:
        raise refused(
            what, f"被篡改：长度或摘要不符 / was tampered with: length or digest differs ({error})"
        ) from error
    except tuf_errors.DownloadLengthMismatchError as error:
        raise refused(what, f"被篡改：比签名的长度更长 / was tampered with: longer than signed ({error})") from error
    except tuf_errors.DownloadError as error:
        raise Unreachable(what=f"{what}: {error}", since=datetime.now(UTC), next=FETCH_AGAIN) from error
    except (tuf_errors.RepositoryError, DeserializationError, ValueError) as error:
        raise refused(
            what,
            f"无效 / is not valid ({error}: {error.__cause__})"
            if error.__cause__
            else f"无效 / is not valid ({error})",
        ) from error


def _expired_role(error: Exception, asked: str) -> str:
    """Return which role expired: TUF notices an old timestamp only when it needs it for the next role."""
    found = EXPIRED.search(str(error))
    return found[1] if found else asked


def is_demo(root: bytes) -> bool:
    """Whether a root says of itself, under its own signature, that it is for demonstration only."""
    return Metadata[Root].from_bytes(root).signed.unrecognized_fields.get("demo") is True


def check_profile(root: bytes, profile: str) -> None:
    """Refuse a demonstration root in production: its keys were made unattended, on one machine."""
    with naming("root"):
        demo = is_demo(root)
    if demo and profile == "production":
        raise Refused(
            rule="演示信任根不可用于生产 / the pinned root is a demonstration root, and profile production refuses it",
            who="信任根保管人 / the keepers of the root keys",
            next="yiwang init --profile production",
        )


@dataclass(frozen=True)
class TrustClient:
    """A site's view of a repository, from its pinned root. 信任客户端。

    ``repository`` is an http(s) address or a folder; ``state`` keeps verified metadata and the highest issue time.
    """

    root: bytes
    repository: str
    state: Path
    profile: str = "demo"
    medium: str = "link"
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    fetcher: FetcherInterface | None = None
    authority: Path | None = None
    """Certificate of the CA by which an https repository is believed; TUF trusts no mirror either way."""

    def session(self) -> TrustSession:
        """Refresh all metadata and return a consistent view of it, or refuse by name."""
        check_profile(self.root, self.profile)
        metadata = self.state / "metadata"
        metadata.mkdir(parents=True, exist_ok=True)
        base = self.repository.rstrip("/")
        remote = base.startswith(("http://", "https://"))
        with naming("root"):
            updater = _Updater(
                now=self.now, highest_issued=self.highest_issued(), medium=self.medium,
                metadata_dir=str(metadata), metadata_base_url=f"{base}/metadata/", target_base_url=f"{base}/targets/",
                fetcher=self.fetcher or (self._remote() if remote else FolderFetcher()),
                config=UpdaterConfig(targets_max_length=20_000_000, snapshot_max_length=2_000_000),
                bootstrap=self.root,
            )  # fmt: skip
        updater.refresh()
        check_profile((metadata / "root.json").read_bytes(), self.profile)
        self._remember(updater.highest_issued)
        return TrustSession(updater)

    def _remote(self) -> HttpFetcher:
        if self.authority is None or not self.repository.startswith("https:"):
            return HttpFetcher()
        context = client_context(self.authority)
        return HttpFetcher(httpx.Client(timeout=FETCH_TIMEOUT, follow_redirects=False, verify=context))

    def highest_issued(self) -> datetime:
        """Return the highest signed issue time this client has ever accepted."""
        try:
            text = json.loads((self.state / ISSUED_FILE).read_text(encoding="utf-8"))["issued"]
            return datetime.fromisoformat(text)
        except (OSError, ValueError, KeyError, TypeError):
            return datetime.fromtimestamp(0, tz=UTC)

    def verification_time(self) -> datetime:
        """Return the time at which signed things are judged here."""
        return max(self.now(), self.highest_issued())

    def _remember(self, issued: datetime) -> None:
        """Store the highest issue time; it never goes back."""
        if issued <= self.highest_issued():
            return
        temporary = self.state / f".{ISSUED_FILE}.tmp"
        temporary.write_text(json.dumps({"issued": issued.isoformat()}), encoding="utf-8")
        temporary.replace(self.state / ISSUED_FILE)


class TrustSession:
    """One consistent, verified state of a repository. 已验证视图。"""

    def __init__(self, updater: _Updater) -> None:
        self._updater = updater

    def info(self, path: str) -> TargetFile | None:
        """Return what is signed about a target, or None when nothing is."""
        return self._updater.get_targetinfo(path)

    def download(self, path: str, destination: Path) -> Path:
        """Fetch a target into a file, unless the file already holds exactly its bytes."""
        info = self.info(path)
        if info is None:
            raise refused(path, "没有签名的目标 / is not among the signed targets")
        if self._updater.find_cached_target(info, str(destination)):
            return destination
        destination.parent.mkdir(parents=True, exist_ok=True)
        partial = destination.with_name(f".{destination.name}.partial")
        with naming(path):
            self._updater.download_target(info, str(partial))
        partial.replace(destination)
        return destination

    def read(self, path: str) -> bytes:
        """Return a small target's verified bytes."""
        with tempfile.TemporaryDirectory() as folder:
            return self.download(path, Path(folder) / "target").read_bytes()

    def targets(self, role: str) -> dict[str, TargetFile]:
        """Return every target that a delegated role signs."""
        signed = self._updater.delegated(role)
        within = self._updater.delegation(role)
        return {path: info for path, info in signed.targets.items() if within.is_delegated_path(path)}
