"""Logs as JSON lines, with what identifies a citizen masked before it is written."""

from __future__ import annotations

import logging as stdlib_logging
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from yiwang_kit.settings import HubSettings

SECRET_KEYS = frozenset({"password", "token", "secret", "authorization", "cookie", "code", "verifier", "seed"})
MASK = "***"
_PHONE = re.compile(r"(?<!\d)(1\d{2})\d{4}(\d{4})(?!\d)")
_IDENTITY = re.compile(r"(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?![\dXx])")
_BEARER = re.compile(r"(?i)\b(bearer\s+)[\w.~+/-]+=*")
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+")


def mask_text(value: str) -> str:
    """Mask mobile numbers, resident identity numbers and tokens within a text."""
    value = _IDENTITY.sub(r"\1********\2", value)
    value = _PHONE.sub(r"\1****\2", value)
    return _TOKEN.sub(MASK, _BEARER.sub(rf"\1{MASK}", value))


def mask(value: Any) -> Any:
    """Mask a value of any shape; keys that name a secret lose their content whole."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {key: MASK if str(key).lower() in SECRET_KEYS else mask(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask(item) for item in value]
    return value


def _mask_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    masked = mask(dict(event))
    event.clear()
    event.update(masked)
    return event


def logger(settings: HubSettings, out: Any = None) -> Any:
    """Return this process's logger, bound to its site and release; `out` takes the lines, standard output unless given."""
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    if settings.log.format == "text":
        renderer = structlog.dev.ConsoleRenderer(colors=False)
    level = getattr(stdlib_logging, settings.log.level.upper())
    return structlog.wrap_logger(
        out or structlog.PrintLogger(),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask_event,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        site=settings.site.id,
        release=settings.release,
    )
