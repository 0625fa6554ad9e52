"""A set of whole numbers kept as ranges: the trigger counts of a shift are a handful of ranges, however many parts there were."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator


class Ranges:
    """Sorted, disjoint, inclusive ranges ``[low, high]``; adding the next number costs O(1)."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._ranges: list[list[int]] = []
        for low, high in ranges:
            self.add(low, high)

    def add(self, low: int, high: int | None = None) -> None:
        """Put ``low`` .. ``high`` (inclusive; ``low`` alone by default) into the set."""
        high = low if high is None else high
        if not self._ranges or low > self._ranges[-1][1] + 1:
            self._ranges.append([low, high])
        elif low >= self._ranges[-1][0]:
            self._ranges[-1][1] = max(self._ranges[-1][1], high)
        else:
            self._merge(low, high)

    def _merge(self, low: int, high: int) -> None:
        kept = [r for r in self._ranges if r[1] < low - 1 or r[0] > high + 1]
        touched = [r for r in self._ranges if not (r[1] < low - 1 or r[0] > high + 1)]
        joined = [min([low, *(r[0] for r in touched)]), max([high, *(r[1] for r in touched)])]
        self._ranges = sorted([*kept, joined])

    def above(self, base: int) -> Ranges:
        """The numbers greater than ``base``."""
        return Ranges((max(low, base + 1), high) for low, high in self._ranges if high > base)

    def missing(self, low: int, high: int) -> Iterator[int]:
        """The numbers of ``low`` .. ``high`` (inclusive) that are not in the set, ascending."""
        for first, last in self._ranges:
            yield from range(low, min(first, high + 1))
            low = max(low, last + 1)
        yield from range(low, high + 1)

    def highest(self) -> int | None:
        """The greatest number in the set."""
        return self._ranges[-1][1] if self._ranges else None

    def pairs(self) -> list[tuple[int, int]]:
        """The ranges, as JSON can hold them."""
        return [(low, high) for low, high in self._ranges]

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._ranges, number, key=lambda r: r[0])
        return at > 0 and self._ranges[at - 1][1] >= number

    def __len__(self) -> int:
        return sum(high - low + 1 for low, high in self._ranges)
