"""What a site's database lets whom do: default passwords, weak ones, attributes of roles, grants, separated duties."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any

from yiwang.adapters.probes.asking import Unanswered, program

ROLES = (
    "SELECT coalesce(json_agg(json_build_object('name', rolname, 'login', rolcanlogin, 'super', rolsuper, 'bypass', "
    "rolbypassrls, 'replication', rolreplication, 'createdb', rolcreatedb)), '[]') FROM pg_roles WHERE rolname !~ '^pg_'"
)
GRANTS = (
    "SELECT coalesce(json_agg(table_schema || '.' || table_name || ' ' || privilege_type), '[]') FROM "
    "information_schema.role_table_grants WHERE grantee = 'PUBLIC' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
)
AUDIT_WRITERS = (
    "SELECT coalesce(json_agg(grantee || ' ' || privilege_type), '[]') FROM information_schema.role_table_grants "
    "WHERE table_schema = 'kit' AND table_name = 'audit' AND privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE') "
    "AND grantee <> (SELECT tableowner FROM pg_tables WHERE schemaname = 'kit' AND tablename = 'audit')"
)
VERIFIERS = "SELECT coalesce(json_agg(json_build_object('name', rolname, 'word', rolpassword)), '[]') FROM pg_authid WHERE rolcanlogin"
RULES = (
    "SELECT coalesce(json_agg(json_build_object('line', line_number, 'type', type, 'address', address, 'method', auth_method)), '[]') "
    "FROM pg_hba_file_rules"
)


def _ask(about: dict[str, Any], statement: str, database: str = "") -> Any:
    """Ask as the superuser whose password lies at the site; return JSON."""
    password = Path(about["secrets"], "postgres").read_text(encoding="utf-8").strip()
    words = [about["psql"], "-h", about["address"], "-p", str(about["ports"]["postgres"]), "-U", "postgres",
             "-d", database or about["database"], "-XAtq", "-v", "ON_ERROR_STOP=1"]  # fmt: skip
    return json.loads(
        program(words, stdin=statement, env={**os.environ, "PGPASSWORD": password, "PGCONNECT_TIMEOUT": "5"})
    )


def default_passwords(about: dict[str, Any]) -> dict[str, Any]:
    """Try the passwords that everybody tries first, and read where the database asks for none at all."""
    rules, opened = _ask(about, RULES), []
    for role, word in about["default_passwords"]:
        words = [about["psql"], "-h", about["address"], "-p", str(about["ports"]["postgres"]), "-U", role, "-d", "postgres",
                 "-w", "-XAtq", "-c", "SELECT 1"]  # fmt: skip
        env = {**os.environ, "PGPASSWORD": word, "PGCONNECT_TIMEOUT": "5"}
        if program(words, env=env, codes=(0, 2)).strip() == "1":
            opened.append(role)
    trusting = [rule for rule in rules if rule["method"] in ("trust", "password", "md5", "ident")]
    return {"tried": len(about["default_passwords"]), "opened": sorted(set(opened)), "trusting": trusting}


def weak_passwords(about: dict[str, Any]) -> dict[str, Any]:
    """Try a dictionary on a copy of the password verifiers; only the names of the weak come back."""
    roles, weak, unknown = _ask(about, VERIFIERS), [], []
    words = [*about["dictionary"], *(role["name"] for role in roles)]
    for role in roles:
        if role["word"] is None:
            continue
        if not str(role["word"]).startswith("SCRAM-SHA-256$"):
            unknown.append(role["name"])
        elif any(scram_is(str(role["word"]), word) for word in words):
            weak.append(role["name"])
    return {"roles": len(roles), "words": len(words), "weak": sorted(weak), "old_method": sorted(unknown)}


def scram_is(verifier: str, word: str) -> bool:
    """Return whether a word is the password of a SCRAM-SHA-256 verifier."""
    try:
        _, params, keys = verifier.split("$")
        rounds, _, salt = params.partition(":")
        stored = keys.partition(":")[0]
    except ValueError as error:
        raise Unanswered("口令校验值无法读取 / a password verifier of another shape") from error
    salted = hashlib.pbkdf2_hmac("sha256", word.encode(), base64.b64decode(salt), int(rounds))
    client = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(client).digest(), base64.b64decode(stored))


def roles(about: dict[str, Any]) -> dict[str, Any]:
    """Read the attributes of every role."""
    return {"roles": _ask(about, ROLES), "expected": about["superusers"]}


def grants(about: dict[str, Any]) -> dict[str, Any]:
    """Read what everybody may do, and who but the owner may change the audit trail."""
    return {"public": _ask(about, GRANTS), "audit_writers": _ask(about, AUDIT_WRITERS)}


def duties(about: dict[str, Any]) -> dict[str, Any]:
    """Read which separated duties each person really has through posts and grants."""
    return {"people": _ask(about, about["duties_sql"])}


PROBES = {
    "default_passwords": default_passwords, "weak_passwords": weak_passwords, "roles": roles, "grants": grants, "duties": duties,
}  # fmt: skip
