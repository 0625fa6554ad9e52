"""What a simulated part is: good or bad, its defects, pose and light, all drawn from (product, seed, number) without rendering anything.

The belt process learns the truth of a part here; the camera renders the same part from the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import exp, floor, log, pi

import numpy as np

PRODUCTS = ("ring", "texture")
AREA_MIN, AREA_MAX = 0.0005, 0.10  # of the part's visible area, drawn log-uniformly
BLOCK = 20  # in each run of 20 parts the share of bad ones is as stated, to within one part
SECOND_DEFECT = 0.15  # share of the bad parts that bear two defects

# Streams of random numbers of their own, so that adding a draw to one leaves the others as they are.
_POSE, _BAD, _KINDS, _DEFECT, NOISE = range(5)


class Kind(str, Enum):
    """The defect kinds."""

    SCRATCH = "scratch"
    DENT = "dent"
    STAIN = "stain"
    HOLE = "hole"
    MISSING_MATERIAL = "missing_material"
    BURR = "burr"


KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True)
class DefectSpec:
    """One defect. ``area_fraction`` is of the part's visible area; ``u``, ``v`` in 0..1 place it (ring: angle, radius; texture: x, y).

    ``angle`` in radians and ``strength`` in 0..1 mean what the kind makes of them; ``seed`` draws its outline.
    """

    kind: Kind
    area_fraction: float
    u: float
    v: float
    angle: float
    strength: float
    seed: int


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the part lies: shift in image sides, rotation in radians, scale about 1; ``phase`` x, y in 0..1 of the surface's pattern."""

    dx: float
    dy: float
    rotation: float
    scale: float
    phase: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Lighting:
    """``angle`` of the key light (radians), ``gradient`` x, y (relative change over the image), ``exposure`` about 1."""

    angle: float
    gradient: tuple[float, float]
    exposure: float


@dataclass(frozen=True, slots=True)
class PartSpec:
    """One part; ``bad`` exactly if it has defects."""

    product: str
    seed: int
    number: int
    bad: bool
    defects: tuple[DefectSpec, ...]
    pose: Pose
    lighting: Lighting


def generator(product: str, seed: int, number: int, stream: int) -> np.random.Generator:
    """Random numbers that depend on nothing but the arguments. Raises ValueError for an unknown product or a negative number."""
    if product not in PRODUCTS:
        raise ValueError(f"no simulated product '{product}'; there are: {', '.join(PRODUCTS)}")
    return np.random.default_rng(np.random.SeedSequence((PRODUCTS.index(product), seed % 2**63, number, stream)))


def part_spec(product: str, seed: int, number: int, bad_fraction: float = 0.3) -> PartSpec:
    """The part ``number`` (from 0) of the line ``seed``; ``bad_fraction`` in 0..1. Raises ValueError as ``generator`` does."""
    rank = _bad_rank(product, seed, number, bad_fraction)
    kinds = () if rank is None else _kinds(product, seed, number, rank)
    return made_spec(product, seed, number, kinds)


def made_spec(product: str, seed: int, number: int, kinds: tuple[Kind, ...]) -> PartSpec:
    """The same part with these kinds of defect, for data sets and tests."""
    rng = generator(product, seed, number, _POSE)
    turn = 0.09 if product == "ring" else 0.26  # a fixture holds the ring by its keyway; cloth lies as it falls
    pose = Pose(
        dx=float(rng.uniform(-0.025, 0.025)),
        dy=float(rng.uniform(-0.025, 0.025)),
        rotation=float(rng.uniform(-turn, turn)),
        scale=float(rng.uniform(0.985, 1.015)),
        phase=(float(rng.random()), float(rng.random())),
    )
    lighting = Lighting(
        angle=float(-2.2 + rng.uniform(-0.12, 0.12)),
        gradient=(float(rng.uniform(-0.06, 0.06)), float(rng.uniform(-0.06, 0.06))),
        exposure=float(rng.uniform(0.95, 1.05)),
    )
    return PartSpec(product, seed, number, bool(kinds), _defects(product, seed, number, kinds), pose, lighting)


def _bad_before(block: int, fraction: float) -> int:
    return floor(block * BLOCK * fraction + 0.5)


def _bad_rank(product: str, seed: int, number: int, fraction: float) -> int | None:
    """How many bad parts came before this bad part; None for a good one."""
    block, place = divmod(number, BLOCK)
    before = _bad_before(block, fraction)
    count = _bad_before(block + 1, fraction) - before
    places = sorted(generator(product, seed, block, _BAD).permutation(BLOCK)[:count].tolist())
    return before + places.index(place) if place in places else None


def _kinds(product: str, seed: int, number: int, rank: int) -> tuple[Kind, ...]:
    """Kinds go round in shuffled turns of six; some parts bear a second, different one."""
    turn, place = divmod(rank, len(KINDS))
    order = generator(product, seed, turn, _KINDS).permutation(len(KINDS))
    first = int(order[place])
    rng = generator(product, seed, number, _KINDS + 100)
    if rng.random() >= SECOND_DEFECT:
        return (KINDS[first],)
    return (KINDS[first], KINDS[(first + int(rng.integers(1, len(KINDS)))) % len(KINDS)])


def _defects(product: str, seed: int, number: int, kinds: tuple[Kind, ...]) -> tuple[DefectSpec, ...]:
    rng = generator(product, seed, number, _DEFECT)
    start = float(rng.random())  # two defects lie on opposite sides
    return tuple(_defect(kind, (start + 0.5 * place) % 1.0, rng) for place, kind in enumerate(kinds))


def _defect(kind: Kind, u: float, rng: np.random.Generator) -> DefectSpec:
    return DefectSpec(
        kind=kind,
        area_fraction=exp(float(rng.uniform(log(AREA_MIN), log(AREA_MAX)))),
        u=u,
        v=float(rng.random()),
        angle=float(rng.uniform(0.0, 2.0 * pi)),
        strength=float(rng.random()),
        seed=int(rng.integers(2**32)),
    )
