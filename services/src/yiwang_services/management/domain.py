"""What management knows without a database: roles and their rights, duties kept apart, logins and passwords."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from functools import cache

from yiwang_services.management.settings import PASSWORD_LENGTH, PASSWORD_LIMIT

LOGIN = re.compile(r"^[a-z0-9][a-z0-9._-]{1,39}$")
ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
GENERATED_LENGTH = 16
NAME_LIMIT = 60
SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P, SCRYPT_MEMORY = 14, 8, 1, 64 * 1024 * 1024
QUICK_LOG_N = 4
"""For generated passwords of many people at once: 90 random bits need no stretching, and must be changed at once."""
SEPARATE_DUTIES = frozenset({"system", "security", "audit"})
"""Duties that one person may not hold together (三员分立)."""


@dataclass(frozen=True)
class Role:
    """What a post lets its holder do, and how far. 角色。

    `scope` is `unit` (the post's unit and those below) or `division` (the unit's division and those below).
    `delegates` is what the holder may pass on to others without being allowed to do it: who sets up posts for orders
    handles none.
    """

    code: str
    title_zh: str
    title_en: str
    duty: str
    scope: str
    permissions: tuple[str, ...]
    delegates: tuple[str, ...] = ()


def _orders(*verbs: str) -> tuple[str, ...]:
    return tuple(f"collaboration.order.{verb}" for verb in verbs)


MATTERS, FLEET = ("matter.matter.read",), ("fleet.matrix.read",)
FIGURES = ("indicator.value.read", "situation.topic.read")
ALARMS = ("situation.alarm.acknowledge",)
ADMINISTRATION = ("management.unit.read", "management.unit.edit", "management.user.read", "management.user.edit",
                  "management.grant.edit")  # fmt: skip
HANDLING = (*_orders("read", "dispose"), "collaboration.reporter.read", *MATTERS)
SITE_ROLES = (
    Role("registrar", "受理员", "registrar", "business", "division",
         (*_orders("read", "create", "accept"), "collaboration.reporter.read", *MATTERS, *FIGURES)),
    Role("dispatcher", "分拨员", "dispatcher", "business", "division",
         (*_orders("read", "dispatch", "hand_over"), *MATTERS, *FLEET, *FIGURES, *ALARMS, "indicator.value.submit")),
    Role("handler", "处置员", "handler", "business", "unit", HANDLING),
    Role("verifier", "核查员", "verifier", "business", "division",
         (*_orders("read", "verify", "close", "hand_back"), "collaboration.reporter.read", *MATTERS, *FIGURES)),
    Role("leader", "领导", "leader", "business", "division",
         (*_orders("read", "supervise", "arbitrate"), *MATTERS, *FLEET, *FIGURES, *ALARMS, "indicator.value.approve",
          "matter.matter.review")),
    Role("matter_editor", "事项管理员", "matter editor", "business", "division",
         (*MATTERS, "matter.matter.edit", *FIGURES, "indicator.definition.edit", "situation.topic.edit")),
    Role("unit_administrator", "单位管理员", "unit administrator", "system", "unit", ADMINISTRATION, HANDLING),
    Role("security", "安全管理员", "security officer", "security", "unit",
         ("management.user.read", "management.user.unlock", "management.session.revoke", "management.factor.reset", *FLEET)),
    Role("auditor", "审计员", "auditor", "audit", "unit",
         ("management.user.read", "management.audit.read", *FLEET)),
)  # fmt: skip
ADMINISTRATOR = Role("administrator", "管理员", "administrator", "system", "unit",
                     (*ADMINISTRATION, "kit.exchange.operate", *MATTERS, *FLEET),
                     tuple(sorted({name for role in SITE_ROLES for name in role.permissions})))  # fmt: skip
"""Passes on whatever any role holds, within the units of the post."""
ROLES = (*SITE_ROLES, ADMINISTRATOR)
BY_CODE = {role.code: role for role in ROLES}


def roles_digest() -> str:
    """Return what changes when a release changes a role."""
    return hashlib.sha256(repr(ROLES).encode()).hexdigest()


def duties_clash(held: set[str]) -> bool:
    """Return whether these duties may not be in one hand."""
    return len(held & SEPARATE_DUTIES) > 1


def password_fault(password: str, login: str) -> str | None:
    """Return what is wrong with a new password, Chinese first, or None."""
    if not PASSWORD_LENGTH <= len(password) <= PASSWORD_LIMIT:
        return f"密码长度应为 {PASSWORD_LENGTH} 至 {PASSWORD_LIMIT} 个字符 / {PASSWORD_LENGTH} to {PASSWORD_LIMIT} characters"
    if login.lower() in password.lower():
        return "密码不得包含登录名 / the password must not hold the login"
    if len(set(password)) < PASSWORD_LENGTH // 2:
        return "密码重复字符过多 / too few different characters"
    return None


def generate_password() -> str:
    """Return a password that is easy to read aloud and has 90 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(GENERATED_LENGTH))


def hash_password(password: str, *, log_n: int = SCRYPT_LOG_N) -> str:
    """Return a salted scrypt hash with its parameters, so that they can be raised later."""
    salt = secrets.token_bytes(16)
    made = _scrypt(password, salt, log_n, SCRYPT_R, SCRYPT_P)
    return f"scrypt${log_n}${SCRYPT_R}${SCRYPT_P}${salt.hex()}${made.hex()}"


def password_fits(password: str, stored: str | None) -> bool:
    """Return whether a password is the one; takes as long when nobody has that login."""
    _, log_n, r, p, salt, expected = (stored or nobodys_hash()).split("$")
    made = _scrypt(password[:PASSWORD_LIMIT], bytes.fromhex(salt), int(log_n), int(r), int(p))
    if int(log_n) < SCRYPT_LOG_N:  # a quick hash must not be told from others by its time
        _scrypt(password[:PASSWORD_LIMIT], bytes.fromhex(salt), SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P)
    return hmac.compare_digest(made.hex(), expected) and stored is not None


@cache
def nobodys_hash() -> str:
    """Return a hash that no password fits, to spend the same time on an unknown login."""
    return hash_password(secrets.token_urlsafe(32))


def _scrypt(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    text = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(text, salt=salt, n=1 << log_n, r=r, p=p, maxmem=SCRYPT_MEMORY, dklen=32)
