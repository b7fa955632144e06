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
PASSWORD_HISTORY: Final = 5
"""How many earlier passwords may not come back."""
PASSWORD_DAYS: Final = 180
"""After how many days a password must be changed; 0 for never."""
LOCKOUT_FAILURES: Final = 5
"""Wrong tries in a row after which a login is closed for LOCKOUT; each further time for twice as long."""
LOCKOUT: Final = timedelta(minutes=15)
ADDRESS_FAILURES: Final = 30
"""Wrong tries from one address after which it waits for ADDRESS_LOCKOUT; each further time twice as long."""
ADDRESS_LOCKOUT: Final = timedelta(minutes=1)
LOCKOUT_LONGEST: Final = timedelta(hours=24)
"""However often: a login or an address waits no longer than this."""
TRIES_KEPT: Final = timedelta(hours=24)
"""Wrong tries are forgotten after this time without a further one."""
SECOND_STEP: Final = timedelta(minutes=5)
"""How long the page that asks for the second factor may stay open."""
RECOVERY_CODES: Final = 10
IMPORT_BYTES: Final = 10 * 1024 * 1024
"""Largest workbook that is taken in."""
IMPORT_ROWS: Final = 20_000
EXPORT_ROWS: Final = 50_000
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
    {
        "name": "lockout_longest_seconds",
        "scope": "release",
        "value": LOCKOUT_LONGEST.total_seconds(),
        "title_zh": "最长锁定时长",
    },
    {
        "name": "address_failures",
        "scope": "release",
        "value": ADDRESS_FAILURES,
        "title_zh": "同一地址锁定前允许的失败次数",
    },
    {"name": "password_history", "scope": "release", "value": PASSWORD_HISTORY, "title_zh": "不得重复的历史密码个数"},
    {"name": "password_days", "scope": "release", "value": PASSWORD_DAYS, "title_zh": "密码有效天数（0 为不限）"},
    {"name": "recovery_codes", "scope": "release", "value": RECOVERY_CODES, "title_zh": "恢复码个数"},
    {"name": "import_bytes", "scope": "release", "value": IMPORT_BYTES, "title_zh": "导入文件大小上限"},
    {"name": "import_rows", "scope": "release", "value": IMPORT_ROWS, "title_zh": "导入行数上限"},
    {"name": "export_rows", "scope": "release", "value": EXPORT_ROWS, "title_zh": "导出行数上限"},
    {"name": "tries_per_minute", "scope": "release", "value": TRIES_PER_MINUTE, "title_zh": "每分钟登录尝试上限"},
    {"name": "code_seconds", "scope": "release", "value": CODE_LIFETIME.total_seconds(), "title_zh": "授权码有效期"},
    {"name": "token_seconds", "scope": "release", "value": TOKEN_LIFETIME.total_seconds(), "title_zh": "令牌有效期"},
)
