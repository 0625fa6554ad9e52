"""Outlines of defects: for each kind a field over the image, and from it the N highest pixels of where the kind can be.

A field is distance-like (about one unit a pixel, falling outwards), so that taking the N highest pixels gives a defect of exactly N
pixels whose rim is softened inwards alone: outside its outline a defective part equals the clean one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, exp, log, pi, sin, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.camera.simulator.ring import INNER, OUTER
from edge_inspector.camera.simulator.spec import DefectSpec, Kind, PartSpec
from edge_inspector.camera.simulator.surface import F32, Surface, f32, grid, noise
from edge_inspector.records import Mask

RIM = 0.6  # opacity of a defect's outermost pixels
SOFT = {Kind.STAIN: 3.0, Kind.DENT: 2.5}  # how far in from the rim a defect is soft, pixels
BURR_REACH = 0.05  # of the image side: how far a burr sticks out at most


@dataclass(frozen=True, slots=True)
class Shape:
    """``support`` bool (size, size) of n pixels and their opacity float32 (n,), 0..1; ``x``, ``y`` the middle in grid coordinates;
    ``radius`` of the circle of its area, pixels."""

    support: Mask
    opacity: F32
    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a defect is drawn: middle in grid coordinates, direction off the part (in cloth: of its warp; radians), radius of the circle of
    its area; for a ring, its own middle ``cx``, ``cy``, and whether the site belongs to its outer edge."""

    x: float
    y: float
    outward: float
    radius: float
    size: int
    cx: float = 0.0
    cy: float = 0.0
    outer: bool = True


def outline(defect: DefectSpec, spec: PartSpec, surface: Surface) -> Shape:
    """The shape of ``defect`` on the part: as many pixels as its area fraction says, at least one."""
    size = len(surface.part)
    area = max(1, round(defect.area_fraction * int(np.count_nonzero(surface.part))))
    site = _site(defect, spec, size, sqrt(area / pi))
    rng = np.random.default_rng(defect.seed)
    field = _FIELDS[defect.kind](defect, site, surface, rng)
    region = _region(defect.kind, surface)
    candidates = field[region]
    place = max(0, candidates.size - area)
    edge = max(np.partition(candidates, place)[place], -1e7)
    support = region & (field >= edge)
    depth = (field[support] - edge) * (1.0 / SOFT.get(defect.kind, 1.2))
    opacity = np.minimum(RIM + (1.0 - RIM) * depth, 1.0)
    return Shape(support, f32(opacity), site.x, site.y, site.radius)


def _region(kind: Kind, surface: Surface) -> Mask:
    """A burr is where the part is not, if the part has an edge in view; every other kind is on the part."""
    return ~surface.part if kind is Kind.BURR and surface.inside is not None else surface.part


def _site(defect: DefectSpec, spec: PartSpec, size: int, radius: float) -> _Site:
    if spec.product == "ring":
        return _ring_site(defect, spec, size, radius)
    margin = min(0.45, 0.04 + radius / size)  # the whole defect is in view
    x = (margin + (1.0 - 2.0 * margin) * defect.u - 0.5) * size
    y = (margin + (1.0 - 2.0 * margin) * defect.v - 0.5) * size
    return _Site(x, y, spec.pose.rotation, radius, size)


def _ring_site(defect: DefectSpec, spec: PartSpec, size: int, radius: float) -> _Site:
    """At angle ``u``; at radius ``v`` for what lies on the face, at the outer or inner edge for what needs an edge."""
    angle = 2.0 * pi * defect.u
    outer_edge = defect.v < 0.65
    if defect.kind in (Kind.BURR, Kind.MISSING_MATERIAL):
        at = OUTER if outer_edge else INNER
    else:
        at = INNER + 0.03 + (OUTER - INNER - 0.06) * defect.v
    at *= size * spec.pose.scale
    cx, cy = spec.pose.dx * size, spec.pose.dy * size
    x, y = cx + at * cos(angle), cy + at * sin(angle)
    return _Site(x, y, angle if outer_edge else angle + pi, radius, size, cx, cy, outer_edge)


def _offsets(site: _Site, angle: float) -> tuple[F32, F32]:
    """Pixels along ``angle`` and across it, from the site."""
    x, y = grid(site.size)
    dx, dy = x - site.x, y - site.y
    c, s = cos(angle), sin(angle)
    return dx * c + dy * s, dy * c - dx * s


def _ragged(site: _Site, rng: np.random.Generator, sigma: float, stream: int) -> F32:
    """Smooth noise for an outline; its blur grows with the image."""
    blur = sigma * site.size / 256
    return noise(site.size, (blur, blur), stream, (float(rng.random()), float(rng.random())))


def _ellipse(site: _Site, angle: float, aspect: float) -> F32:
    """Minus the distance from the site, drawn out along ``angle`` by ``aspect``, in pixels of the mean radius."""
    along, across = _offsets(site, angle)
    stretch = sqrt(aspect)
    return -f32(cv2.magnitude(along * (1.0 / stretch), across * stretch))


def _scratch(defect: DefectSpec, site: _Site, surface: Surface, rng: np.random.Generator) -> F32:
    """One bent line, or several beside each other where the area asks for more than a line a few pixels wide."""
    del surface
    area = pi * site.radius**2
    width = max(1.3, 0.28 * site.radius)
    length = min(area / width, 0.42 * site.size)
    count = min(24, max(1, round(area / (length * max(1.3, 0.011 * site.size)))))
    canvas = np.full((site.size, site.size), 255, dtype=np.uint8)
    for line in range(count):
        cv2.polylines(canvas, [_bent_line(site, defect.angle, length, 0.022 * sqrt(line), rng)], False, 0, 1, cv2.LINE_8, 4)
    distance = cv2.distanceTransform(canvas, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return -f32(distance) + 0.3 * _ragged(site, rng, 1.5, 961)


def _bent_line(site: _Site, angle: float, length: float, apart: float, rng: np.random.Generator) -> NDArray[np.int32]:
    """A gentle arc in 1/16 pixel, points (n, 1, 2); ``apart`` (of the image side) is how far it lies beside the first."""
    t = np.linspace(-0.5, 0.5, 24)
    turn = angle + rng.normal(0.0, 0.08) * (apart > 0.0)
    aside = rng.normal(0.0, 1.0) * apart * site.size
    along = t * length * rng.uniform(0.7, 1.0)
    across = aside + rng.uniform(-0.25, 0.25) * length * (t * t - 0.08)
    middle = (site.size - 1) / 2
    x = site.x + along * cos(turn) - across * sin(turn) + middle
    y = site.y + along * sin(turn) + across * cos(turn) + middle
    return np.round(np.stack([x, y], axis=1) * 16).astype(np.int32).reshape(-1, 1, 2)


def _dent(defect: DefectSpec, site: _Site, surface: Surface, rng: np.random.Generator) -> F32:
    """A smooth oval."""
    del surface
    return _ellipse(site, defect.angle, exp(float(rng.uniform(0.0, log(2.0)))))


def _stain(defect: DefectSpec, site: _Site, surface: Surface, rng: np.random.Generator) -> F32:
    """A blot with a ragged outline, in large ones with splashes beside it."""
    del surface
    rough = _ragged(site, rng, 6.0, 962) * (0.35 * site.radius) + _ragged(site, rng, 1.5, 963) * (0.06 * site.radius)
    return _ellipse(site, defect.angle, 1.0 + 0.6 * defect.strength) + rough


def _hole(defect: DefectSpec, site: _Site, surface: Surface, rng: np.random.Generator) -> F32:
    """Nearly round."""
    del surface
    return _ellipse(site, defect.angle, 1.0 + 0.2 * defect.strength) + _ragged(site, rng, 3.0, 964) * (0.04 * site.radius)


def _missing(defect: DefectSpec, site: _Site, surface: Surface, rng: np.random.Generator) -> F32:
    """A broken-out piece at the edge, wider than deep; in cloth, a patch bounded by its threads."""
    if surface.inside is None:
        along, across = _offsets(site, site.outward)
        stretch = 1.0 + defect.strength
        patch = -np.maximum(np.abs(along) / stretch, np.abs(across) * stretch)
        return f32(patch + _ragged(site, rng, 1.2, 965) * (0.08 * site.radius))
    rough = _ragged(site, rng, 4.0, 966) * (0.12 * site.radius) + _ragged(site, rng, 1.2, 967) * (0.05 * site.radius)
    return _ellipse(site, site.outward + pi / 2, 1.3 + defect.strength) + rough


def _burr(defect: DefectSpec, site: _Site, surface: Surface, rng: np.random.Generator) -> F32:
    """A jagged flash along the edge, outside it; on cloth, a pilled knot of fibre."""
    if surface.inside is None:
        rough = _ragged(site, rng, 2.2, 968) * (0.22 * site.radius)
        return _ellipse(site, defect.angle, 1.0 + 0.5 * defect.strength) + rough
    x, y = grid(site.size)
    dx, dy = x - site.cx, y - site.cy
    reach = min(BURR_REACH * site.size, 1.1 * site.radius)
    spread = max(0.8 * site.radius, pi * site.radius**2 / (2.2 * reach))
    away = cv2.magnitude(x - site.x, y - site.y) * (1.0 / spread)
    height = reach * cv2.exp(-(away * away)) * _teeth(dx, dy, rng)
    outside = cv2.magnitude(dx, dy) > (OUTER + INNER) / 2 * site.size
    nearby = height + surface.inside - 0.5 * away  # the bare edge far from the site comes last
    return f32(np.where(outside == site.outer, nearby, -1e8))


def _teeth(dx: F32, dy: F32, rng: np.random.Generator) -> F32:
    """A jagged height about 1 that changes along the ring's edge alone."""
    steps = 1024
    row = rng.standard_normal((1, steps), dtype=np.float32)
    smooth = cv2.GaussianBlur(row, (0, 0), sigmaX=3.0, borderType=cv2.BORDER_REFLECT).ravel()
    place = (cv2.phase(dx, dy) * (steps / (2.0 * pi))).astype(np.int32) % steps
    return f32(np.clip(1.0 + 0.4 * (smooth / smooth.std()), 0.15, 2.0)[place])


_FIELDS: dict[Kind, Callable[[DefectSpec, _Site, Surface, np.random.Generator], F32]] = {
    Kind.SCRATCH: _scratch,
    Kind.DENT: _dent,
    Kind.STAIN: _stain,
    Kind.HOLE: _hole,
    Kind.MISSING_MATERIAL: _missing,
    Kind.BURR: _burr,
}
