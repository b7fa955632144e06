"""Settings are read strictly: what is unknown or of the wrong kind is refused with its path and the next command."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from support.kit_lab import settings_of
from yiwang_kit.settings import SettingsError, load_settings, parse_settings

GOOD: dict[str, Any] = settings_of().model_dump(mode="json", by_alias=True)


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return good settings with one key set."""
    content = copy.deepcopy(GOOD)
    *way, last = path.split(".")
    inner = content
    for word in way:
        inner = inner[word]
    inner[last] = value
    return content


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("nope", 1), ("site.nope", 1), ("site.tier", "galaxy"), ("listen.port", "door"), ("schema", 2), ("services", "all"),
        ("database.port", None), ("log.level", "loud"), ("exchange.peers", [{"site": "1"}]), ("threads", []),
        ("sign_in", {"issuer": "x", "secret": "y"}),
    ],
)  # fmt: skip
def test_a_wrong_key_is_refused_with_its_path(path: str, value: Any) -> None:
    with pytest.raises(SettingsError, match="Next: yiwang render --check") as caught:
        parse_settings(changed(path, value))
    assert caught.value.where.startswith(path.split(".", maxsplit=1)[0])


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\x00"])
def test_a_file_that_holds_no_settings_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"settings\.json"):
        load_settings(file)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load_settings(tmp_path / "settings.json")


def test_good_settings_are_read_and_cannot_be_changed_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(GOOD), encoding="utf-8")
    settings = load_settings(file)
    assert settings == settings_of()
    with pytest.raises(ValueError, match="frozen"):
        settings.release = "other"  # type: ignore[misc]


def test_the_password_is_read_from_its_file_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss:/word\n", encoding="utf-8")
    settings = parse_settings(changed("database.password_file", str(tmp_path / "password")))
    assert settings.database.url() == "postgresql+psycopg://hub:p%40ss%3A%2Fword@-:1/hub"
    assert "p@ss" not in repr(settings)
