"""The one thread that lets time pass: silence, holds and deadlines become events; metadata is renewed before it expires."""

from __future__ import annotations

import threading
import time

from yiwang.control.context import Control

REFRESH_SECONDS = 3600.0


class Driver:
    """Ticks every half second until told to stop. 推广驱动。"""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="driver", daemon=True)
        self._refreshed = float("-inf")

    def start(self) -> None:
        """Begin ticking."""
        self._thread.start()

    def stop(self) -> None:
        """Stop and wait for the tick in progress."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.wait(self._control.kernel.settings.tick_seconds):
            self.tick()

    def tick(self) -> None:
        """Do one round; what fails is logged and tried again, because nobody else drives."""
        try:
            if self._control.rollouts.active():
                self._control.rollouts.tick()
            self._control.sites.write_contacts()
            self._refresh()
        except Exception as error:  # the driver must outlive a database that is away
            self._control.kernel.log.error("tick failed", error=f"{type(error).__name__}: {error}")

    def _refresh(self) -> None:
        now = time.monotonic()
        if now - self._refreshed >= REFRESH_SECONDS:
            self._control.kernel.ports.trust.refresh()
            self._refreshed = now
