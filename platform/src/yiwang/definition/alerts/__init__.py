"""Every alert: a module here with `ALERTS` is enough, nothing else lists it."""

from __future__ import annotations

import importlib
import pkgutil

from yiwang.model.monitoring import AlertSpec


def alerts() -> tuple[AlertSpec, ...]:
    """Return every declared alert, in the order of the modules' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(spec for name in names for spec in importlib.import_module(f"{__name__}.{name}").ALERTS)
