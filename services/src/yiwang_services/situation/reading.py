"""Reads a manifest's YAML strictly and remembers the line of everything in it.

Topics are written by people who are no programmers. What is wrong is named by line and key; a text that could mean two
things (a key twice, an alias, a tag) is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import yaml

LARGEST: Final = 64 * 1024
DEEPEST: Final = 12
PLAIN: Final = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null"))
Place = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong with a manifest, where, and what was expected. 清单错误。"""

    line: int
    place: str
    expected: str

    def json(self) -> dict[str, Any]:
        """Return the fault as one of the errors of an answer."""
        return {"field": self.place, "line": self.line, "expected": self.expected}

    def __str__(self) -> str:
        """Return the fault as a line of text."""
        return f"第 {self.line} 行 line {self.line}, {self.place or '-'}: {self.expected}"


class ManifestFault(Exception):
    """A manifest that cannot be taken; `faults` holds all of them. 清单无效。"""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults[:5]))
        self.faults = faults


@dataclass
class Document:
    """A manifest's content and the line of every key. 带行号的清单。"""

    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Place, int] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)

    def fault(self, place: Place, expected: str) -> Fault:
        """Return a fault at a key, or at the nearest thing around it."""
        known = place
        while known and known not in self.lines:
            known = known[:-1]
        return Fault(self.lines.get(known, 1), ".".join(str(part) for part in place), expected)


def read(text: str) -> Document:
    """Return a manifest's content. Raises ManifestFault."""
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        raise refused(1, f"不超过 {LARGEST // 1024} KiB / at most {LARGEST // 1024} KiB")
    document, root = Document(), composed(text)
    if not isinstance(root, yaml.MappingNode):
        raise refused(1, "应为“键: 值”的映射 / a mapping of `key: value` lines")
    document.data = mapping(document, root, ())
    return document


def refused(line: int, expected: str, place: str = "") -> ManifestFault:
    """Return the answer for a text that cannot even be read."""
    return ManifestFault([Fault(line, place, expected)])


def composed(text: str) -> yaml.Node | None:
    """Parse YAML into nodes. Raises ManifestFault where the parser stumbled."""
    try:
        refuse_depth(text)
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise refused(line, f"合法的 YAML / valid YAML ({error.problem})") from error
    except yaml.YAMLError as error:
        raise refused(1, "合法的 YAML / valid YAML: a character that has no place in text") from error


def refuse_depth(text: str) -> None:
    """Raise ManifestFault at the line where a text nests deeper than any manifest.

    The parser's events come one after the other; only putting nodes together is recursive, and ends with the stack.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        opens = isinstance(event, yaml.CollectionStartEvent)
        depth += opens - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise refused(line, f"至多 {DEEPEST} 层 / at most {DEEPEST} levels deep")


def mapping(document: Document, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
    """Return a mapping's content. Raises ManifestFault for a key that is no text or stands twice."""
    content: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key, line = key_node.value, key_node.start_mark.line + 1
        if key_node.tag != "tag:yaml.org,2002:str":
            raise refused(line, "键应为文本 / a key that is text")
        if key in content:
            first = document.lines[(*place, key)]
            raise refused(line, f"重复的键，首次在第 {first} 行 / the key stands already in line {first}", key)
        document.lines[(*place, key)] = line
        content[key] = value(document, value_node, (*place, key))
    return content


def value(document: Document, node: yaml.Node, place: Place) -> Any:
    """Return a node's content. Raises ManifestFault for what a plain file has no need of."""
    line = node.start_mark.line + 1
    document.lines.setdefault(place, line)
    if id(node) in document.seen or len(place) > DEEPEST:
        raise refused(line, "不用别名，不过深 / no aliases, no deep nesting", str(place[0]))
    document.seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return mapping(document, node, place)
    if isinstance(node, yaml.SequenceNode):
        return [value(document, item, (*place, index)) for index, item in enumerate(node.value)]
    if node.tag not in PLAIN:
        raise refused(line, "文本加引号 / text in quotes", str(place[0]))
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (ValueError, yaml.YAMLError) as error:
        raise refused(line, "文本加引号 / text in quotes", str(place[0])) from error
