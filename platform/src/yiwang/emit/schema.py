"""JSON schema of the files that people write, for editors: the models say the shape, the distribution the choices."""

from __future__ import annotations

from typing import Any

from yiwang.definition.wording import EXPECTED
from yiwang.emit import Files, as_json
from yiwang.model.distribution import Distribution
from yiwang.model.site import SiteFile
from yiwang.model.workspace import WorkspaceFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def site_schema(distribution: Distribution) -> dict[str, Any]:
    """Return the schema of a site file."""
    schema = _schema(SiteFile.model_json_schema(by_alias=True), "站点文件 / a site file")
    fields = schema["properties"]
    fields["tier"]["enum"] = [tier.name for tier in distribution.tiers]
    fields["substrate"]["enum"] = [spec.name for spec in distribution.substrates]
    fields["cloud"]["enum"] = [spec.name for spec in distribution.clouds]
    fields["channel"]["enum"] = [spec.name for spec in distribution.channels]
    listed = next(branch for branch in fields["modules"]["anyOf"] if branch.get("type") == "array")
    listed["items"]["enum"] = [spec.name for spec in distribution.services]
    return schema


def workspace_schema() -> dict[str, Any]:
    """Return the schema of workspace.yaml."""
    return _schema(WorkspaceFile.model_json_schema(by_alias=True), "工作区文件 / workspace.yaml")


def schemas(distribution: Distribution) -> Files:
    """Return the schema files."""
    return {
        "docs/reference/site.schema.json": as_json(site_schema(distribution)),
        "docs/reference/workspace.schema.json": as_json(workspace_schema()),
    }


def _schema(schema: dict[str, Any], title: str) -> dict[str, Any]:
    """Return a schema with its dialect, a title for people, and what each key expects."""
    for name, field in schema["properties"].items():
        field.pop("title", None)
        field["markdownDescription"] = EXPECTED[name]
    schema.pop("description", None)
    return {"$schema": DIALECT, "title": title, **{key: value for key, value in schema.items() if key != "title"}}
