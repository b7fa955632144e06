"""Pre-flight: looks whether a workspace can run on this machine, changes nothing, and says for each finding what to do.

Every check ends in pass, fail or not applicable with a reason. What cannot be known here, such as a clock that runs
ahead, is left to the part that can: signed metadata expires.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Protocol

from yiwang.adapters.addresses import known
from yiwang.adapters.machine import ThisMachine
from yiwang.definition import distribution
from yiwang.errors import NotReady
from yiwang.model.paths import StatePaths
from yiwang.model.release import is_release_id, release_order
from yiwang.operate.workspace import Workspace, runtime_root, state_root
from yiwang.supervisor.client import SupervisorClient
from yiwang_kit.crypto.provider import provider

GIB, MIB = 1024**3, 1024**2
PYTHON_LEAST = (3, 11)
GLIBC_LEAST = (2, 28)
SYSTEMS = ("Linux x86_64", "Linux aarch64")
DISK_LEAST = 2 * GIB
INODES_LEAST = 100_000
MEMORY_EACH = 256 * MIB
SOCKET_PATH_MOST = 107
SOCKETS = ("supervisor.sock", ".s.PGSQL.{postgres}.lock")
STATE_PATH_MOST = 800  # PostgreSQL keeps paths in 1024 bytes, and some of ours lie below
CLOCK_TOLERANCE = timedelta(minutes=5)
CONTROL = "control"
CONTROL_PORTS = ("control", "postgres")
PORTS_NAMED = 5
NEXT_STATE = "YIWANG_STATE=/short/writable/folder yiwang up"


class Verdict(StrEnum):
    """How a check ended. 预检结论。"""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"


VERDICT_TITLES = {
    Verdict.PASS: ("通过", "pass"),
    Verdict.FAIL: ("不通过", "fail"),
    Verdict.NOT_APPLICABLE: ("不适用", "not applicable"),
}


@dataclass(frozen=True)
class Finding:
    """What one check found. 预检结果。"""

    check: str
    title_zh: str
    title_en: str
    verdict: Verdict
    detail: str
    next: str = ""
    """The command that helps; only a failure has one."""


class Surroundings(Protocol):
    """A machine as pre-flight asks it. 运行环境。"""

    def python(self) -> tuple[int, int]:
        """Return the running Python's version."""

    def system(self) -> str:
        """Return operating system and architecture."""

    def glibc(self) -> tuple[int, ...]:
        """Return the C library's version; empty where it is another one."""

    def is_root(self) -> bool:
        """Return whether we are root."""

    def database_users(self) -> tuple[str, ...]:
        """Return the users that PostgreSQL may drop to."""

    def program(self, name: str) -> str | None:
        """Return where a program is."""

    def now(self) -> datetime:
        """Return the clock's moment."""

    def modified(self, paths: Iterable[Path]) -> datetime | None:
        """Return when the newest of some files was written."""

    def memory_available(self) -> int:
        """Return the bytes that new processes may use."""

    def disk_free(self, path: Path) -> tuple[int, int]:
        """Return free bytes and inodes where a path is or will be."""

    def write_error(self, path: Path) -> str | None:
        """Return why a folder could not be made or written."""

    def closed_to(self, path: Path, user: str) -> Path | None:
        """Return the first folder above a path that a user may not enter."""

    def bind_error(self, address: str, port: int) -> str | None:
        """Return why nothing could listen there."""


@dataclass(frozen=True)
class Question:
    """What is to be examined, and on which machine. 预检对象。"""

    state: StatePaths
    around: Surroundings
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Loopback address by installation; ports are looked at where there is one."""
    ours: Set[str] = frozenset()
    """Installations that run already, whose ports and memory are rightly taken."""
    written: tuple[Path, ...] = ()
    """Files of ours: a clock that is behind them went back."""
    release: str | None = None
    """The release that this code is: it was not built before its own month."""


Answer = tuple[Verdict, str, str]


def passed(detail: str) -> Answer:
    """Return that all is well."""
    return Verdict.PASS, detail, ""


def failed(detail: str, following: str) -> Answer:
    """Return what is wrong and which command helps."""
    return Verdict.FAIL, detail, following


def not_applicable(reason: str) -> Answer:
    """Return why there is nothing to judge."""
    return Verdict.NOT_APPLICABLE, reason, ""


def python(asked: Question) -> Answer:
    """Judge the interpreter."""
    found = asked.around.python()
    said = f"Python {found[0]}.{found[1]}"
    if found < PYTHON_LEAST:
        least = ".".join(map(str, PYTHON_LEAST))
        return failed(f"{said}，需要 ≥ {least} / needed: ≥ {least}", f"PYTHON=python{least} make up")
    return passed(said if found == PYTHON_LEAST else f"{said}（未经测试，可用 / works, but 3.11 is the tested one）")


def system(asked: Question) -> Answer:
    """Judge operating system and C library: the engines' binaries need them."""
    found, glibc = asked.around.system(), asked.around.glibc()
    said = f"{found}, glibc {'.'.join(map(str, glibc)) or '–'}"
    if found not in SYSTEMS or glibc < GLIBC_LEAST:
        least = ".".join(map(str, GLIBC_LEAST))
        return failed(f"{said}，需要 / needed: {' | '.join(SYSTEMS)}, glibc ≥ {least}", "uname -sm; ldd --version")
    return passed(said)


def programs(asked: Question) -> Answer:
    """Judge the one program of the system that we need."""
    where = asked.around.program("setpriv")
    return passed(where) if where else failed("缺少 setpriv / setpriv is missing", "apt-get install util-linux")


def user(asked: Question) -> Answer:
    """Judge who PostgreSQL would run as."""
    if not asked.around.is_root():
        return not_applicable("非 root，所有进程以当前用户运行 / not root: everything runs as this user")
    users = asked.around.database_users()
    if not users:
        return failed("PostgreSQL 不能以 root 运行 / PostgreSQL refuses to run as root", "useradd --system postgres")
    closed = asked.around.closed_to(asked.state.root, users[0])
    if closed is not None:
        return failed(f"{users[0]} 无法进入 {closed} / may not enter {closed}", f"chmod o+x {closed}")
    return passed(users[0])


def state(asked: Question) -> Answer:
    """Judge whether the state folder can be written."""
    for place in (asked.state.root, asked.state.runtime):
        error = asked.around.write_error(place)
        if error:
            return failed(f"{place}: 无法写入 / cannot be written ({error})", NEXT_STATE)
    return passed(str(asked.state.root))


def paths(asked: Question) -> Answer:
    """Judge lengths and characters of paths; spaces and Chinese characters are fine."""
    root = str(asked.state.root)
    if not root.isprintable():
        return failed("状态目录名含控制字符 / the state folder's name has control characters", NEXT_STATE)
    if len(root.encode()) > STATE_PATH_MOST:
        length = len(root.encode())
        return failed(f"状态目录路径 {length} 字节，至多 {STATE_PATH_MOST} / the path has {length} bytes", NEXT_STATE)
    names = [CONTROL, *asked.addresses]
    sockets = [name.format(postgres=distribution().port("postgres")) for name in SOCKETS]
    longest = max((str(asked.state.runtime / name / end) for name in names for end in sockets), key=len)
    if len(longest.encode()) > SOCKET_PATH_MOST:
        said = f"套接字路径超过 {SOCKET_PATH_MOST} 字节 / a socket's path is too long: {longest}"
        return failed(said, "YIWANG_RUNTIME=/tmp yiwang up")
    return passed(f"{len(root.encode())} B, {len(longest.encode())} B")


def disk(asked: Question) -> Answer:
    """Judge the room for data."""
    free, inodes = asked.around.disk_free(asked.state.root)
    said = f"{free / GIB:.1f} GiB, {inodes} inodes"
    if free < DISK_LEAST or inodes < INODES_LEAST:
        needed = f"{DISK_LEAST / GIB:.0f} GiB, {INODES_LEAST} inodes"
        return failed(f"{said}，需要 ≥ {needed} / needed: ≥ {needed}", f"df -h '{asked.state.root.anchor}'")
    return passed(said)


def memory(asked: Question) -> Answer:
    """Judge the memory for what does not run yet."""
    waiting = [name for name in asked.addresses if name not in asked.ours]
    free, needed = asked.around.memory_available(), MEMORY_EACH * max(1, len(waiting))
    if asked.addresses and not waiting:
        return not_applicable("全部已在运行 / everything runs already")
    said = f"{free // MIB} MiB"
    if free < needed:
        return failed(f"{said}，需要 ≥ {needed // MIB} MiB / needed: ≥ {needed // MIB} MiB", "free -m")
    return passed(said)


def clock(asked: Question) -> Answer:
    """Judge the clock by what it cannot be earlier than."""
    now = asked.around.now()
    for moment, what in _not_before(asked):
        if now + CLOCK_TOLERANCE < moment:
            said = f"时钟 {now:%Y-%m-%d %H:%M}Z 早于{what} {moment:%Y-%m-%d %H:%M}Z / the clock is behind"
            return failed(said, "timedatectl status; chronyc makestep")
    return passed(f"{now:%Y-%m-%d %H:%M}Z")


def _not_before(asked: Question) -> Iterator[tuple[datetime, str]]:
    """Yield moments that have certainly passed."""
    if asked.release and is_release_id(asked.release):
        year, month, *_ = release_order(asked.release)
        yield datetime(year, month, 1, tzinfo=UTC) - timedelta(days=1), f"发布 {asked.release} of the release"
    written = asked.around.modified(asked.written)
    if written is not None:
        yield written, "已写入的文件 of files that were written"


def ports(asked: Question) -> Answer:
    """Judge whether what does not run yet could listen."""
    if not asked.addresses:
        return not_applicable("尚未分配地址 / no addresses are allocated yet")
    taken = [
        error
        for name, address in asked.addresses.items()
        if name not in asked.ours
        for port in _ports_of(name)
        if (error := asked.around.bind_error(address, port))
    ]
    if taken:
        more = f" … {len(taken)}" if len(taken) > PORTS_NAMED else ""
        said = "; ".join(taken[:PORTS_NAMED]) + more
        return failed(f"端口被占用 / taken: {said}", "ss -ltnp; yiwang down")
    return passed(f"{len(asked.addresses)} 个地址 / addresses")


def _ports_of(name: str) -> list[int]:
    """Return the ports of an installation."""
    spec = distribution()
    if name == CONTROL:
        return [spec.port(port) for port in CONTROL_PORTS]
    return [port.number for port in spec.ports if port.name != CONTROL]


def cryptography(_: Question) -> Answer:
    """Judge the national algorithms by answers that are known."""
    try:
        return passed(provider().name)
    except RuntimeError:
        said = "SM2/SM3 自检未通过 / no SM2 provider passes its known answers"
        return failed(said, "openssl version; pip install gmssl-pyx")


Check = Callable[[Question], Answer]
CHECKS: tuple[tuple[str, str, str, Check], ...] = (
    ("python", "解释器", "Python", python),
    ("system", "操作系统", "operating system", system),
    ("programs", "系统程序", "programs", programs),
    ("user", "数据库用户", "database user", user),
    ("paths", "路径", "paths", paths),
    ("state", "状态目录", "state folder", state),
    ("disk", "磁盘", "disk", disk),
    ("memory", "内存", "memory", memory),
    ("clock", "时钟", "clock", clock),
    ("ports", "端口", "ports", ports),
    ("cryptography", "国密算法", "national algorithms", cryptography),
)


def examine(asked: Question) -> tuple[Finding, ...]:
    """Return what every check found, in order."""
    return tuple(Finding(name, zh, en, *check(asked)) for name, zh, en, check in CHECKS)


def this_release() -> str | None:
    """Return the release that this code is of; None where it was never installed."""
    try:
        return metadata.version("yiwang")
    except metadata.PackageNotFoundError:
        return None


def examine_workspace(
    workspace: Workspace, addresses: Mapping[str, str], ours: Set[str], around: Surroundings | None = None
) -> tuple[Finding, ...]:
    """Return what every check found about a workspace on this machine."""
    written = (workspace.file, workspace.state.addresses, *workspace.state.sites.glob("*/hub/current.json"))
    return examine(
        Question(
            state=workspace.state, around=around or ThisMachine(), addresses=addresses, ours=ours, written=written,
            release=this_release(),
        )
    )  # fmt: skip


def look(workspace: Workspace, around: Surroundings | None = None) -> tuple[Finding, ...]:
    """Return the findings about a workspace as it stands, without allocating anything."""
    addresses = known(workspace.state.addresses)
    folders = {name: workspace.control() if name == CONTROL else workspace.site(name) for name in addresses}
    ours = {name for name, folder in folders.items() if SupervisorClient(folder.supervisor, folder.runtime).running()}
    return examine_workspace(workspace, addresses, ours, around)


def look_anywhere(environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return the findings about this machine before there is a workspace."""
    around = ThisMachine()
    root = state_root("workspace", environ, root=around.is_root())
    state = StatePaths(root=root, runtime=runtime_root(root, environ))
    return examine(Question(state=state, around=around, release=this_release()))


def require_ready(workspace: Workspace, addresses: Mapping[str, str], ours: Set[str]) -> tuple[Finding, ...]:
    """Return the findings. Raises NotReady with every failure, and the first one's next command."""
    findings = examine_workspace(workspace, addresses, ours)
    bad = [finding for finding in findings if finding.verdict is Verdict.FAIL]
    if bad:
        raise NotReady(
            what="; ".join(f"{finding.title_zh} {finding.title_en}: {finding.detail}" for finding in bad),
            next=bad[0].next,
        )
    return findings
