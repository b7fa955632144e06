"""What goes wrong on a real machine: flipped bytes, kill -9 of everything, tampered wheels, full disks. Each ends well or with a name."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.engines import traversable_folder
from support.handmade_wheel import make_wheel
from support.process_ground import ProcessGround, process_ground
from support.tiny_release import Shelf
from yiwang.errors import NotReady
from yiwang.model.proof import DriftKind
from yiwang.model.substrate import Phase
from yiwang.supervisor.record import start_ticks

RELEASE = "2026.11.0"


@pytest.fixture(scope="module")
def shelf() -> Iterator[Shelf]:
    with traversable_folder("yws") as folder:
        yield Shelf(folder)


@pytest.fixture(scope="module")
def ground(shelf: Shelf) -> Iterator[ProcessGround]:
    """One site for the module: every test leaves it as healthy as it found it."""
    with process_ground(shelf) as built:
        built.carry(built.desired(RELEASE))
        yield built


def flip(path: Path) -> None:
    """Change one bit in the middle of a file, also of one that runs: by a changed copy in its place."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    changed = path.with_name("changed")
    changed.write_bytes(content)
    changed.chmod(path.stat().st_mode)
    changed.replace(path)


def await_healthy(ground: ProcessGround, seconds: float) -> float:
    started = time.monotonic()
    while not ground.substrate.prove().healthy:
        assert time.monotonic() - started < seconds, ground.processes()
        time.sleep(0.05)
    return time.monotonic() - started


def test_one_flipped_byte_is_named_and_a_repeat_puts_it_right(ground: ProcessGround) -> None:
    desired, site = ground.desired(RELEASE), ground.substrate
    venv = site.paths.venv(RELEASE)
    module = next(venv.rglob("yiwang_kit/serve.py"))
    flip(module)
    (found,) = site.prove().drift
    assert found.kind is DriftKind.CHANGED
    assert found.path.endswith("yiwang_kit/serve.py")
    assert found.artefact.startswith("yiwang-")
    changed = ground.carry(desired)
    assert changed[Phase.STAGE]
    assert changed[Phase.SWITCH], "the process must load, and prove, what is installed now"
    assert site.prove().drift == ()


def test_a_staged_list_that_was_rewritten_to_fit_a_changed_file_is_itself_the_drift(ground: ProcessGround) -> None:
    desired, site = ground.desired(RELEASE), ground.substrate
    staged = site.paths.release(RELEASE) / "staged.json"
    staged.chmod(0o644)
    staged.write_text(staged.read_text(encoding="utf-8") + " ", encoding="utf-8")
    (found,) = site.prove().drift
    assert (found.path, found.kind) == ("staged.json", DriftKind.CHANGED)
    assert ground.carry(desired)[Phase.STAGE]
    assert site.prove().drift == ()


def test_a_hub_that_loaded_a_flipped_byte_is_replaced_by_the_repeat(ground: ProcessGround) -> None:
    site = ground.substrate
    module = next(site.paths.venv(RELEASE).rglob("yiwang_kit/__init__.py"))
    module.chmod(0o644)
    module.write_text("# not ours\n", encoding="utf-8")
    site.supervisor.ask("restart", name="hub")
    await_healthy(ground, 15)
    (process,) = site.prove().processes
    assert process.drift
    changed = ground.carry(ground.desired(RELEASE))
    assert changed[Phase.SWITCH]
    (process,) = site.prove().processes
    assert (process.drift, process.alive) == ((), True)


def test_a_byte_flipped_in_an_engine_is_named_and_put_right(ground: ProcessGround) -> None:
    site = ground.substrate
    flip(next(ground.state.engines.glob("nats-*")) / "bin" / "nats-server")
    file, process = site.prove().drift
    assert file.path.endswith("bin/nats-server")
    assert process.path == "process nats"
    ground.carry(ground.desired(RELEASE))
    assert site.prove().drift == ()


@pytest.mark.parametrize("name", ["hub", "nats", "postgres"])
def test_kill_nine_of_any_process_is_answered_within_five_seconds(ground: ProcessGround, name: str) -> None:
    old = ground.processes()[name]["pid"]
    os.kill(old, signal.SIGKILL)
    started = time.monotonic()
    while ground.processes()[name]["pid"] in (old, None) or ground.processes()[name]["state"] != "ready":
        assert time.monotonic() - started < 5
        time.sleep(0.05)
    assert await_healthy(ground, 5) < 5


def test_after_kill_nine_of_the_supervisor_a_start_goes_on_with_all_data(ground: ProcessGround) -> None:
    site = ground.substrate
    postgres = site._postgres(ground.desired(RELEASE))
    postgres.await_ready()
    postgres.sql("CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n", "hub")
    left = [process["pid"] for process in ground.processes().values()]
    os.kill(site.supervisor.ask("status")["pid"], signal.SIGKILL)
    assert site.supervisor.start(site.python)
    assert not [pid for pid in left if start_ticks(pid) is not None], "what was left behind runs beside the new one"
    assert site.supervisor.wait_ready(timeout=20) == []
    postgres.await_ready()
    assert postgres.sql("SELECT n FROM kept", "hub") == "7"
    assert not any(ground.carry(ground.desired(RELEASE)).values())


def test_a_wheel_that_changed_after_it_was_fetched_is_refused_by_name(shelf: Shelf) -> None:
    with process_ground(shelf) as fresh:
        desired = fresh.desired(RELEASE)
        fresh.substrate.run(desired, Phase.FETCH)
        wheels = fresh.substrate.paths.root / "releases" / RELEASE / "wheels"
        make_wheel(wheels, "yiwang", {"yiwang_kit/serve.py": "print('not ours')"})
        with pytest.raises(NotReady, match=r"(?s)yiwang.*[Hh]ash") as refused:
            fresh.substrate.run(desired, Phase.STAGE)
        assert "release verify" in refused.value.next
        assert fresh.substrate.facts().installed == ()


def test_a_disk_that_fills_up_during_the_installation_says_so_and_the_repeat_goes_on(shelf: Shelf) -> None:
    with process_ground(shelf) as fresh:
        desired = fresh.desired(RELEASE)
        fresh.substrate.run(desired, Phase.FETCH)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, hard))
        try:
            with pytest.raises(NotReady) as refused:
                fresh.substrate.run(desired, Phase.ENGINES)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, before)
        assert "engines" in str(refused.value)
        assert refused.value.next
        assert fresh.substrate.facts().engines == {}
        fresh.carry(desired)
        assert fresh.substrate.prove().healthy


def test_removing_a_site_leaves_no_process_and_no_file_of_it(shelf: Shelf) -> None:
    with process_ground(shelf) as fresh:
        fresh.carry(fresh.desired(RELEASE))
        pids = [process["pid"] for process in fresh.processes().values()]
        fresh.substrate.remove()
        assert not [pid for pid in pids if start_ticks(pid) is not None]
        assert not fresh.substrate.paths.root.exists()
        assert list(fresh.state.engines.iterdir()), "engines belong to the state folder, not to the site"
