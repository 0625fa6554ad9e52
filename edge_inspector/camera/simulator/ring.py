"""A face-turned steel ring with chamfers, a recess and a keyway on a dark belt, seen from above.

Shaded from a radial profile: its slope gives the normal for a Lambert term and a Blinn highlight; the turning marks, which run round, give
the two-armed highlight that turned faces show along the direction of the light.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi, sin

import cv2
import numpy as np

from edge_inspector.camera.simulator.spec import PartSpec
from edge_inspector.camera.simulator.surface import F32, Surface, f32, grid, noise, noise_tile, on_channels, smoothstep, tinted

OUTER, INNER = 0.405, 0.195  # radii, as fractions of the image side
CHAMFER = 0.020
RECESS = (0.268, 0.318)  # radii of the turned recess in the face
KEY_WIDTH, KEY_DEPTH = 0.052, 0.040  # of the keyway in the bore
STEEL = (1.01, 1.0, 0.975)
BELT = (0.88, 1.0, 1.02)
STEPS = 16  # of the radial tables, a pixel
LIGHT_HEIGHT = 0.95  # elevation of the key light, radians


@dataclass(frozen=True, slots=True)
class _Profile:
    """Over the radius, ``STEPS`` a pixel: radial and vertical part of the normal, share of turned finish, grooves, distance inside."""

    radial: F32
    vertical: F32
    turned: F32
    grooves: F32
    inside: F32


@lru_cache(maxsize=8)
def _profile(size: int) -> _Profile:
    radius = np.arange(int(size * 0.75 * STEPS), dtype=np.float32) / (STEPS * size)
    slope = f32(np.zeros_like(radius))
    slope[radius > OUTER - CHAMFER] = -0.95
    slope[radius < INNER + CHAMFER] = 0.95
    slope[np.abs(radius - RECESS[0] - 0.004) < 0.004] = -1.3
    slope[np.abs(radius - RECESS[1] + 0.004) < 0.004] = 1.3
    slope = f32(cv2.GaussianBlur(slope.reshape(1, -1), (0, 0), sigmaX=0.0032 * size * STEPS, borderType=cv2.BORDER_REPLICATE)).ravel()
    length = np.sqrt(1.0 + slope * slope)
    rng = np.random.default_rng(np.random.SeedSequence((70_411, 900)))
    steps = np.repeat(rng.standard_normal(len(radius) // STEPS + 1).astype(np.float32), STEPS)[: len(radius)]
    marks = f32(cv2.GaussianBlur(steps.reshape(1, -1), (0, 0), sigmaX=0.45 * STEPS)).ravel()
    flat = np.exp(-((slope / 0.25) ** 2))
    return _Profile(
        radial=(-slope / length).astype(np.float32),
        vertical=(1.0 / length).astype(np.float32),
        turned=flat.astype(np.float32),
        grooves=(marks / marks.std()).astype(np.float32),
        inside=(np.minimum(OUTER - radius, radius - INNER) * size).astype(np.float32),
    )


@dataclass(frozen=True, slots=True)
class _Polar:
    """Pixels seen from the ring's centre: offsets in pixels, radius, and the index of that radius in the tables."""

    dx: F32
    dy: F32
    radius: F32
    index: np.ndarray[tuple[int, ...], np.dtype[np.int32]]


def surface(spec: PartSpec, size: int) -> Surface:
    """The ring of ``spec`` without defects and sensor noise."""
    x, y = grid(size)
    dx, dy = x - (spec.pose.dx * size), y - (spec.pose.dy * size)
    radius = f32(cv2.magnitude(dx, dy))
    index = (radius * (STEPS / spec.pose.scale)).astype(np.int32)
    polar = _Polar(dx, dy, radius, index)
    inside = _inside(polar, spec, size)
    cover = np.clip(inside + 0.5, 0.0, 1.0)
    behind = _belt(polar, spec, size)
    clean = behind + (tinted(_steel(polar, inside, spec, size), STEEL) - behind) * on_channels(cover)
    return Surface(clean=clean, behind=behind, part=cover > 0.9, inside=inside)


def _inside(polar: _Polar, spec: PartSpec, size: int) -> F32:
    """Distance to the nearest edge in pixels, positive on the steel; the keyway is cut at the top of the bore."""
    turn = spec.pose.rotation - pi / 2
    along = polar.dx * (cos(turn)) + polar.dy * (sin(turn))
    across = np.abs(polar.dy * (cos(turn)) - polar.dx * (sin(turn)))
    scale = size * spec.pose.scale
    key = np.minimum(((INNER + KEY_DEPTH) * scale) - along, (KEY_WIDTH / 2 * scale) - across)
    key = np.minimum(key, along)
    return np.minimum(_profile(size).inside[polar.index], -key)


def _steel(polar: _Polar, inside: F32, spec: PartSpec, size: int) -> F32:
    """Grey of the steel, 0..255."""
    table = _profile(size)
    light = spec.lighting.angle
    facing = (polar.dx * (cos(light)) + polar.dy * (sin(light))) / np.maximum(polar.radius, 1.0)
    radial, vertical = table.radial[polar.index], table.vertical[polar.index]
    lean = radial * facing
    lambert = np.maximum(lean * (cos(LIGHT_HEIGHT)) + vertical * (sin(LIGHT_HEIGHT)), 0.0)
    half = (pi / 2 + LIGHT_HEIGHT) / 2
    glint = np.maximum(lean * (cos(half)) + vertical * (sin(half)), 0.0)
    turned = table.turned[polar.index]
    marks = table.grooves[polar.index]
    streaks = _streaks(polar, spec, size)
    arms = cv2.pow(facing * facing, 5.0)
    grey = 46.0 + 112.0 * lambert + 95.0 * cv2.pow(glint, 40.0) * (1.0 - turned)
    grey += turned * (arms * (52.0 + 7.0 * marks) + 3.0 * marks + streaks * (2.2 + 4.0 * arms))
    return grey * (0.62 + 0.38 * smoothstep(0.0, 0.006 * size, inside))


def _streaks(polar: _Polar, spec: PartSpec, size: int) -> F32:
    """What differs from ring to ring in the turning marks: noise drawn out along the cut, mean 0, deviation about 1."""
    side = 512
    tile = noise_tile(side, (14.0, 0.6), 901)
    angle = cv2.phase(polar.dx, polar.dy)
    column = angle * (side / (2 * pi)) + (spec.pose.phase[0] * side)
    row = polar.radius * (256 / size) + (spec.pose.phase[1] * side)
    return f32(cv2.remap(tile, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))


def _belt(polar: _Polar, spec: PartSpec, size: int) -> F32:
    """The dark belt with the ring's soft shadow, float32 (size, size, 3)."""
    phase = spec.pose.phase
    grain = noise(size, (0.9, 0.9), 902, phase) * 2.4 + noise(size, (9.0, 9.0), 903, phase[::-1]) * 2.0
    away = 0.030 * size
    light = spec.lighting.angle
    shadow = cv2.magnitude(polar.dx + (away * cos(light)), polar.dy + (away * sin(light)))
    rim = OUTER * size
    soft = 0.02 * size
    dark = smoothstep(-soft, soft, rim - shadow) * smoothstep(-soft, soft, shadow - (INNER * size))
    return tinted((40.0 + grain) * (1.0 - 0.5 * dark), BELT)
