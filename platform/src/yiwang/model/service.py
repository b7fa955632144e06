"""What a service of the hub declares about itself; everything else about it is emitted from this."""

from __future__ import annotations

from pydantic import Field

from yiwang.model.declared import Titled


class ServiceSpec(Titled):
    """A service of the hub. 服务。"""

    name: str = Field(pattern=r"^[a-z]+$")
    """One word: package, role, schema and metric prefix."""
    summary_zh: str
    summary_en: str
    app: str
    """The bridge to the service's code: an import string, resolved in the hub and in tests/contract only."""
    roles: tuple[str, ...]
    """What `serve <role>` may be for this service."""
    tiers: tuple[str, ...]
    """Tiers at which it runs when a site says `modules: default`."""
    needs: tuple[str, ...] = ()
    """Services that must run at the same site."""
    content: tuple[str, ...] = ()
    """Content packs that it loads."""

    @property
    def package(self) -> str:
        """Return the import package of the service."""
        return self.app.split(":")[0].rsplit(".", 1)[0]

    @property
    def settings(self) -> str:
        """Return the module of the service's own settings."""
        return f"{self.package}.settings"

    @property
    def metrics(self) -> str:
        """Return the module of the service's own metrics."""
        return f"{self.package}.metrics"
