"""The parent's side: a probe in a process group of its own, killed whole at its deadline; no facts is an error."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from yiwang.model.inspection import Observation

OUTPUT_LIMIT = 8_000_000
COMMAND = (sys.executable, "-I", "-m", "yiwang.adapters.probes")


def observe(probe: str, about: Mapping[str, Any], seconds: float, command: Sequence[str] = COMMAND) -> Observation:
    """Run one probe to its end or its deadline; return its facts, or why there are none."""
    started = time.monotonic()
    request = json.dumps({"probe": probe, "about": dict(about)}).encode()
    try:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        return Observation(None, f"探针无法启动 / the probe did not start: {error}")
    try:
        out, err = child.communicate(request, timeout=seconds)
    except subprocess.TimeoutExpired:
        return Observation(None, f"超过 {seconds:.0f} 秒，已终止 / over its deadline, killed", _since(started))
    finally:
        _end(child)
    return _read(child.returncode, out, err, _since(started))


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill the whole group, whatever the probe started, and take its remains away."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()


def _read(code: int, out: bytes, err: bytes, milliseconds: int) -> Observation:
    """Return what a finished probe said; anything but our own JSON is an error."""
    if code != 0:
        said = err.decode("utf-8", "replace").strip().rpartition("\n")[2][:300]
        return Observation(None, f"探针崩溃 / the probe crashed ({code}): {said}", milliseconds)
    if len(out) > OUTPUT_LIMIT:
        return Observation(None, f"探针输出过大 / too much output: {len(out)} B", milliseconds)
    try:
        answer = json.loads(out.decode("utf-8"))
    except ValueError:
        return Observation(None, "探针输出无法读取 / the probe printed what is no answer", milliseconds)
    if not isinstance(answer, dict) or not isinstance(answer.get("facts"), dict):
        why = answer.get("error") if isinstance(answer, dict) else ""
        return Observation(None, str(why or "探针没有事实 / the probe brought no facts"), milliseconds)
    return Observation(answer["facts"], "", milliseconds)
