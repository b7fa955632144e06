"""The service's own settings: plain data, each with its scope; the same in every site of a release."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

DIVISIONS_PACK: Final = "divisions-2023"
"""Folder of the content pack with the division tree."""
PASSWORD_LENGTH: Final = 10
"""Fewest characters of a password."""
PASSWORD_LIMIT: Final = 128
"""Most characters of a password, because hashing costs time."""
LOCKOUT_FAILURES: Final = 5
"""Wrong passwords in a row after which an account is closed for LOCKOUT."""
LOCKOUT: Final = timedelta(minutes=15)
TRIES_PER_MINUTE: Final = 120
"""Password tries that one client address may make a minute at one process."""
CODE_LIFETIME: Final = timedelta(seconds=60)
"""How long an authorisation code may be exchanged."""
FORM_LIFETIME: Final = timedelta(minutes=10)
"""How long a sign-in page may stay open."""
TOKEN_LIFETIME: Final = timedelta(minutes=15)
FLEET_TOKEN_LIFETIME: Final = timedelta(minutes=5)

SETTINGS: Final = (
    {"name": "divisions_pack", "scope": "release", "value": DIVISIONS_PACK, "title_zh": "区划内容包"},
    {"name": "password_length", "scope": "release", "value": PASSWORD_LENGTH, "title_zh": "密码最短长度"},
    {"name": "password_limit", "scope": "release", "value": PASSWORD_LIMIT, "title_zh": "密码最长长度"},
    {"name": "lockout_failures", "scope": "release", "value": LOCKOUT_FAILURES, "title_zh": "锁定前允许的失败次数"},
    {"name": "lockout_seconds", "scope": "release", "value": LOCKOUT.total_seconds(), "title_zh": "锁定时长"},
    {"name": "tries_per_minute", "scope": "release", "value": TRIES_PER_MINUTE, "title_zh": "每分钟登录尝试上限"},
    {"name": "code_seconds", "scope": "release", "value": CODE_LIFETIME.total_seconds(), "title_zh": "授权码有效期"},
    {"name": "token_seconds", "scope": "release", "value": TOKEN_LIFETIME.total_seconds(), "title_zh": "令牌有效期"},
)
