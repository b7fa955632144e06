"""The base of everything that people declare: frozen, without unknown keys, with the explanation under each field."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Declared(BaseModel):
    """A declared value. 声明。"""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Titled(Declared):
    """A declared thing that people see by name. 具名声明。"""

    name: str
    """Identifier in English ASCII; a word of the glossary."""
    title_zh: str
    title_en: str

    def title(self) -> str:
        """Return both titles, Chinese first."""
        return f"{self.title_zh} {self.title_en}"
