"""The hybrid key type ``ed25519+sm2`` for TUF, registered before any metadata is parsed.

A TUF threshold counts keys, not algorithms: with two plain keys, losing one algorithm would halve the threshold. So a
signer is *one* key with two halves, and a signature is valid only if both halves are. What was wrong with a signature
is remembered by key id, because TUF itself only counts, and a person needs to know which half of whose key is missing.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, cast

from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import (
    KEY_FOR_TYPE_AND_SCHEME,
    SIGNER_FOR_URI_SCHEME,
    Key,
    SecretsHandler,
    Signature,
    Signer,
)

from yiwang.model.release import canonical
from yiwang.model.trust import SigningContext
from yiwang_kit.crypto import HybridPrivateKey, HybridPublicKey

KEY_TYPE = "ed25519+sm2"
HALVES = ("ed25519", "sm2")
FILE_SCHEME = "yiwang-key"


def split_signature(text: str) -> dict[str, str]:
    """Return the halves of a signature as it stands in metadata: ``ed25519:<hex>,sm2:<hex>``."""
    parts = (half.partition(":") for half in text.split(","))
    return {name: value for name, separator, value in parts if separator and name in HALVES}


def join_signature(halves: dict[str, str]) -> str:
    """Return the text that metadata carries."""
    return ",".join(f"{name}:{halves[name]}" for name in HALVES)


class HybridKey(Key):
    """The public side of a hybrid signer. 混合公钥。"""

    failures: dict[str, str] = {}  # noqa: RUF012 - one memory for the process, read when TUF reports a count

    @classmethod
    def from_dict(cls, keyid: str, key_dict: dict[str, Any]) -> HybridKey:
        """Read a key from metadata, refusing one that lacks a half."""
        keytype, scheme, keyval = cls._from_dict(key_dict)
        missing = [half for half in HALVES if not isinstance(keyval.get(half), str)]
        if missing:
            raise ValueError(f"key {keyid[:12]} lacks its {' and '.join(missing)} half")
        return cls(keyid, keytype, scheme, keyval, key_dict)

    @classmethod
    def from_public(cls, public: HybridPublicKey) -> HybridKey:
        """Wrap a public key, with an id that follows from its content."""
        keyval = {half: public.to_json()[half] for half in HALVES}
        content = {"keytype": KEY_TYPE, "scheme": KEY_TYPE, "keyval": keyval}
        return cls(hashlib.sha256(canonical(content)).hexdigest(), KEY_TYPE, KEY_TYPE, keyval)

    def to_dict(self) -> dict[str, Any]:
        """Return the form that metadata carries."""
        return self._to_dict()

    def public(self) -> HybridPublicKey:
        """Return the key that verifies."""
        return HybridPublicKey.from_json(dict(self.keyval))

    def verify_signature(self, signature: Signature, data: bytes) -> None:
        """Verify both halves; remember by key id what was wrong."""
        problem = self._problem(split_signature(signature.signature), data)
        if problem is None:
            HybridKey.failures.pop(self.keyid, None)
            return
        HybridKey.failures[self.keyid] = problem
        raise UnverifiedSignatureError(f"key {self.keyid[:12]}: {problem}")

    def _problem(self, halves: dict[str, str], data: bytes) -> str | None:
        """Return what is wrong with a signature, or None."""
        missing = [half for half in HALVES if not halves.get(half)]
        if missing:
            return f"缺少签名的一半 / the {' and '.join(missing)} half of the signature is missing"
        return verify_halves(self.public(), data, halves, SigningContext.METADATA)


def verify_halves(key: HybridPublicKey, data: bytes, halves: dict[str, str], context: SigningContext) -> str | None:
    """Return why a hybrid signature is not valid, or None; every way of being wrong ends here, never in a trace."""
    try:
        valid = key.verify(data, halves, context.value)
    except Exception as error:  # a malformed signature is a refusal, whatever it breaks in the parser
        return f"签名无效 / the signature is not valid: {error}"
    return None if valid else "签名无效 / the signature is not valid"


class HybridSigner(Signer):
    """The private side, for TUF's own signing calls. 混合签名者。"""

    def __init__(self, private: HybridPrivateKey) -> None:
        self._private = private
        self._public = HybridKey.from_public(private.public_key())

    @property
    def public_key(self) -> HybridKey:
        """Return the key that metadata names."""
        return self._public

    @property
    def private(self) -> HybridPrivateKey:
        """Return the key itself, to sign what is no TUF metadata."""
        return self._private

    def sign(self, payload: bytes) -> Signature:
        """Sign metadata with both halves."""
        return Signature(self._public.keyid, join_signature(self._private.sign(payload, SigningContext.METADATA.value)))

    @classmethod
    def from_priv_key_uri(
        cls, priv_key_uri: str, public_key: Key, secrets_handler: SecretsHandler | None = None
    ) -> HybridSigner:
        """Open ``yiwang-key:<path>``; the file must hold the key that the caller expects."""
        del secrets_handler  # key files are guarded by their owner, not by a passphrase
        signer = cls.load(Path(priv_key_uri.partition(":")[2]))
        if signer.public_key.keyid != public_key.keyid:
            raise ValueError(f"{priv_key_uri} holds key {signer.public_key.keyid[:12]}, not {public_key.keyid[:12]}")
        return signer

    @classmethod
    def generate(cls) -> HybridSigner:
        """Make a new signer."""
        return cls(HybridPrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> HybridSigner:
        """Read a signer from a private key file."""
        return cls(HybridPrivateKey.from_json(cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))))

    def save(self, path: Path) -> None:
        """Write the private key where only its owner reads it; an existing one is never overwritten."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = _create_private(path)
        with open(descriptor, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor that was opened 0600
            json.dump(self._private.to_json(), stream, sort_keys=True)


def _create_private(path: Path) -> int:
    """Open a new file for its owner alone."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def register() -> None:
    """Make TUF understand hybrid keys; called when this package is imported, so before any parsing."""
    KEY_FOR_TYPE_AND_SCHEME[(KEY_TYPE, KEY_TYPE)] = HybridKey
    SIGNER_FOR_URI_SCHEME[FILE_SCHEME] = HybridSigner
