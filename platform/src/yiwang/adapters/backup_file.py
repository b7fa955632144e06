"""A backup as one file: a plain tar that is whole or not there, every member by digest, the list signed by the operator."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from yiwang.adapters import signing
from yiwang.adapters.files import make_folder, naming
from yiwang.errors import NotReady, Refused
from yiwang.model.backup import MANIFEST_MEMBER, SIGNATURE_MEMBER, BackupManifest, BackupMember
from yiwang.model.trust import HybridPublic, HybridSignature, SigningContext
from yiwang_kit.crypto import HybridPrivateKey

CHUNK = 1024 * 1024
MANIFEST_LIMIT = 4 * CHUNK
PRIVATE = 0o600


def member_of(path: Path, name: str) -> BackupMember:
    """Return a file's name inside the backup, its size and digest."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
            size += len(block)
    return BackupMember(path=name, size=size, sha256=digest.hexdigest())


def write_backup(target: Path, manifest: BackupManifest, files: Mapping[str, Path], key: HybridPrivateKey) -> None:
    """Write a backup, whole or not at all, readable by its owner alone. Raises NotReady where the disk gives out."""
    signature = signing.sign(key, manifest.canonical_bytes(), SigningContext.BACKUP)
    aside = target.with_name(f".{target.name}.new")
    make_folder(target.parent, mode=0o700)
    try:
        with naming(target), os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w") as archive:
                _put(archive, MANIFEST_MEMBER, manifest.canonical_bytes())
                _put(archive, SIGNATURE_MEMBER, signature.model_dump_json().encode())
                for name, path in files.items():
                    archive.add(path, name, recursive=False, filter=_anonymous)
            raw.flush()
            os.fsync(raw.fileno())
        with naming(target):
            aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def _put(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), PRIVATE
    archive.addfile(info, io.BytesIO(content))


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Keep this machine's users out of the file."""
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = PRIVATE
    return info


@dataclass
class OpenBackup:
    """A backup whose list of members is believed. 已验签的备份。"""

    path: Path
    manifest: BackupManifest
    archive: tarfile.TarFile

    def unpack(self, name: str, target: Path) -> Path:
        """Write one member to a file, checked by its digest. Raises Refused."""
        wanted = next(item for item in self.manifest.members if item.path == name)
        with _reading(self.path):
            source = self.archive.extractfile(name)
            if source is None:
                raise damaged(self.path, f"{name} 不是文件 / is no file")
            found = _copy(source, make_folder(target.parent) / target.name)
        if found != (wanted.size, wanted.sha256):
            target.unlink(missing_ok=True)
            raise damaged(self.path, f"{name} 与清单不符 / is not what was backed up")
        return target


@contextmanager
def open_backup(path: Path, believed: HybridPublic) -> Iterator[OpenBackup]:
    """Open a backup and verify who made its list. Raises NotReady (no such file), Refused (not ours, cut short)."""
    if not path.is_file():
        raise NotReady(what=f"没有此备份文件 / no such backup: {path}", next="yiwang backup SITE")
    with _reading(path), tarfile.open(path, mode="r:") as archive:
        manifest = _manifest(path, archive, believed)
        present = {info.name: info.size for info in archive.getmembers()}
        expected = {item.path: item.size for item in manifest.members}
        strange = {name for name in present if name not in (*expected, MANIFEST_MEMBER, SIGNATURE_MEMBER)}
        wrong = sorted(strange | {name for name, size in expected.items() if present.get(name) != size})
        if wrong:
            raise damaged(path, f"成员缺失或不符 / members are missing or differ: {', '.join(wrong[:5])}")
        yield OpenBackup(path, manifest, archive)


def _manifest(path: Path, archive: tarfile.TarFile, believed: HybridPublic) -> BackupManifest:
    try:
        manifest = BackupManifest.model_validate_json(_small(path, archive, MANIFEST_MEMBER))
        signature = HybridSignature.model_validate_json(_small(path, archive, SIGNATURE_MEMBER))
    except (ValidationError, ValueError, KeyError) as error:
        raise damaged(path, "没有可读的清单 / it has no readable list") from error
    signing.check(
        believed, manifest.canonical_bytes(), signature, SigningContext.BACKUP, f"备份 {path.name} / the backup"
    )
    return manifest


def _small(path: Path, archive: tarfile.TarFile, name: str) -> bytes:
    info = archive.getmember(name)
    source = archive.extractfile(info)
    if source is None or info.size > MANIFEST_LIMIT:
        raise damaged(path, f"{name} 过大 / is too large")
    return source.read()


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say of a file that ends too early, or is no archive, which one it is."""
    try:
        yield
    except (tarfile.TarError, EOFError) as error:
        raise damaged(path, f"不完整 / cut short or no backup: {error}") from error


def _copy(source: IO[bytes], target: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with naming(target), os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "wb") as file:
        while block := source.read(CHUNK):
            digest.update(block)
            size += len(block)
            file.write(block)
    return size, digest.hexdigest()


def damaged(path: Path, why: str) -> Refused:
    """Return the refusal of a file that is not the backup it was."""
    return Refused(rule=f"{path}: {why}; 未作任何改动 / nothing was touched", who="", next="ls -l; use another backup")
