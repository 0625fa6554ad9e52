"""The belt's encoder as trigger messages or the camera tell it: is it a count that says where the belt is?"""

from __future__ import annotations


class EncoderCounts:
    """One camera's, from part to part. One that is not wired or broken stands still, and would hold every deadline off for ever."""

    def __init__(self) -> None:
        self._newest: int | None = None

    def moved_on(self, counts: int | None) -> int | None:
        """The part's count; None where there is none, or it has not gone up since the part before."""
        before = self._newest
        if counts is not None:
            self._newest = counts
        return None if counts is None or (before is not None and counts <= before) else counts
