"""How defects look: each kind paints a change of the clean surface inside its outline, which is then held to the stated minimum contrast."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, sin

import numpy as np

from edge_inspector.camera.simulator.shapes import Shape, outline
from edge_inspector.camera.simulator.spec import DefectSpec, Kind, PartSpec
from edge_inspector.camera.simulator.surface import F32, Surface, noise

MIN_CONTRAST = 36.0  # mean absolute grey difference from the clean part over a defect's mask, of 255
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
    painted = canvas.copy()
    painted[shape.support] = np.clip(base + change[:, None] * _TINTS.get(defect.kind, _NEUTRAL), 0.0, 255.0)
    return painted


_NEUTRAL = np.ones(3, dtype=np.float32)
_TINTS = {Kind.STAIN: np.array([0.80, 1.02, 1.18], dtype=np.float32)}  # a darkening that leaves red: rust and oil are brown


def _held_to_contrast(change: F32, grey: F32) -> F32:
    """The change (n,) made strong enough: FLOOR at each pixel, MIN_CONTRAST on the mean, within 0..255."""
    for gain in (1.0, 1.3, 1.7, 2.2, 3.0, 4.0):
        strong = _within_range(change * np.float32(gain), grey)
        if float(np.abs(strong).mean()) >= MIN_CONTRAST + 1.0:
            return strong
    return -np.minimum(grey, np.float32(2.0 * MIN_CONTRAST))  # nothing brightens enough here: darken


def _within_range(change: F32, grey: F32) -> F32:
    """At least FLOOR at each pixel, inside 0..255. Where there is no room to brighten, a highlight loses some light instead."""
    size = np.maximum(np.abs(change), np.float32(FLOOR))
    room = np.float32(CEILING) - grey
    dull = np.maximum(np.float32(FLOOR), np.minimum(size, np.float32(0.3) * grey))
    brighter = np.where(room > np.float32(2.0 * FLOOR), np.minimum(size, room), -dull)
    darker = np.where(grey > np.float32(FLOOR), -np.minimum(size, grey), size)
    return np.where(change < 0.0, darker, brighter).astype(np.float32, copy=False)


def _strength(defect: DefectSpec, low: float, high: float) -> np.float32:
    return np.float32(low + (high - low) * defect.strength)


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
    return np.clip(along / max(1.0, shape.radius), -1.0, 1.0).astype(np.float32)


def _scratch(defect: DefectSpec, shape: Shape, surface: Surface, grey: F32) -> F32:
    """Bare, bright metal or broken fibre; brighter ones on dark ground."""
    del surface
    rough = np.float32(1.0) + np.float32(0.25) * _pattern(defect, shape, 1.0, 971)
    return np.maximum(rough, np.float32(0.4)) * _strength(defect, 50.0, 110.0) * np.where(grey < np.float32(175.0), np.float32(1.0), np.float32(-1.0))


def _dent(defect: DefectSpec, shape: Shape, surface: Surface, grey: F32) -> F32:
    """A hollow: the side towards the key light in shade, the far side catching it."""
    del surface, grey
    return -_slope(shape, -2.2) * _strength(defect, 70.0, 120.0)


def _stain(defect: DefectSpec, shape: Shape, surface: Surface, grey: F32) -> F32:
    """Soaks up light, unevenly."""
    del surface
    share = _strength(defect, 0.30, 0.60) * (np.float32(1.0) + np.float32(0.18) * _pattern(defect, shape, 5.0, 972))
    return -grey * np.clip(share, 0.15, 0.85)


def _hole(defect: DefectSpec, shape: Shape, surface: Surface, grey: F32) -> F32:
    """Nearly black, with some light on the wall away from the lamp."""
    del surface
    wall = np.maximum(_slope(shape, 0.94) - np.float32(0.45), 0.0) * _strength(defect, 30.0, 60.0)
    return np.minimum(np.float32(14.0) + wall - grey, np.float32(-FLOOR))


def _missing(defect: DefectSpec, shape: Shape, surface: Surface, grey: F32) -> F32:
    """What lies behind shows, in shadow; the broken rim is rough and half lit."""
    behind = surface.behind[shape.support].mean(axis=1) * np.float32(0.7)
    depth = (shape.opacity - np.float32(0.6)) / np.float32(0.4)
    rim = (np.float32(1.0) - depth) * (np.float32(28.0) + np.float32(12.0) * _pattern(defect, shape, 1.0, 973))
    return np.minimum(behind + rim - grey, np.float32(-FLOOR))


def _burr(defect: DefectSpec, shape: Shape, surface: Surface, grey: F32) -> F32:
    """Torn metal with glints on the dark belt; on cloth, a light tuft of fibre with a shaded foot."""
    rough = _pattern(defect, shape, 1.6, 974)
    if surface.inside is None:
        return _strength(defect, 48.0, 80.0) * np.maximum(np.float32(1.0) + np.float32(0.3) * rough, np.float32(0.3))
    metal = _strength(defect, 105.0, 150.0) + np.float32(30.0) * rough
    return np.maximum(metal - grey, np.float32(FLOOR))


_PAINTERS: dict[Kind, Callable[[DefectSpec, Shape, Surface, F32], F32]] = {
    Kind.SCRATCH: _scratch,
    Kind.DENT: _dent,
    Kind.STAIN: _stain,
    Kind.HOLE: _hole,
    Kind.MISSING_MATERIAL: _missing,
    Kind.BURR: _burr,
}
