"""The recipe: everything that decides what a part's verdict is, and by when.

Versioned in the database; TOML is its import and export form.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from edge_inspector.records import AlarmPolicy, JoinRule, LatePolicy
from edge_inspector.settings.model import Settings

Unit = Annotated[float, Field(ge=0.0, le=1.0)]
Coordinate = Annotated[float, Field(ge=-65_536.0, le=65_536.0)]
Point = tuple[Coordinate, Coordinate]
Polygon = Annotated[tuple[Point, ...], Field(min_length=3)]


class DecisionRules(Settings):
    """Rules from map to verdict. Coordinates and areas are in pixels of the camera image.

    Thresholds left out are filled from the bundle's proposals when the recipe is imported; the stored version holds them all, unless the
    recipe names a lower precision for which the bundle proposes none: those come with the certificate of the form that runs.
    """

    accept_threshold: Unit | None = Field(None, description="a part is accepted only below this score")
    reject_threshold: Unit | None = Field(None, description="at or above this score reject; between the two, review")
    region_threshold: Unit | None = Field(None, description="map value from which a pixel belongs to a region")
    minimum_area_px: Annotated[float, Field(ge=0.0)] = Field(0.0, description="smaller regions count for nothing")
    reject_area_px: Annotated[float, Field(gt=0.0)] | None = Field(None, description="a region of this area rejects whatever the score")
    roi: tuple[Polygon, ...] = Field((), description="only inside these polygons is inspected; none means the whole image")
    dont_care: tuple[Polygon, ...] = Field((), description="inside these polygons nothing counts")
    join: JoinRule = Field(JoinRule.WORST, description="which views decide, where several cameras look at a part: worst, any or all")

    @model_validator(mode="after")
    def _ordered(self) -> DecisionRules:
        if self.accept_threshold is not None and self.reject_threshold is not None and self.reject_threshold < self.accept_threshold:
            raise ValueError(f"reject_threshold {self.reject_threshold} must not be below accept_threshold {self.accept_threshold}")
        return self


class GateRules(Settings):
    """By when a verdict must have left, counted from the trigger; in milliseconds or in encoder counts, one of the two.

    ``confirm_within_ms``: so long after that moment the gate must have said that it moved (``fired``) for every part that was not accepted;
    None where the gate does not say so.
    """

    reject_window_ms: Annotated[float, Field(gt=0.0, le=600_000.0)] | None = None
    reject_window_counts: Annotated[int, Field(gt=0)] | None = None
    late_policy: LatePolicy = LatePolicy.REJECT
    confirm_within_ms: Annotated[float, Field(gt=0.0, le=600_000.0)] | None = None
    unconfirmed_policy: AlarmPolicy = AlarmPolicy.ALARM

    @model_validator(mode="after")
    def _one_window(self) -> GateRules:
        if (self.reject_window_ms is None) == (self.reject_window_counts is None):
            raise ValueError("give reject_window_ms or reject_window_counts, one of the two")
        return self


class ImageRules(Settings):
    """What a frame must be like to be inspected at all; beyond it the part is missed.

    Means are of all pixels, 0..255. ``frozen`` compares a frame with its predecessor byte by byte.
    """

    black_below: Annotated[float, Field(ge=0.0, le=255.0)] = 4.0
    saturated_above: Annotated[float, Field(ge=0.0, le=255.0)] = 251.0
    reject_frozen: bool = True
    width: Annotated[int, Field(gt=0)] | None = None
    height: Annotated[int, Field(gt=0)] | None = None
    channels: Annotated[int, Field(ge=1, le=3)] | None = None


class AlarmRules(Settings):
    """When so many parts are rejected that somebody has to look. Everything that the gate rejects counts, missed parts too."""

    rejects_in_row: Annotated[int, Field(ge=2)] | None = None
    reject_rate: Annotated[float, Field(gt=0.0, le=1.0)] | None = Field(None, description="share of the last ``window`` parts")
    window: Annotated[int, Field(ge=10, le=100_000)] = 100
    policy: AlarmPolicy = AlarmPolicy.ALARM


class CameraRules(Settings):
    """Camera settings that belong to the product; None leaves the camera's own."""

    exposure_us: Annotated[float, Field(gt=0.0, le=10_000_000.0)] | None = None
    gain_db: Annotated[float, Field(ge=0.0, le=48.0)] | None = None


class Recipe(Settings):
    """One version of one product's inspection."""

    name: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")]
    product: str = ""
    bundle: Annotated[str, Field(min_length=1)]
    precision: Annotated[str, Field(pattern="^(auto|f32|fp16|bf16|int8)$")] = "auto"
    decision: DecisionRules = DecisionRules()
    gate: GateRules
    image: ImageRules = ImageRules()
    alarms: AlarmRules = AlarmRules()
    camera: CameraRules = CameraRules()

    @field_validator("bundle")
    @classmethod
    def _no_spaces_around(cls, value: str) -> str:
        if value != value.strip():
            raise ValueError("a bundle id or path has no spaces around it")
        return value

    def resolved(self, folder: Path) -> Recipe:
        """The same recipe with a relative bundle path (one that has a slash in it) taken from ``folder``."""
        if "/" not in self.bundle or Path(self.bundle).is_absolute():
            return self
        return self.model_copy(update={"bundle": str((folder / self.bundle).resolve())})
