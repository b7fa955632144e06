"""The second factor: time-based codes (RFC 6238) and recovery codes, each good once.

The secret lies in the database sealed by a key of the site's secrets folder, so that a copy of the database alone lets
nobody in. The step of the last code that was taken is kept: a code seen over a shoulder is worth nothing afterwards.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyotp
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from yiwang_kit.crypto import sm4
from yiwang_services.management import tables as t
from yiwang_services.management.settings import RECOVERY_CODES

STEP_SECONDS, DIGITS = 30, 6
SKEW = 1
"""How many steps a telephone's clock may be off, either way."""
KEY_FILE, KEY_BYTES, PRIVATE_MODE = "second-factor-key", 32, 0o600
RECOVERY_ALPHABET, RECOVERY_PART = "abcdefghjkmnpqrstuvwxyz23456789", 5
NEVER = -1


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step of which this is the code, or None; looks at every step alike."""
    current = int(now.timestamp()) // STEP_SECONDS
    made = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)
    found = None
    for step in range(current - SKEW, current + SKEW + 1):
        if hmac.compare_digest(made.generate_otp(step).encode(), code.encode()):
            found = step
    return found


def uri(secret: str, login: str, site: str) -> str:
    """Return the address that a telephone reads as a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=f"一网统管 {site}")


def spaced(secret: str) -> str:
    """Return a secret in groups of four, to be typed by hand."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def tidy(code: str) -> str:
    """Return a code without the spaces that people put into it, in small letters."""
    return "".join(code.split()).lower()


def recovery_codes() -> list[str]:
    """Return fresh recovery codes of two groups, about 49 bits each."""
    return ["-".join(_group() for _ in range(2)) for _ in range(RECOVERY_CODES)]


def _group() -> str:
    return "".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(RECOVERY_PART))


def recovery_digest(person: UUID, code: str) -> str:
    """Return what is kept of a recovery code."""
    return hashlib.sha256(f"{person} {tidy(code)}".encode()).hexdigest()


class FactorKey:
    """Seals secrets under a key that never leaves the site's secrets folder. 第二因素密钥。"""

    def __init__(self, folder: Path) -> None:
        self._path = folder / KEY_FILE
        self._key: bytes | None = None

    def seal(self, secret: str) -> str:
        """Return a secret as the database keeps it."""
        return sm4.seal(self._load(), secret.encode()).hex()

    def unseal(self, sealed: str) -> str:
        """Return a secret. Raises Tampered where it was sealed under another key or changed."""
        return sm4.unseal(self._load(), bytes.fromhex(sealed)).decode()

    def _load(self) -> bytes:
        if self._key is None:
            if not self._path.exists():
                self._make()
            self._key = self._path.read_bytes()
        return self._key

    def _make(self) -> None:
        """Write a fresh key under a name of its own, then link it in place: of two makers, the first one wins."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(f".{KEY_FILE}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_MODE)
        with os.fdopen(descriptor, "wb") as out:
            out.write(os.urandom(KEY_BYTES))
            out.flush()
            os.fsync(out.fileno())
        try:
            self._path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()


class Factors:
    """Enrols, checks and removes second factors. 第二因素。"""

    def __init__(self, key: FactorKey) -> None:
        self._key = key

    def begin(self, session: Session, person: UUID, now: datetime) -> str:
        """Return a fresh secret to be confirmed; one that was confirmed stays until then."""
        secret = pyotp.random_base32()
        f = t.second_factor
        session.execute(delete(f).where(f.c.person == person))
        session.execute(insert(f).values(person=person, secret=self._key.seal(secret), confirmed_at=None, last_step=NEVER,
                                         created_at=now))  # fmt: skip
        return secret

    def begun(self, session: Session, person: UUID, now: datetime) -> str:
        """Return the secret that waits for its confirmation, or a fresh one."""
        row = self._row(session, person)
        return self.begin(session, person, now) if row is None or row.confirmed_at else self._key.unseal(row.secret)

    def confirm(self, session: Session, person: UUID, code: str, now: datetime) -> list[str] | None:
        """Switch the factor on where the code is right; return recovery codes, shown once, or None."""
        row = self._row(session, person)
        if row is None or row.confirmed_at is not None or not self._take(session, row, code, now):
            return None
        f = t.second_factor
        session.execute(update(f).where(f.c.person == person).values(confirmed_at=now))
        session.execute(update(t.person).where(t.person.c.id == person).values(factor_on=True))
        return self.renew_recovery(session, person)

    def check(self, session: Session, person: UUID, code: str, now: datetime) -> bool:
        """Take a code or a recovery code, once."""
        row = self._row(session, person)
        if row is None or row.confirmed_at is None:
            return False
        return self._take(session, row, code, now) or self._recover(session, person, code)

    def renew_recovery(self, session: Session, person: UUID) -> list[str]:
        """Put fresh recovery codes in the place of the old ones; return them."""
        codes, r = recovery_codes(), t.recovery_code
        session.execute(delete(r).where(r.c.person == person))
        session.execute(insert(r), [{"person": person, "digest": recovery_digest(person, code)} for code in codes])
        return codes

    def remove(self, session: Session, person: UUID) -> None:
        """Forget a factor with its recovery codes."""
        for table in (t.second_factor, t.recovery_code):
            session.execute(delete(table).where(table.c.person == person))
        session.execute(update(t.person).where(t.person.c.id == person).values(factor_on=False))

    def state(self, session: Session, person: UUID) -> dict[str, Any]:
        """Return whether a factor is off, begun or on, and how many recovery codes are left."""
        row, r = self._row(session, person), t.recovery_code
        left = session.execute(select(func.count()).select_from(r).where(r.c.person == person)).scalar_one()
        word = "off" if row is None else "on" if row.confirmed_at else "begun"
        return {"state": word, "recovery_left": int(left)}

    def _row(self, session: Session, person: UUID) -> Any:
        query = select(t.second_factor).where(t.second_factor.c.person == person).with_for_update()
        return session.execute(query).first()

    def _take(self, session: Session, row: Any, code: str, now: datetime) -> bool:
        step = step_of(self._key.unseal(row.secret), tidy(code), now)
        if step is None or step <= row.last_step:
            return False
        f = t.second_factor
        session.execute(update(f).where(f.c.person == row.person).values(last_step=step))
        return True

    def _recover(self, session: Session, person: UUID, code: str) -> bool:
        r = t.recovery_code
        held = select(r).where(r.c.person == person, r.c.digest == recovery_digest(person, code)).with_for_update()
        if session.execute(held).first() is None:
            return False
        session.execute(delete(r).where(r.c.person == person, r.c.digest == recovery_digest(person, code)))
        return True
