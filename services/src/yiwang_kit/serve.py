"""Starts a role of the hub image: `serve all --settings F`, `serve migrate …`, `serve <service>:<command> …`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yiwang_kit import memory
from yiwang_kit.settings import HubSettings, SettingsError, load_settings

KIT = "kit"
EXIT_OK, EXIT_PROBLEM, EXIT_USAGE, EXIT_NOT_READY = 0, 1, 2, 4


class NotReady(Exception):
    """Something around this process is missing; says what and the next command. 环境未就绪。"""


def main(argv: Sequence[str] | None = None, boot_report: dict[str, Any] | None = None) -> int:
    """Run one role; return the exit code. `boot_report` is what boot.py found, None in development."""
    arguments, rest = parse(sys.argv[1:] if argv is None else list(argv))
    try:
        return run(load_settings(arguments.settings), arguments.role, rest, boot_report)
    except (SettingsError, NotReady) as error:
        print(error, file=sys.stderr)
        return EXIT_NOT_READY


def run(settings: HubSettings, role: str, rest: list[str], boot_report: dict[str, Any] | None) -> int:
    """Run a role with settings. Raises NotReady where the database or a file of the site is away."""
    from sqlalchemy.exc import OperationalError

    try:
        if role == "all":
            return serve(settings, boot_report)
        if role == "migrate":
            return migrate(settings)
        if ":" in role:
            return command(settings, role, rest)
    except OperationalError as error:
        said = str(error.orig).splitlines()[0]
        raise NotReady(f"数据库不可用 / the database cannot be reached: {said}. Next: yiwang status") from error
    except OSError as error:
        raise NotReady(f"{error.filename or ''}: {error.strerror}. Next: yiwang preflight") from error
    return usage(f"no such role: {role}. Next: serve all --settings FILE")


def usage(said: str) -> int:
    """Say what is wrong with the words given."""
    print(said, file=sys.stderr)
    return EXIT_USAGE


def parse(argv: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Read the command line; the leading word `serve` is optional, because boot.py passes it on."""
    parser = argparse.ArgumentParser(prog="serve", description=__doc__)
    parser.add_argument("role")
    parser.add_argument("--settings", type=Path, required=True)
    return parser.parse_known_args(argv[1:] if argv[:1] == ["serve"] else argv)


def serve(settings: HubSettings, boot_report: dict[str, Any] | None = None) -> int:
    """Serve the hub until SIGTERM; running requests end first."""
    refuse_taken_port(settings)
    memory.give_back()
    from granian.constants import HTTPModes, Interfaces
    from granian.errors import FatalError
    from granian.server.embed import Server

    from yiwang_kit.app import create_hub

    hub = create_hub(settings, boot=boot_report)
    server = Server(
        hub, address=settings.listen.host, port=settings.listen.port, interface=Interfaces.ASGI, http=HTTPModes.http1,
        websockets=False, log_access=False, log_enabled=False,
    )  # fmt: skip

    async def until_told() -> None:
        loop = asyncio.get_running_loop()
        for wanted in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(wanted, server.stop)
        await server.serve()

    try:
        asyncio.run(until_told())
    except FatalError:  # said in the log already, with its reason
        return EXIT_NOT_READY
    return EXIT_OK


def refuse_taken_port(settings: HubSettings) -> None:
    """Raise NotReady, naming the address, where somebody else listens; the server itself would say it less kindly."""
    address = (settings.listen.host, settings.listen.port)
    with socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            said = f"不能监听 / cannot listen on {address[0]}:{address[1]} ({error.strerror})"
            raise NotReady(f"{said}. Next: yiwang preflight") from error


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
    import structlog

    from yiwang_kit.app import service_module
    from yiwang_kit.logging import logger
    from yiwang_kit.runtime import build_runtime

    service, _, name = role.partition(":")
    if service != KIT and service not in settings.services:
        return usage(f"no such service here: {service}. There are: {', '.join([KIT, *settings.services])}")
    module = "yiwang_kit" if service == KIT else service_module(service)
    commands = importlib.import_module(f"{module}.commands").COMMANDS
    if name not in commands:
        return usage(f"no such command: {role}. There are: {', '.join(sorted(commands))}")
    runtime = build_runtime(settings, log=logger(settings, structlog.PrintLogger(sys.stderr)))  # data has stdout alone
    try:
        return int(commands[name](runtime, rest) or EXIT_OK)
    finally:
        runtime.close()


if __name__ == "__main__":
    sys.exit(main())
