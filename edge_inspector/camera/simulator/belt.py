"""The belt: encoder counts, part spacing, and the way from the trigger to the gate. Times in seconds since the belt started."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Belt:
    """A belt at constant speed. Part ``number`` (from 0) crosses the trigger after ``number + 1`` spacings.

    Raises ValueError for a value that is not positive.
    """

    speed_mm_s: float = 600.0
    counts_per_mm: float = 10.0
    spacing_mm: float = 60.0
    gate_mm: float = 300.0  # from the trigger to the reject gate

    def __post_init__(self) -> None:
        for name in ("speed_mm_s", "counts_per_mm", "spacing_mm", "gate_mm"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"belt: {name} = {getattr(self, name)}: must be above 0")

    @property
    def rate(self) -> float:
        """Parts a second."""
        return self.speed_mm_s / self.spacing_mm

    @property
    def gate_counts(self) -> int:
        """Encoder counts from trigger to gate."""
        return round(self.gate_mm * self.counts_per_mm)

    @property
    def gate_s(self) -> float:
        """Seconds from trigger to gate."""
        return self.gate_mm / self.speed_mm_s

    def encoder(self, seconds: float) -> int:
        """The counter's value; it stands at 0 until the belt starts."""
        return int(max(0.0, seconds) * self.speed_mm_s * self.counts_per_mm)

    def trigger_time(self, number: int) -> float:
        """When part ``number`` crosses the trigger."""
        return (number + 1) * self.spacing_mm / self.speed_mm_s

    def trigger_encoder(self, number: int) -> int:
        """The counter when part ``number`` crosses the trigger."""
        return round((number + 1) * self.spacing_mm * self.counts_per_mm)

    def gate_time(self, number: int) -> float:
        """When part ``number`` reaches the gate."""
        return self.trigger_time(number) + self.gate_s

    def gate_encoder(self, number: int) -> int:
        """The counter when part ``number`` reaches the gate."""
        return self.trigger_encoder(number) + self.gate_counts


def belt_at_rate(rate: float, spacing_mm: float = 60.0, gate_mm: float = 300.0) -> Belt:
    """A belt that brings ``rate`` parts a second. Raises ValueError for a rate that is not positive."""
    return Belt(speed_mm_s=rate * spacing_mm, spacing_mm=spacing_mm, gate_mm=gate_mm)
