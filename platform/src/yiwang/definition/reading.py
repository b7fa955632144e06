"""Reads a YAML file strictly and remembers where everything stands.

People edit site files by hand, at night. What they get wrong must be named by file, line, key and expectation, and a
file that could mean two things is refused: duplicate keys, aliases, tags and keys that are no text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from yiwang.definition.wording import wording
from yiwang.errors import DefinitionError

LARGEST_FILE = 64 * 1024
DEEPEST = 20
Place = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

_PLAIN = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null"))


@dataclass
class Document:
    """A file's content, and the line of every key in it. 带行号的文档。"""

    path: Path
    data: dict[str, Any]
    lines: dict[Place, int] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    """Identities of the nodes already read, to recognise an alias."""

    def line(self, place: Place) -> int:
        """Return the line of a key, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def error(self, place: Place, expectation: str, *, found: str = "", next: str | None = None) -> DefinitionError:
        """Return an error that points at a key of this file."""
        key = ".".join(str(part) for part in place)
        next = next or again(self.path)
        return DefinitionError(self.path, self.line(place), expectation, next, key=key, found=found)


def again(path: Path) -> str:
    """Return the command that judges a file once more."""
    return f"yiwang validate --tree {quote(str(path.parent))}"


def read_document(path: Path) -> Document:
    """Read a file whose top is a mapping. Raises DefinitionError."""
    document = Document(path, {})
    root = _compose(path, _text(path))
    if not isinstance(root, yaml.MappingNode):
        raise DefinitionError(path, 1, "应为“键: 值”的映射 / a mapping of `key: value` lines", "yiwang explain site")
    document.data = _mapping(document, root, ())
    return document


def validated(document: Document, model: type[M], *, next: str | None = None) -> M:
    """Return the document as a model. Raises DefinitionError with one problem and the others beside it."""
    try:
        return model.model_validate(document.data)
    except ValidationError as invalid:
        raise _first(_problems(document, model, invalid, next)) from invalid


def _problems(document: Document, model: type[M], invalid: ValidationError, next: str | None) -> list[DefinitionError]:
    """Return one problem a place, in the order of the file: a union reports the same place once per branch."""
    found: dict[Place, DefinitionError] = {}
    for detail in invalid.errors(include_url=False):
        place = _written(document, detail["loc"])
        expectation, seen = wording(model, detail)
        found.setdefault(place, document.error(place, expectation, found=seen, next=next))
    return sorted(found.values(), key=lambda problem: problem.line or 0)


def _first(problems: list[DefinitionError]) -> DefinitionError:
    """Return the first problem with the others beside it."""
    problems[0].others = tuple(problems[1:])
    return problems[0]


def _written(document: Document, loc: Place) -> Place:
    """Return the part of a location that the file really has; a missing key keeps its name."""
    place: Place = ()
    for part in loc:
        if (*place, part) not in document.lines and place:
            break
        place = (*place, part)
    return place


def _text(path: Path) -> str:
    """Return the file's text. Raises DefinitionError naming what is wrong with the bytes."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DefinitionError(
            path, None, "可读的文件 / a file that can be read", f"ls -l {path}", found=str(error.strerror)
        ) from error
    if len(data) > LARGEST_FILE:
        limit = f"不超过 {LARGEST_FILE // 1024} KiB / at most {LARGEST_FILE // 1024} KiB"
        raise DefinitionError(path, None, limit, "yiwang explain site", found=f"{len(data)} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DefinitionError(
            path, line, "UTF-8 编码 / UTF-8 text", f"iconv -f GB18030 -t UTF-8 {path}", found=error.reason
        ) from error


def _compose(path: Path, text: str) -> yaml.Node | None:
    """Parse YAML into nodes. Raises DefinitionError where the parser stumbled."""
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise DefinitionError(path, line, "合法的 YAML / valid YAML", again(path), found=str(error.problem)) from error
    except yaml.YAMLError as error:
        found = f"不允许的字符 / a character that has no place in text: {getattr(error, 'reason', error)}"
        line = text[: getattr(error, "position", 0)].count("\n") + 1
        raise DefinitionError(path, line, "合法的 YAML / valid YAML", again(path), found=found) from error
    except RecursionError as error:
        raise DefinitionError(
            path,
            1,
            f"至多 {DEEPEST} 层 / at most {DEEPEST} levels deep",
            "yiwang explain site",
            found="过深 / too deep",
        ) from error


def _mapping(document: Document, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
    """Return a mapping's content. Raises DefinitionError for a key that is no text or stands twice."""
    content: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key, line = key_node.value, key_node.start_mark.line + 1
        if key_node.tag != "tag:yaml.org,2002:str":
            raise DefinitionError(
                document.path, line, "文本键 / a key that is text", "yiwang explain site", found=_source(key_node)
            )
        if key in content:
            first = document.lines[(*place, key)]
            raise DefinitionError(
                document.path, line, "每个键只出现一次 / every key stands once", again(document.path), key=key,
                found=f"重复的键，首次在第 {first} 行 / the key stands already in line {first}",
            )  # fmt: skip
        document.lines[(*place, key)] = line
        content[key] = _value(document, value_node, (*place, key))
    return content


def _value(document: Document, node: yaml.Node, place: Place) -> Any:
    """Return any node's content. Raises DefinitionError for what a plain file has no need of."""
    document.lines.setdefault(place, node.start_mark.line + 1)
    if len(place) > DEEPEST or _is_shared(document, node):
        raise document.error(place, "不用别名，不过深 / no aliases, no deep nesting", found=_source(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(document, node, place)
    if isinstance(node, yaml.SequenceNode):
        return [_value(document, item, (*place, index)) for index, item in enumerate(node.value)]
    if node.tag not in _PLAIN:
        raise document.error(place, "文本加引号 / text in quotes", found=_source(node))
    return _scalar(document, node, place)


def _scalar(document: Document, node: yaml.Node, place: Place) -> Any:
    """Return a plain value; what looks like a number and is none is the writer's slip, not ours."""
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (ValueError, yaml.YAMLError) as error:
        raise document.error(place, "文本加引号 / text in quotes", found=_source(node)) from error


def _is_shared(document: Document, node: yaml.Node) -> bool:
    """Whether an alias led here a second time; ten of them could unfold into gigabytes."""
    known = id(node) in document.seen
    document.seen.add(id(node))
    return known


def _source(node: yaml.Node) -> str:
    """Return what the file says there, in short."""
    return f"{node.tag.rsplit(':', 1)[-1]} {str(node.value)[:40]!r}" if isinstance(node, yaml.ScalarNode) else "alias"
