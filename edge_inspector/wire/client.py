"""The clients of the line and of the desk: ``RejectClient`` (see gate.py), ``ControlClient`` and ``StatusClient``.

Who needs no reject link imports ``requests`` and ``subscription`` themselves: they start without the typed messages.
"""

from __future__ import annotations

from edge_inspector.wire.gate import GateStats, LinkDown, LinkUp, RejectClient
from edge_inspector.wire.requests import ControlClient
from edge_inspector.wire.subscription import StatusClient, StatusMessage

__all__ = ["ControlClient", "GateStats", "LinkDown", "LinkUp", "RejectClient", "StatusClient", "StatusMessage"]
