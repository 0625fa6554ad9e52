"""What the PLC tells of parts beside their verdicts: serial number and lot. Pure; used by the link's thread alone."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

REMEMBERED = 10_000  # parts between trigger and verdict, and those that the PLC tells of without ever triggering them


@dataclass(frozen=True, slots=True)
class PartContext:
    """One part as the PLC knows it; empty where it has said nothing."""

    serial: str = ""
    lot: str = ""


UNKNOWN = PartContext()


class Contexts:
    """What was told, by epoch and trigger count; the oldest are forgotten beyond ``limit``."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._told: OrderedDict[tuple[int, int], PartContext] = OrderedDict()

    def tell(self, epoch: int, trigger_count: int, context: PartContext) -> None:
        """The PLC knows this of a part; the last word counts."""
        self._told[(epoch, trigger_count)] = context
        self._told.move_to_end((epoch, trigger_count))
        if len(self._told) > self._limit:
            self._told.popitem(last=False)

    def of(self, epoch: int, trigger_count: int) -> PartContext:
        """What is known of a part."""
        return self._told.get((epoch, trigger_count), UNKNOWN)
