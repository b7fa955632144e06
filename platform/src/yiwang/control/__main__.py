"""Starts control: ``python -m yiwang.control --settings F``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from yiwang.adapters.release_code import ask
from yiwang.adapters.signing import CertificateAuthority, ensure_server_identity
from yiwang.adapters.tls import server_context
from yiwang.adapters.tls_front import Front
from yiwang.control.app import create_app
from yiwang.control.kernel import Kernel
from yiwang.control.local import ports, workspace_of
from yiwang.control.settings import ControlSettings, Tls, load_settings
from yiwang.errors import NotReady, YiwangError
from yiwang.model.trust import control_uri
from yiwang_kit.clock import SystemClock
from yiwang_kit.database import Database

RENEWAL_LOOK_SECONDS = 3600.0


def needed(settings: ControlSettings) -> Tls:
    """Return control's TLS settings. Raises NotReady where an older start left none."""
    if settings.tls is None:
        raise NotReady(
            what="管控设置缺少 TLS / the settings of control name no certificate", next="yiwang control start"
        )
    return settings.tls


@dataclass(frozen=True)
class Freshness:
    """Keeps control's certificate fresh while it runs; connections that are open stay. 证书续期。"""

    kernel: Kernel
    tls: Tls
    context: ssl.SSLContext

    def keep(self) -> None:
        """Renew the certificate at two thirds of its life, and show it to whoever connects from then on."""
        settings, now = self.kernel.settings, self.kernel.clock.now()
        authority = CertificateAuthority.open(self.tls.authority.parent, now=now, demo=False)
        name = control_uri(workspace_of(settings).id)
        if ensure_server_identity(self.tls.identity, authority, name=name, host=settings.listen.host, now=now):
            self.kernel.log.info("certificate renewed")
        self.context.load_cert_chain(self.tls.identity)  # a start beside this process may have renewed it, too


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM; return the exit code."""
    parser = argparse.ArgumentParser(prog="yiwang.control", description=__doc__)
    parser.add_argument("--settings", type=Path, required=True)
    try:
        kernel = open_kernel(parser.parse_args(argv).settings)
        needed(kernel.settings)
        app = create_app(kernel)
    except YiwangError as error:
        sys.stderr.write(f"{error}\n下一步 / next: {error.next}\n")
        return int(error.exit_code)
    listen, tls = kernel.settings.listen, needed(kernel.settings)
    server = Server(app, address=listen.host, port=tls.inner_port, interface=Interfaces.ASGI, log_access=False)
    context = server_context(tls.authority, tls.identity)
    front = Front(context, (listen.host, listen.port), (listen.host, tls.inner_port), kernel.channels)
    asyncio.run(_serve(server, front, Freshness(kernel, tls, context).keep))
    return 0


def open_kernel(path: Path) -> Kernel:
    """Return a kernel over a settings file."""
    settings = load_settings(path)
    clock = SystemClock()
    database = Database(settings.database.url())
    return Kernel(settings, database, ports(settings, clock.now, ask), clock)


async def _serve(server: Server, front: Front, renew: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, server.stop)
    await front.open()
    renewing = asyncio.create_task(_hourly(renew))
    try:
        await server.serve()
    finally:
        renewing.cancel()
        await front.close()


async def _hourly(renew: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(RENEWAL_LOOK_SECONDS)
        await asyncio.to_thread(renew)


if __name__ == "__main__":
    sys.exit(main())
