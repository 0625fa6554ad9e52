"""How defects look: each kind paints a change of the clean surface inside its outline, held to the stated minimum contrast."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, sin

import numpy as np

from edge_inspector.camera.simulator.shapes import Shape, outline
from edge_inspector.camera.simulator.spec import DefectSpec, Kind, PartSpec
from edge_inspector.camera.simulator.surface import F32, Surface, f32, noise

MIN_CONTRAST = 36.0  # mean absolute grey difference from the clean part over a defect's mask, of 255, in the lit picture
DIMMEST = 0.84  # of the light anywhere in any picture: the contrast before lighting must be that much higher
NOTICEABLE = 10.0  # grey difference from which a pixel belongs to the mask
FLOOR = 13.0  # least change of a pixel inside the outline, so that the mask is the outline
CEILING = 250.0  # no change brightens above this


def apply(defect: DefectSpec, spec: PartSpec, surface: Surface, canvas: F32) -> F32:
    """``canvas`` float32 (size, size, 3) with the defect painted on it. Outside the defect's outline nothing changes."""
    shape = outline(defect, spec, surface)
    base = canvas[shape.support]
    grey = base.mean(axis=1)
    wanted = _PAINTERS[defect.kind](defect, shape, surface, grey)
    change = _held_to_contrast(wanted * shape.opacity, grey)
    painted: F32 = canvas.copy()
    painted[shape.support] = np.clip(base + change[:, None] * _TINTS.get(defect.kind, _NEUTRAL), 0.0, 255.0)
    return painted


_NEUTRAL = np.ones(3, dtype=np.float32)
_TINTS = {Kind.STAIN: np.array([0.80, 1.02, 1.18], dtype=np.float32)}  # a darkening that leaves red: rust and oil are brown


def _held_to_contrast(change: F32, grey: F32) -> F32:
    """The change (n,) made strong enough: FLOOR at each pixel, MIN_CONTRAST (once lit) on the mean, within 0..255."""
    least = MIN_CONTRAST / DIMMEST
    for gain in (1.0, 1.3, 1.7, 2.2, 3.0, 4.0):
        strong = _within_range(change * gain, grey)
        if float(np.abs(strong).mean()) >= least:
            return strong
    return f32(np.where(grey > 2.0 * least, -1.5 * least, 1.5 * least))  # no room in the kind's own direction


def _within_range(change: F32, grey: F32) -> F32:
    """At least FLOOR at each pixel, inside 0..255. Where there is no room to brighten, a highlight loses some light instead."""
    size = np.maximum(np.abs(change), FLOOR)
    room = CEILING - grey
    dull = np.maximum(FLOOR, np.minimum(size, 0.3 * grey))
    brighter = np.where(room > 2.0 * FLOOR, np.minimum(size, room), -dull)
    darker = np.where(grey > FLOOR, -np.minimum(size, grey), size)
    return f32(np.where(change < 0.0, darker, brighter))


def _strength(defect: DefectSpec, low: float, high: float) -> float:
    return low + (high - low) * defect.strength


def _pattern(defect: DefectSpec, shape: Shape, sigma: float, stream: int) -> F32:
    """Noise of mean 0, deviation 1 over the outline's pixels (n,)."""
    size = len(shape.support)
    blur = sigma * size / 256
    place = ((defect.seed % 997) / 997, (defect.seed % 991) / 991)
    return noise(size, (blur, blur), stream, place)[shape.support]


def _slope(shape: Shape, angle: float) -> F32:
    """-1..1 across the outline along ``angle``, (n,)."""
    rows, columns = np.nonzero(shape.support)
    middle = (len(shape.support) - 1) / 2
    along = (columns - middle - shape.x) * cos(angle) + (rows - middle - shape.y) * sin(angle)
    return f32(np.clip(along / max(1.0, shape.radius), -1.0, 1.0))


def _scratch(defect: DefectSpec, shape: Shape, surface: Surface, grey: F32) -> F32:
    """Bare, bright metal or broken fibre; brighter ones on dark ground."""
    del surface
    rough = 1.0 + 0.25 * _pattern(defect, shape, 1.0, 971)
    return f32(np.maximum(rough, 0.4) * _strength(defect, 50.0, 110.0) * np.where(grey < 175.0, 1.0, -1.0))


def _dent(defect: DefectSpec, shape: Shape, surface: Surface, grey: F32) -> F32:
    """A hollow: the side towards the key light in shade, the far side catching it."""
    del surface, grey
    return -_slope(shape, -2.2) * _strength(defect, 70.0, 120.0)


def _stain(defect: DefectSpec, shape: Shape, surface: Surface, grey: F32) -> F32:
    """Soaks up light, unevenly."""
    del surface
    share = _strength(defect, 0.30, 0.60) * (1.0 + 0.18 * _pattern(defect, shape, 5.0, 972))
    return f32(-grey * np.clip(share, 0.15, 0.85))


def _hole(defect: DefectSpec, shape: Shape, surface: Surface, grey: F32) -> F32:
    """Nearly black, with some light on the wall away from the lamp."""
    del surface
    wall = np.maximum(_slope(shape, 0.94) - 0.45, 0.0) * _strength(defect, 30.0, 60.0)
    return f32(np.minimum(14.0 + wall - grey, -FLOOR))


def _missing(defect: DefectSpec, shape: Shape, surface: Surface, grey: F32) -> F32:
    """What lies behind shows, in shadow; the broken rim is rough and half lit."""
    behind = surface.behind[shape.support].mean(axis=1) * 0.7
    depth = (shape.opacity - 0.6) / 0.4
    rim = (1.0 - depth) * (28.0 + 12.0 * _pattern(defect, shape, 1.0, 973))
    return f32(np.minimum(behind + rim - grey, -FLOOR))


def _burr(defect: DefectSpec, shape: Shape, surface: Surface, grey: F32) -> F32:
    """Torn metal with glints on the dark belt; on cloth, a light tuft of fibre with a shaded foot."""
    rough = _pattern(defect, shape, 1.6, 974)
    if surface.inside is None:
        return f32(_strength(defect, 48.0, 80.0) * np.maximum(1.0 + 0.3 * rough, 0.3))
    metal = _strength(defect, 105.0, 150.0) + 30.0 * rough
    return f32(np.maximum(metal - grey, FLOOR))


_PAINTERS: dict[Kind, Callable[[DefectSpec, Shape, Surface, F32], F32]] = {
    Kind.SCRATCH: _scratch,
    Kind.DENT: _dent,
    Kind.STAIN: _stain,
    Kind.HOLE: _hole,
    Kind.MISSING_MATERIAL: _missing,
    Kind.BURR: _burr,
}
