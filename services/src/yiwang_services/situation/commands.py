"""What operations do with topics from the command line: check a file, publish it; no code, no release needed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from yiwang_kit.runtime import Runtime
from yiwang_services.situation import manifest as manifests
from yiwang_services.situation import routes, store
from yiwang_services.situation.reading import ManifestFault

EXIT_INVALID, EXIT_USAGE = 3, 2
BY = "command line"


def topic(runtime: Runtime, words: Sequence[str]) -> int:
    """Check manifests (`check FILE…`) or publish them at this site (`publish FILE…`); each fault with file and line."""
    parser = argparse.ArgumentParser(prog="serve situation:topic")
    parser.add_argument("verb", choices=("check", "publish"))
    parser.add_argument("files", nargs="+", type=Path)
    asked = parser.parse_args(list(words))
    written: dict[str, str] = {}
    for path in asked.files:
        try:
            written[str(path)] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            print(f"{path}: 可读的 UTF-8 文件 / a readable UTF-8 file ({error}). Next: ls -l {path}", file=sys.stderr)
            return EXIT_USAGE
    if not all(fault_free(path, text) for path, text in written.items()):
        return EXIT_INVALID
    done = [published(runtime, text) for text in written.values()] if asked.verb == "publish" else []
    print(json.dumps({"checked": sorted(written), "published": done}, ensure_ascii=False))
    return 0


def fault_free(path: str, text: str) -> bool:
    """Say what is wrong with a file; return whether nothing is."""
    try:
        manifests.checked(text)
    except ManifestFault as fault:
        for one in fault.faults:
            print(f"{path}:{one.line}: {one.place or '-'}: {one.expected}", file=sys.stderr)
        print(f"Next: serve situation:topic check {path}", file=sys.stderr)
        return False
    return True


def published(runtime: Runtime, text: str) -> dict[str, object]:
    """Publish a manifest as the site's own; return its code and version."""
    _, data = manifests.checked(text)
    with runtime.database.transaction(store.SERVICE) as session:
        store.hold(session)
        number = store.publish(session, data, origin=store.LOCAL, by=BY, now=runtime.clock.now())
        routes.note(session, runtime, BY, "publish", data["topic"], number)
    return {"topic": data["topic"], "version": number}


COMMANDS: dict[str, Callable[[Runtime, Sequence[str]], int]] = {"topic": topic}
