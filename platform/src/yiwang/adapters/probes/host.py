"""What a machine says about itself: accounts, SSH, pending security updates, and whether its cryptography is right."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

from yiwang.adapters.probes.asking import Unanswered, program

LISTS = Path("/var/lib/apt/lists")


def accounts(about: dict[str, Any]) -> dict[str, Any]:
    """Read accounts and the kind of their password hash; the hash itself never leaves this function."""
    passwd = Path(about.get("passwd", "/etc/passwd")).read_text(encoding="utf-8")
    shadow = Path(about.get("shadow", "/etc/shadow")).read_text(encoding="utf-8")
    kinds = {name: hash_kind(word) for name, word, *_ in (line.split(":") for line in shadow.splitlines() if line)}
    rows = [line.split(":") for line in passwd.splitlines() if line]
    return {"accounts": [{"name": row[0], "uid": int(row[2]), "hash": kinds.get(row[0], "none")} for row in rows]}


def hash_kind(word: str) -> str:
    """Return how a password is kept: locked, empty, or the name of its method."""
    if not word:
        return "empty"
    if word[0] in "!*":
        return "locked"
    found = re.match(r"\$([0-9a-z]+)\$", word)
    return found[1] if found else "des"


def ssh(about: dict[str, Any]) -> dict[str, Any]:
    """Ask the SSH server for its effective configuration; a machine without one has nothing to ask."""
    server = shutil.which("sshd", path=about.get("path", "/usr/sbin:/usr/local/sbin:/usr/bin"))
    if server is None:
        if Path(about.get("folder", "/etc/ssh/sshd_config")).exists():
            raise Unanswered("有 sshd 配置而无 sshd 程序 / sshd is configured, but its program is missing")
        return {"not_applicable": "没有 SSH 服务 / no SSH server is installed (no-ssh-server)"}
    pairs = (line.partition(" ") for line in program([server, "-T"]).splitlines())
    return {"effective": {name: value for name, _, value in pairs}}


def updates(_: dict[str, Any]) -> dict[str, Any]:
    """Ask the package manager which security updates are pending, and how old its lists are."""
    said = program(["apt-get", "-s", "-o", "Debug::NoLocking=1", "dist-upgrade"])
    lists = [int(path.stat().st_mtime) for path in LISTS.glob("*Packages*")]
    if not lists:
        raise Unanswered("没有软件包索引 / no package lists. Next: apt-get update")
    pending = sorted({row.split()[1] for row in said.splitlines() if row.startswith("Inst ") and "ecurity" in row})
    return {"pending": pending, "lists_at": max(lists)}


def cryptography(_: dict[str, Any]) -> dict[str, Any]:
    """Compute what the standards print as examples: SM3 of `abc`, and one SM4 block."""
    try:
        digest = hashlib.new("sm3", b"abc").hexdigest()
    except ValueError as error:
        raise Unanswered(f"SM3: {error}") from error
    block = "0123456789abcdeffedcba9876543210"
    words = ["openssl", "enc", "-sm4-ecb", "-nopad", "-K", block, "-in", "/dev/stdin", "-a", "-A"]
    made = program(
        [
            "sh",
            "-c",
            'printf "\\001\\043\\105\\147\\211\\253\\315\\357\\376\\334\\272\\230\\166\\124\\062\\020" | '
            + " ".join(words),
        ]
    )
    return {"sm3_abc": digest, "sm4_block": made.strip()}


PROBES = {"accounts": accounts, "ssh": ssh, "updates": updates, "cryptography": cryptography}
