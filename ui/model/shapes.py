"""Polygons over a picture, edited: points are pushed, put in, taken out; everything stays on the picture. No Qt."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

Point = tuple[float, float]
Polygon = tuple[Point, ...]
Polygons = tuple[Polygon, ...]
LEAST = 3  # points of a polygon


class Sort(str, Enum):
    """What a polygon says of its inside."""

    ROI = "roi"
    DONT_CARE = "dont_care"


@dataclass(frozen=True, slots=True)
class Shape:
    """One polygon, in pixels of the camera image."""

    sort: Sort
    points: Polygon

    @property
    def centre(self) -> Point:
        """The mean of its points, where it is taken to be moved as a whole."""
        return sum(x for x, _ in self.points) / len(self.points), sum(y for _, y in self.points) / len(self.points)


def polygons_from(told: Iterable[Iterable[tuple[float, float]]] | None) -> Polygons:
    """Polygons as JSON or TOML has them."""
    return tuple(tuple((float(x), float(y)) for x, y in polygon) for polygon in told or ())


def area_of(polygon: Polygon) -> float:
    """The area enclosed, in square pixels, by the shoelace formula."""
    following = polygon[1:] + polygon[:1]
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(polygon, following, strict=True))) / 2.0


def contains(polygon: Polygon, x: float, y: float) -> bool:
    """Whether a point lies inside, by crossings of a ray to the right."""
    inside = False
    for (ax, ay), (bx, by) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            inside = not inside
    return inside


def shapes_of(roi: Polygons, dont_care: Polygons) -> tuple[Shape, ...]:
    """Both sorts in one list, ROI first."""
    return (*(Shape(Sort.ROI, points) for points in roi), *(Shape(Sort.DONT_CARE, points) for points in dont_care))


class ShapeEditor:
    """Polygons and what is selected of them. ``point`` None: the whole polygon. ``drawing``: the points of one that is not closed yet."""

    def __init__(self) -> None:
        self.shapes: tuple[Shape, ...] = ()
        self.size = (0.0, 0.0)
        self.selected: int | None = None
        self.point: int | None = None
        self.drawing: Polygon | None = None
        self.sort = Sort.ROI
        self._dragging: Point | None = None

    @property
    def held(self) -> bool:
        """Whether the pointer has hold of something."""
        return self._dragging is not None

    def polygons(self, sort: Sort) -> Polygons:
        """Those of one sort."""
        return tuple(shape.points for shape in self.shapes if shape.sort is sort)

    def show(self, shapes: tuple[Shape, ...]) -> None:
        """Other polygons, from outside; the selection stays where it still fits."""
        self.shapes = shapes
        if self.selected is not None and self.selected >= len(shapes):
            self.selected = self.point = None
        if self.selected is not None and self.point is not None:
            self.point = min(self.point, len(shapes[self.selected].points) - 1)

    # ---- drawing

    def begin(self, sort: Sort) -> None:
        """Draw a new polygon, point by point."""
        self.sort, self.drawing = sort, ()
        self.selected = self.point = None

    def close(self) -> bool:
        """The polygon being drawn is done; whether it is one."""
        points, self.drawing = self.drawing or (), None
        return len(points) >= LEAST and area_of(points) > 0.0 and self._add(Shape(self.sort, points))

    def drop(self) -> None:
        """Draw no more; what is not closed is gone."""
        self.drawing = None

    def add_rectangle(self, sort: Sort, left: float, top: float, right: float, bottom: float) -> None:
        """A polygon to start from where there is no pointer."""
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        self._add(Shape(sort, tuple(self._kept(x, y) for x, y in corners)))

    def _add(self, shape: Shape) -> bool:
        """ROI polygons come first, so the new one stands behind the last of its sort."""
        self.shapes = shapes_of(*(self.polygons(sort) + ((shape.points,) if sort is shape.sort else ()) for sort in Sort))
        self.selected = max(i for i, other in enumerate(self.shapes) if other == shape)
        self.point = None
        return True

    # ---- pointer

    def press(self, x: float, y: float, reach: float) -> bool:
        """The pointer goes down at a place; ``reach`` is how far it may be off. Whether that took hold of something."""
        if self.drawing is not None:
            return self._draw(x, y, reach)
        found = self._nearest_handle(x, y, reach)
        if found is None:
            return False
        self.selected, self.point = found
        self._dragging = (x, y)
        return True

    def _draw(self, x: float, y: float, reach: float) -> bool:
        points = self.drawing or ()
        if len(points) >= LEAST and math.dist(points[0], (x, y)) <= reach:
            self.close()
        else:
            self.drawing = (*points, self._kept(x, y))
        return True

    def drag(self, x: float, y: float) -> bool:
        """The pointer moves while it is down; whether something moved with it."""
        if self._dragging is None or self.selected is None:
            return False
        shape = self.shapes[self.selected]
        if self.point is not None:
            self._put(_with_point(shape, self.point, self._kept(x, y)))
        else:
            self._move(shape, x - self._dragging[0], y - self._dragging[1])
        self._dragging = (x, y)
        return True

    def release(self) -> bool:
        """The pointer goes up; whether it had hold of something."""
        held, self._dragging = self._dragging is not None, None
        return held

    def select_at(self, x: float, y: float) -> None:
        """The smallest polygon around a place, as a whole; none where there is none."""
        around = [i for i, shape in enumerate(self.shapes) if contains(shape.points, x, y)]
        self.selected = min(around, key=lambda i: area_of(self.shapes[i].points), default=None)
        self.point = None

    def _nearest_handle(self, x: float, y: float, reach: float) -> tuple[int, int | None] | None:
        """A point of any polygon, or the centre of the selected one."""
        handles: list[tuple[float, int, int | None]] = [
            (math.dist(point, (x, y)), i, k) for i, shape in enumerate(self.shapes) for k, point in enumerate(shape.points)
        ]
        if self.selected is not None:
            handles.append((math.dist(self.shapes[self.selected].centre, (x, y)), self.selected, None))
        near = min(handles, key=lambda handle: handle[0], default=None)
        return (near[1], near[2]) if near is not None and near[0] <= reach else None

    # ---- keys

    def nudge(self, dx: float, dy: float) -> bool:
        """Push the selected point, or the whole polygon; whether there is one."""
        if self.selected is None:
            return False
        shape = self.shapes[self.selected]
        if self.point is None:
            self._move(shape, dx, dy)
        else:
            x, y = shape.points[self.point]
            self._put(_with_point(shape, self.point, self._kept(x + dx, y + dy)))
        return True

    def step(self, by: int) -> None:
        """Select the next point (``by`` 1) or the one before (-1); from a polygon's last point on to the next polygon."""
        places = [(i, k) for i, shape in enumerate(self.shapes) for k in range(len(shape.points))]
        if not places:
            return
        if self.selected is None or self.point is None:
            start = [i for i, _ in places].index(self.selected) if self.selected is not None else (0 if by > 0 else len(places) - 1)
            self.selected, self.point = places[start]
        else:
            self.selected, self.point = places[(places.index((self.selected, self.point)) + by) % len(places)]

    def insert(self) -> None:
        """A new point half way from the selected one to the next; selects it."""
        if self.selected is None:
            return
        shape, at = self.shapes[self.selected], self.point or 0
        (ax, ay), (bx, by) = shape.points[at], shape.points[(at + 1) % len(shape.points)]
        middle = ((ax + bx) / 2.0, (ay + by) / 2.0)
        self._put(replace(shape, points=(*shape.points[: at + 1], middle, *shape.points[at + 1 :])))
        self.point = at + 1

    def delete(self) -> None:
        """Take out the selected point; the whole polygon where none is selected, or too few would be left."""
        if self.selected is None:
            return
        shape = self.shapes[self.selected]
        if self.point is None or len(shape.points) <= LEAST:
            self.shapes = (*self.shapes[: self.selected], *self.shapes[self.selected + 1 :])
            self.selected = self.point = None
        else:
            self._put(replace(shape, points=(*shape.points[: self.point], *shape.points[self.point + 1 :])))
            self.point = min(self.point, len(shape.points) - 2)

    # ---- places

    def _kept(self, x: float, y: float) -> Point:
        """On the picture, to a tenth of a pixel."""
        width, height = self.size
        return round(min(max(x, 0.0), width), 1), round(min(max(y, 0.0), height), 1)

    def _move(self, shape: Shape, dx: float, dy: float) -> None:
        """As a whole, as far as the picture goes: its form stays."""
        dx = _within(dx, (x for x, _ in shape.points), self.size[0])
        dy = _within(dy, (y for _, y in shape.points), self.size[1])
        self._put(replace(shape, points=tuple((round(x + dx, 1), round(y + dy, 1)) for x, y in shape.points)))

    def _put(self, shape: Shape) -> None:
        if self.selected is not None:
            self.shapes = (*self.shapes[: self.selected], shape, *self.shapes[self.selected + 1 :])


def _with_point(shape: Shape, at: int, point: Point) -> Shape:
    return replace(shape, points=(*shape.points[:at], point, *shape.points[at + 1 :]))


def _within(by: float, values: Iterable[float], most: float) -> float:
    """So far can values be moved without leaving 0..``most``; one that is out already is not pushed farther out."""
    listed = list(values)
    return min(max(by, min(0.0, -min(listed))), max(0.0, most - max(listed)))
