"""GeoReport v2 in its two forms: one set of plain values, written as JSON or as the XML of the published examples."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from fastapi import Response

MEDIA = {"json": "application/json; charset=utf-8", "xml": "application/xml; charset=utf-8"}
ITEMS = {
    "services": "service", "service_requests": "request", "attributes": "attribute", "values": "value",
    "errors": "error", "endpoints": "endpoint", "formats": "format",
}  # fmt: skip
"""What one entry of a list is called in XML."""
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML 1.0 cannot hold."""


def written(form: str, root: str, content: Any, status: int = 200) -> Response:
    """Return an answer; `root` names the XML element, JSON has none."""
    body = json.dumps(content, ensure_ascii=False).encode() if form == "json" else as_xml(root, content)
    return Response(body, status, media_type=MEDIA[form], headers={"Cache-Control": "no-store"})


def as_xml(root: str, content: Any) -> bytes:
    """Return the XML of a list or of one thing."""
    element = ElementTree.Element(root)
    fill(element, content)
    return bytes(ElementTree.tostring(element, encoding="utf-8", xml_declaration=True))


def fill(element: ElementTree.Element, content: Any) -> None:
    """Put a value into an element: a list as its entries, a mapping as its keys, anything else as text."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            fill(ElementTree.SubElement(element, name), value)
    elif isinstance(content, Sequence) and not isinstance(content, str):
        for value in content:
            fill(ElementTree.SubElement(element, ITEMS[element.tag]), value)
    elif content is not None:
        element.text = FORBIDDEN.sub("", str(content).lower() if isinstance(content, bool) else str(content))


def refused(form: str, status: int, description: str) -> Response:
    """Return an error as GeoReport v2 says it."""
    return written(form, "errors", [{"code": status, "description": description}], status)
