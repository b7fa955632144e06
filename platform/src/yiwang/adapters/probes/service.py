"""What a site's doors say to somebody without rights, what its logs hold, and whether its files are what was staged."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from yiwang.adapters.probes.asking import HTTP_SECONDS, Unanswered, http_status, program

LISTENING = "0A"
OK = 200
HUNG_UP = 0
"""The server refused before it had read it all, and closed; its answer may be lost with the connection."""
LOG_BYTES = 20_000_000
SHORTEST_SECRET = 12
UNSIGNED = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsInNjb3BlIjoiZmxlZXQifQ."
ANY_ID = "00000000-0000-7000-8000-000000000000"
MOBILE = re.compile(rb"(?<![0-9A-Za-z.-])1[3-9][0-9]{9}(?![0-9A-Za-z.-])")
CITIZEN = re.compile(
    rb"(?<![0-9A-Za-z.-])[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9][0-9]{3}[0-9Xx](?![0-9A-Za-z.-])"
)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def listeners(about: dict[str, Any]) -> dict[str, Any]:
    """Read who listens at the site's address, and what listens everywhere at one of its ports."""
    found = [*_sockets("/proc/net/tcp", 4), *_sockets("/proc/net/tcp6", 16)]
    declared = {int(number) for number in about["ports"].values()}
    here = sorted({port for address, port in found if address == about["address"]})
    wild = sorted({port for address, port in found if address in ("0.0.0.0", "::") and port in declared})  # noqa: S104
    return {"here": here, "everywhere": wild, "declared": sorted(declared)}


def _sockets(table: str, size: int) -> Iterator[tuple[str, int]]:
    family = socket.AF_INET if size == 4 else socket.AF_INET6  # noqa: PLR2004 - bytes of an address
    for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if fields[3] != LISTENING:
            continue
        words, _, port = fields[1].partition(":")
        raw = b"".join(bytes.fromhex(words[i : i + 8])[::-1] for i in range(0, len(words), 8))
        yield socket.inet_ntop(family, raw), int(port, 16)


def integrity(about: dict[str, Any]) -> dict[str, Any]:
    """Hash the running release against the list that was sealed when it was staged."""
    from yiwang_kit import boot

    root = Path(about["release_root"])
    if not root.is_dir():
        raise Unanswered(f"没有已安装的发布 / no installed release: {root}")
    found = boot.scan(root)
    return {"files": found["files"], "drift": [f"{row['kind']} {row['path']}" for row in found["drift"]]}


def audit(about: dict[str, Any]) -> dict[str, Any]:
    """Let the hub's own program walk the audit chain from its first row."""
    said = json.loads(program([*about["audit"]]))
    return {"rows": said["rows"], "broken": said["break"]}


def doors(about: dict[str, Any]) -> dict[str, Any]:
    """Knock at every documented reading operation without a token, and with an unsigned one."""
    host, port = about["address"], about["ports"]["hub"]
    paths = [path for prefix in ("", *about["services"]) for path in _readings(host, port, prefix)]
    answers = []
    for path in sorted(paths):
        place = re.sub(r"\{[^}]+\}", ANY_ID, path)
        bare = http_status(host, port, "GET", place, {})[0]
        forged = http_status(host, port, "GET", place, {"Authorization": f"Bearer {UNSIGNED}"})[0]
        answers.append({"path": path, "bare": bare, "forged": forged})
    return {"answers": answers, "open": about["open_doors"]}


def _readings(host: str, port: int, prefix: str) -> list[str]:
    """Return the documented reading operations of the hub itself, or of one service below its prefix."""
    status, body = http_status(host, port, "GET", f"{prefix}/openapi.json", {})
    if status != OK:
        raise Unanswered(f"{prefix}/openapi.json {status}")
    return [prefix + path for path, operations in json.loads(body)["paths"].items() if "get" in operations]


def sizes(about: dict[str, Any]) -> dict[str, Any]:
    """Send a body beyond every limit and one that is nested too deep; read how each is refused."""
    host, port, path = about["address"], about["ports"]["hub"], about["body_door"]
    headers = {"Content-Type": "application/json"}
    deep = b"[" * 100_000 + b"]" * 100_000
    answers = {}
    for name, body in (("large", b'"' + b"a" * 2_000_000 + b'"'), ("deep", deep)):
        try:
            answers[name] = http_status(host, port, "POST", path, headers, body)[0]
        except (BrokenPipeError, ConnectionResetError):
            answers[name] = HUNG_UP
    answers["after"] = http_status(host, port, "GET", "/healthz", {})[0]
    return answers


def messages(about: dict[str, Any]) -> dict[str, Any]:
    """Try to subscribe to everything at the message server without credentials."""
    with socket.create_connection((about["address"], about["ports"]["nats"]), timeout=HTTP_SECONDS) as line:
        stream = line.makefile("rb")
        greeting = stream.readline().decode("utf-8", "replace")
        if not greeting.startswith("INFO "):
            raise Unanswered("不是 NATS / what answers is no NATS server")
        line.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB > 1\r\nPING\r\n')
        answer = stream.readline().decode("utf-8", "replace").strip()
    return {"answer": answer}


def certificate(about: dict[str, Any]) -> dict[str, Any]:
    """Shake hands with control: what it speaks, whether the workspace's own authority stands behind it, and until when."""
    host, port = about["control"], about["ports"]["control"]
    context = ssl.create_default_context(cafile=about["authority"])
    context.check_hostname = False
    with socket.create_connection((host, port), timeout=HTTP_SECONDS) as raw, context.wrap_socket(raw) as line:
        shown, spoken = line.getpeercert() or {}, line.version()
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode, old.maximum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_2
    try:
        with socket.create_connection((host, port), timeout=HTTP_SECONDS) as raw, old.wrap_socket(raw) as line:
            older = line.version()
    except (ssl.SSLError, ConnectionError):
        older = None
    return {"version": spoken, "older": older, "ends_at": int(ssl.cert_time_to_seconds(str(shown["notAfter"])))}


def secrets(about: dict[str, Any]) -> dict[str, Any]:
    """Search the site's own secrets, and any private key, in its logs and its pack; only names come back."""
    folder = Path(about["secrets"])
    values = {path.name: path.read_bytes().strip() for path in sorted(folder.iterdir()) if path.is_file()}
    values = {name: value for name, value in values.items() if len(value) >= SHORTEST_SECRET}
    if not values:
        raise Unanswered(f"没有可供查找的密钥 / no secrets to look for in {folder}")
    modes = [path.name for path in sorted(folder.iterdir()) if path.is_file() and path.stat().st_mode & 0o077]
    found, files = [], 0
    for path, content in _texts(about["searched"]):
        files += 1
        found += [{"file": path, "secret": name} for name, value in values.items() if value in content]
        if b"PRIVATE KEY-----" in content:
            found.append({"file": path, "secret": "private key"})
    return {"secrets": len(values), "files": files, "found": found, "readable_by_others": modes}


def people(about: dict[str, Any]) -> dict[str, Any]:
    """Search telephone and identity numbers in the site's logs; how many a file, never the numbers."""
    found, files = [], 0
    for path, content in _texts(about["searched"]):
        files += 1
        citizens = sum(1 for match in CITIZEN.finditer(content) if _checksum(match[0]))
        mobiles = len(MOBILE.findall(content))
        if citizens or mobiles:
            found.append({"file": path, "citizens": citizens, "mobiles": mobiles})
    return {"files": files, "found": found}


def _checksum(number: bytes) -> bool:
    total = sum(int(chr(digit)) * weight for digit, weight in zip(number, WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == chr(number[17]).upper()


def _texts(folders: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the end of every file below some folders, by a name that stays the same from run to run."""
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as stream:
                    stream.seek(max(0, path.stat().st_size - LOG_BYTES))
                    yield f"{Path(folder).name}/{path.relative_to(folder)}", stream.read()


PROBES = {
    "listeners": listeners, "integrity": integrity, "audit": audit, "doors": doors, "sizes": sizes, "messages": messages,
    "certificate": certificate, "secrets": secrets, "people": people,
}  # fmt: skip
