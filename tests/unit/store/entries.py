"""Journal entries as the reject link writes them."""

from __future__ import annotations

from typing import Any

EPOCH = 1_700_000_000


def verdict(seq: int, epoch: int = EPOCH, *, message: dict[str, Any] | None = None, **extra: object) -> dict[str, Any]:
    """The payload of a verdict entry; odd numbers accept, even ones reject with one region."""
    good = seq % 2 == 1
    body = {
        "v": 1,
        "type": "verdict",
        "epoch": epoch,
        "seq": seq,
        "station": "line1",
        "part_id": f"line1-{epoch}-{seq}",
        "trigger_count": seq,
        "verdict": "accept" if good else "reject",
        "outcome": "accepted" if good else "rejected",
        "reason": "none" if good else "score",
        "score": 0.125 if good else 0.875,
        "threshold": 0.5,
        "triggered_utc": f"2026-01-02T03:{seq // 60 % 60:02d}:{seq % 60:02d}.250Z",
        "age_ms": 12.5,
        "deadline_ms": 187.5,
        "late": False,
        "recipe": "ring:1",
        "model": "demo",
    }
    region = {"x": 1, "y": 2, "w": 3, "h": 4, "area": 9.5, "peak": 0.9, "view": 0}
    rest = {"camera": "cam0", "engine_ns": 3_000_000, "latency_ns": 12_000_000, "overhead_ns": 1_500_000, "detail": ""}
    return {"message": body | (message or {}), "regions": [] if good else [region], **rest, **extra}


def ack(seq: int, epoch: int = EPOCH) -> dict[str, Any]:
    """The payload of an ack entry."""
    return {"epoch": epoch, "seq": seq, "trigger_count": seq}
