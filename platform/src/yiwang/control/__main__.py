"""Starts control: ``python -m yiwang.control --settings F``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from yiwang.adapters.release_code import ask
from yiwang.control.app import create_app
from yiwang.control.kernel import Kernel
from yiwang.control.local import ports
from yiwang.control.settings import load_settings
from yiwang.errors import YiwangError
from yiwang_kit.clock import SystemClock
from yiwang_kit.database import Database


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM; return the exit code."""
    parser = argparse.ArgumentParser(prog="yiwang.control", description=__doc__)
    parser.add_argument("--settings", type=Path, required=True)
    try:
        kernel = open_kernel(parser.parse_args(argv).settings)
        app = create_app(kernel)
    except YiwangError as error:
        sys.stderr.write(f"{error}\n下一步 / next: {error.next}\n")
        return int(error.exit_code)
    listen = kernel.settings.listen
    server = Server(app, address=listen.host, port=listen.port, interface=Interfaces.ASGI, log_access=False)
    asyncio.run(_serve(server))
    return 0


def open_kernel(path: Path) -> Kernel:
    """Return a kernel over a settings file."""
    settings = load_settings(path)
    clock = SystemClock()
    database = Database(settings.database.url())
    return Kernel(settings, database, ports(settings, clock.now, ask), clock)


async def _serve(server: Server) -> None:
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, server.stop)
    await server.serve()


if __name__ == "__main__":
    sys.exit(main())
