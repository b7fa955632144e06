"""Measure what each service adds to an idle hub's memory: one process, services loaded one after the other.

The first number is the hub without any service; each further one is what loading that service added, its content already in
the database. A library that two services share is counted with the first.
Run: python tests/bench/services.py
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from bench.footprint import pss_kib  # noqa: E402 - the path above makes it importable
from support.postgres import running  # noqa: E402
from support.site_lab import SERVICES, opening, settings_of  # noqa: E402

SITE, KIB = "441721", 1024


def measured(url: str, folder: Path) -> list[tuple[str, float]]:
    """Load a hub and its services in this process; return (name, MiB added)."""
    from yiwang_kit.app import create_hub, load_service
    from yiwang_kit.database import Database
    from yiwang_kit.runtime import build_runtime

    settings = settings_of(SITE, folder)
    runtime = build_runtime(settings, database=Database(url))
    hub = create_hub(settings, runtime=runtime, services={})
    found, before = [], 0.0

    def note(name: str) -> None:
        nonlocal before
        gc.collect()
        now = pss_kib(os.getpid()) / KIB
        found.append((name, now - before))
        before = now

    note("hub")
    kept = [hub]
    for name in SERVICES:
        kept.append(load_service(name, runtime))
        kept[-1].openapi()  # routes and their models are only built when somebody asks
        note(name)
    runtime.close()
    return found


def rows() -> list[tuple[str, str, str, str]]:
    """Measure in a process of its own; return (what, target, measured, command)."""
    from bench.orders import prepared

    with running() as server, tempfile.TemporaryDirectory(prefix="ywb-") as home:
        name = prepared(server)
        with opening(server, name, Path(home)) as open_site:
            site = open_site(SITE)  # content is loaded here, so that the child below only reads
            url = server.url(str(site.runtime.database.engine.url.database))
            words = [sys.executable, __file__, "--child", url, home]
            said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return [
        (f"memory of an idle hub, {'without services' if name == 'hub' else f'added by {name}'} (PSS)", "",
         f"{added:.1f} MiB", "`python tests/bench/services.py`")
        for name, added in json.loads(said)
    ]  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(measured(sys.argv[2], Path(sys.argv[3]))))
    else:
        for row in rows():
            print(" | ".join(row))
