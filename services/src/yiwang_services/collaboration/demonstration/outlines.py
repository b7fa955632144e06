"""The middle of each county, from the topology of the boundaries pack (TopoJSON: quantised arcs, each a run of steps)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Point = tuple[float, float]


def middles(topology: Mapping[str, Any]) -> dict[str, Point]:
    """Return longitude and latitude of the middle of each county's extent, by code."""
    arcs = [decoded(arc, topology.get("transform")) for arc in topology["arcs"]]
    return {
        str(shape["id"]): _middle([point for index in _indices(shape["arcs"]) for point in arcs[index]])
        for shape in topology["objects"]["counties"]["geometries"]
    }


def decoded(arc: Sequence[Sequence[float]], transform: Mapping[str, Any] | None) -> list[Point]:
    """Return an arc's points in degrees."""
    if transform is None:
        return [(float(x), float(y)) for x, y in arc]
    scale, origin = transform["scale"], transform["translate"]
    x = y = 0.0
    points = []
    for step_x, step_y in arc:
        x, y = x + step_x, y + step_y
        points.append((x * scale[0] + origin[0], y * scale[1] + origin[1]))
    return points


def _indices(arcs: Any) -> Iterator[int]:
    """Yield every arc of nested rings; a negative number is an arc walked backwards."""
    for item in arcs:
        if isinstance(item, int):
            yield item if item >= 0 else ~item
        else:
            yield from _indices(item)


def _middle(points: Sequence[Point]) -> Point:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
