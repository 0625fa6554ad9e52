"""The parts of a line in their order, whole: what the status socket dropped is asked of control."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Part = dict[str, Any]
MOST_HELD = 1000  # parts that wait behind a hole, as many as a line remembers; later ones make a hole of their own


class PartFeed:
    """Takes ``part`` messages and replies of the control method ``parts``, and gives each part once, in the order of its number ``n``."""

    def __init__(self) -> None:
        self._run: object = None
        self._number = 0
        self._held: dict[int, Part] = {}
        self.lost = 0
        """Parts that neither the status socket nor the line's ring brought: only the history has them."""

    @property
    def missing(self) -> bool:
        """Whether parts are owed that control should be asked for, ``since`` the number ``newest``."""
        return bool(self._held)

    @property
    def run(self) -> object:
        """What names the line's run; None before the first word of it."""
        return self._run

    @property
    def newest(self) -> int:
        """The number of the last part given; 0 before the first."""
        return self._number

    def live(self, messages: Iterable[Part]) -> list[Part]:
        """What status messages add; parts after a hole wait for the reply that fills it."""
        found = []
        for part in messages:
            self._follow(part.get("run"))
            number = int(part["n"])
            if number == self._number + 1 and not self._held:
                self._number = number
                found.append(part)
            elif number > self._number and len(self._held) < MOST_HELD:
                self._held[number] = part
        return found

    def filled(self, reply: Part) -> list[Part]:
        """What a reply of ``parts`` adds, and what waited for it."""
        self._follow(reply.get("run"))
        page = {int(part["n"]): part for part in reply.get("parts", ())}
        end = max(page, default=0)
        more = end < int(reply.get("newest", end)) and bool(page)  # further pages follow, and what is held comes after them
        known = {**page, **{n: part for n, part in self._held.items() if not more or n <= end}}
        self._held = {n: part for n, part in self._held.items() if more and n > end}
        found = []
        for number in sorted(number for number in known if number > self._number):
            self.lost += number - self._number - 1 if self._number else 0
            self._number = number
            found.append(known[number])
        return found

    def _follow(self, run: object) -> None:
        """Numbers begin anew with each run of the line."""
        if run != self._run:
            self._run = run
            self._number = 0
            self._held = {}
