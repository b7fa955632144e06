"""Starts a role of the hub image: `serve all --settings F`, `serve migrate …`, `serve <service>:<command> …`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yiwang_kit.settings import HubSettings, SettingsError, load_settings

EXIT_OK, EXIT_PROBLEM, EXIT_USAGE, EXIT_NOT_READY = 0, 1, 2, 4


def main(argv: Sequence[str] | None = None, boot_report: dict[str, Any] | None = None) -> int:
    """Run one role; return the exit code. `boot_report` is what boot.py found, None in development."""
    del boot_report  # it lies where the agent reads it; the hub serves the same whatever it says
    arguments, rest = parse(sys.argv[1:] if argv is None else list(argv))
    try:
        settings = load_settings(arguments.settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_NOT_READY
    if arguments.role == "all":
        return serve(settings)
    if arguments.role == "migrate":
        return migrate(settings)
    if ":" in arguments.role:
        return command(settings, arguments.role, rest)
    print(f"no such role: {arguments.role}. Next: serve all --settings FILE", file=sys.stderr)
    return EXIT_USAGE


def parse(argv: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Read the command line; the leading word `serve` is optional, because boot.py passes it on."""
    parser = argparse.ArgumentParser(prog="serve", description=__doc__)
    parser.add_argument("role")
    parser.add_argument("--settings", type=Path, required=True)
    return parser.parse_known_args(argv[1:] if argv[:1] == ["serve"] else argv)


def serve(settings: HubSettings) -> int:
    """Serve the hub until SIGTERM; running requests end first."""
    from granian.constants import Interfaces
    from granian.server.embed import Server

    from yiwang_kit.app import create_hub

    hub = create_hub(settings)
    server = Server(
        hub, address=settings.listen.host, port=settings.listen.port, interface=Interfaces.ASGI, log_access=False
    )

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for wanted in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(wanted, server.stop)
        await server.serve()

    asyncio.run(run())
    return EXIT_OK


def migrate(settings: HubSettings) -> int:
    """Bring every schema to its head; print what ran as JSON."""
    from yiwang_kit import migrations
    from yiwang_kit.app import packages
    from yiwang_kit.database import Database

    database = Database(settings.database, pool_size=1)
    try:
        applied = migrations.migrate(database, packages(settings))
    finally:
        database.dispose()
    print(json.dumps({"applied": [f"{step.package}:{step.revision}" for step in applied]}))
    return EXIT_OK


def command(settings: HubSettings, role: str, rest: list[str]) -> int:
    """Run `<service>:<command>` of a service's COMMANDS table with a runtime and the words that follow."""
    from yiwang_kit.app import service_module
    from yiwang_kit.runtime import build_runtime

    service, _, name = role.partition(":")
    module = importlib.import_module(f"{service_module(service)}.commands")
    if name not in module.COMMANDS:
        print(f"no such command: {role}. There are: {', '.join(sorted(module.COMMANDS))}", file=sys.stderr)
        return EXIT_USAGE
    runtime = build_runtime(settings)
    try:
        return int(module.COMMANDS[name](runtime, rest) or EXIT_OK)
    finally:
        runtime.close()


if __name__ == "__main__":
    sys.exit(main())
