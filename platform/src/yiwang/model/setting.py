"""Every setting declares its scope, because "the same everywhere" must not mean "the same port on every machine"."""

from __future__ import annotations

from enum import StrEnum

from yiwang.model.declared import Declared


class SettingScope(StrEnum):
    """How far a setting's value must be equal. 设置范围。"""

    RELEASE = "release"
    SITE = "site"
    SECRET = "secret"  # noqa: S105 - the name of a scope
    LOCAL = "local"


SCOPE_TITLES: dict[SettingScope, tuple[str, str]] = {
    SettingScope.RELEASE: ("全网一致", "equal everywhere"),
    SettingScope.SITE: ("与站点包一致", "equal to the signed site pack"),
    SettingScope.SECRET: ("密钥指纹证明", "proven by keyed fingerprint"),
    SettingScope.LOCAL: ("本机自定", "shown, never drift"),
}


class SettingSpec(Declared):
    """One setting of the hub, with its scope. 设置项。"""

    name: str
    """Path in settings.json, with dots; `[]` stands for each item of a list."""
    scope: SettingScope
    type: str
    title_zh: str
    title_en: str
