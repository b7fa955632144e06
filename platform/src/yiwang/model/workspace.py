"""What an operator's own folder says about itself in ``workspace.yaml``."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from yiwang.model.declared import Declared


class Profile(StrEnum):
    """How serious the workspace is. 用途。"""

    DEMO = "demo"
    PRODUCTION = "production"


class WorkspaceFile(Declared):
    """The content of workspace.yaml. 工作区文件。"""

    schema_: Literal[1] = Field(alias="schema")
    """Version of this format."""
    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)
    """Names the state folder; it must differ between workspaces of one machine."""
    profile: Profile
    """`demo` holds the trust ceremony unattended; `production` refuses a demonstration root."""
    tree: str = "sites/"
    """Folder of site files, relative to this file."""
    trust: str = "trust/"
    """Folder of the pinned root and of the keys this workspace holds, relative to this file."""
