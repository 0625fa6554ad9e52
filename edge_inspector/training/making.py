"""How made-up anomalies are: what differs between a whole part on the input and a tile of a large frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_inspector.training.shapes import AREA

FEW_SIMULATED = 1 / 16  # of a batch, where its places are worth more to seen anomalies than to simulated ones


@dataclass(frozen=True)
class Making:
    """The defaults are those of whole parts, shrunk to the input.

    ``areas`` are the least and the largest share of a part that one made-up shape covers. ``crowd`` is how many anomalies at most lie on
    one normal: of a speck alone a large image teaches little. ``near`` is the side, in map pixels, of the square in which what is marked
    counts together for the loss's emphasis, odd; 0: on the whole map. ``scales`` are what a seen anomaly that is put elsewhere is shrunk or
    enlarged by, and ``soft`` is the deviation, in pixels up to 1.2, of what blurs its edge; 0 leaves it as sharp as it was seen.
    ``light_only`` is the share of seen anomalies put on normals of which only the light goes there, not the texture that they lay on.
    ``simulated`` is the share of a batch that shows simulated anomalies where there are seen ones, which get the rest of theirs.
    Raises ValueError where ``near`` is even, or ``soft``, ``light_only`` or ``simulated`` out of range.
    """

    areas: tuple[float, float] = AREA
    crowd: int = 1
    near: int = 0
    scales: tuple[float, float] = (0.3, 1.4)
    soft: float = 0.7
    light_only: float = 0.0
    simulated: float = 0.25

    def __post_init__(self) -> None:
        if (self.near and self.near % 2 == 0) or not 0.0 <= self.soft <= 1.2:
            raise ValueError(f"near {self.near}, soft {self.soft}: an odd number or 0, and 0 to 1.2 pixels, are expected")
        if not 0.0 <= self.light_only <= 1.0:
            raise ValueError(f"light_only {self.light_only}: a share of 0 to 1 is expected")
        if not 0.0 <= self.simulated <= 0.25:
            raise ValueError(f"simulated {self.simulated}: a share of 0 to 0.25 is expected")

    @property
    def alone(self) -> Making:
        """The same with one anomaly on a normal, for scores."""
        return replace(self, crowd=1)


WHOLE_PART = Making()
