"""Process tables: what the supervisor of a site, and that of control, keeps alive and in which order."""

from __future__ import annotations

from typing import Any

from yiwang.emit.context import ControlContext, SiteContext
from yiwang.model.distribution import Distribution
from yiwang.model.paths import InstallationPaths
from yiwang.model.site import Site

Process = dict[str, Any]


def site_processes(distribution: Distribution, site: Site, context: SiteContext) -> dict[str, Any]:
    """Return the table of a site: database, messages, hub."""
    paths, address = context.paths, context.addresses[site.id]
    postgres = _postgres(distribution, paths, address, context.database_system_user)
    return {"schema": 1, "processes": [postgres, _nats(distribution, site, context), _hub(distribution, site, context)]}


def control_processes(distribution: Distribution, context: ControlContext) -> dict[str, Any]:
    """Return the table of control: its own database, and control."""
    paths = context.paths
    postgres = _postgres(distribution, paths, context.address, context.database_system_user)
    argv = [context.python, "-I", "-m", "yiwang.control", "--settings", context.settings]
    ready = {"kind": "http", "url": f"http://{context.address}:{distribution.port('control-inner')}/readyz"}
    control = _process(distribution, paths, "control", argv, ready=ready, after=["postgres"])
    return {"schema": 1, "processes": [postgres, control]}


def monitoring_processes(
    distribution: Distribution, paths: InstallationPaths, address: str, prometheus: str, alertmanager: str
) -> dict[str, Any]:
    """Return the table of monitoring: Prometheus with two weeks of data, and Alertmanager alone, both on loopback."""
    metrics, alarms = (f"{address}:{distribution.port(name)}" for name in ("prometheus", "alertmanager"))
    data = paths.root / "data"
    argv = [
        prometheus, f"--config.file={paths.root / 'prometheus.yml'}", f"--storage.tsdb.path={data / 'prometheus'}",
        "--storage.tsdb.retention.time=15d", f"--web.listen-address={metrics}", "--web.enable-lifecycle",
    ]  # fmt: skip
    keeper = [
        alertmanager, f"--config.file={paths.root / 'alertmanager.yml'}", f"--storage.path={data / 'alertmanager'}",
        f"--web.listen-address={alarms}", "--cluster.listen-address=",
    ]  # fmt: skip
    ready = {"kind": "http", "url": f"http://{metrics}/-/ready"}
    alive = {"kind": "http", "url": f"http://{alarms}/-/ready"}
    return {"schema": 1, "processes": [
        _process(distribution, paths, "alertmanager", keeper, ready=alive),
        _process(distribution, paths, "prometheus", argv, ready=ready, after=["alertmanager"]),
    ]}  # fmt: skip


def _postgres(distribution: Distribution, paths: InstallationPaths, address: str, user: str | None) -> Process:
    """Return the database: it listens on the installation's own address and in its short socket folder."""
    engine, port = distribution.engine("postgres"), distribution.port("postgres")
    binary = paths.engine(engine.folder) / engine.bin / "postgres"
    argv = [str(binary), "-D", str(paths.pg), "-h", address, "-p", str(port), "-k", str(paths.runtime)]
    for name, value in engine.server.items():
        argv += ["-c", f"{name}={value}"]
    ready = {"kind": "tcp", "host": address, "port": port}
    return _process(distribution, paths, "postgres", argv, ready=ready, signal="INT", user=user)


def _nats(distribution: Distribution, site: Site, context: SiteContext) -> Process:
    """Return the message server; its configuration is composed at the site."""
    engine, paths = distribution.engine("nats"), context.paths
    binary = paths.engine(engine.folder) / engine.bin / "nats-server"
    ready = {"kind": "tcp", "host": context.addresses[site.id], "port": distribution.port("nats")}
    return _process(distribution, paths, "nats", [str(binary), "-c", str(paths.nats / "nats.conf")], ready=ready)


def _hub(distribution: Distribution, site: Site, context: SiteContext) -> Process:
    """Return the hub: it hashes its release before it imports any of it."""
    paths, release = context.paths, context.release
    interpreter, settings = paths.venv(release) / "bin" / "python", paths.pack(release) / "settings.json"
    argv = [str(interpreter), "-I", "-S", "-B", str(paths.boot(release)), "serve", "all", "--settings", str(settings)]
    ready = {"kind": "http", "url": f"http://{context.addresses[site.id]}:{distribution.port('hub')}/readyz"}
    environment = {"YIWANG_BOOT_REPORT": str(paths.boot_report(release))}
    after = ["postgres", "nats"]
    return _process(distribution, paths, "hub", argv, ready=ready, after=after, env=environment)


def _process(
    distribution: Distribution,
    paths: InstallationPaths,
    name: str,
    argv: list[str],
    *,
    ready: dict[str, Any],
    signal: str = "TERM",
    user: str | None = None,
    after: list[str] | None = None,
    env: dict[str, str] | None = None,
) -> Process:
    """Return one entry of a table, in the form that the supervisor reads."""
    return {
        "name": name,
        "argv": argv,
        "env": env or {},
        "cwd": str(paths.root),
        "user": user,
        "stop_signal": signal,
        "stop_seconds": distribution.hub.stop_seconds,
        "ready": ready,
        "after": after or [],
        "log": str(paths.log / f"{name}.log"),
    }
