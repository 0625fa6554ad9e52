"""Who sits at the screen. The desk and the line decide what is allowed; this only saves people a refusal."""

from __future__ import annotations

from dataclasses import dataclass

RANKS = {"": 0, "operator": 1, "engineer": 2, "admin": 3}


@dataclass(frozen=True, slots=True)
class Session:
    """``login_needed`` is what the desk says: a station without users lets everybody at this machine do everything."""

    user: str = ""
    role: str = ""
    token: str = ""
    login_needed: bool = False

    def allows(self, role: str) -> bool:
        """Whether somebody of ``role`` may do what is asked for."""
        return not self.login_needed and RANKS.get(self.role, 0) >= RANKS[role]
