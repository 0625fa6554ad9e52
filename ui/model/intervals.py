"""How sure a counted share is.

Clopper and Pearson's interval (Biometrika 26, 1934, 404-413), not Wilson's: escapes are shares near 0 of few bad parts, where Wilson's
covers less than it says for some true shares (Brown, Cai and DasGupta, Statistical Science 16, 2001, 101-133), while Clopper and
Pearson's never covers less. Who tunes a gate had better be told too wide a range than too narrow a one.
"""

from __future__ import annotations

CONFIDENCE = 0.95


def clopper_pearson(count: int, of: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The two-sided interval, each end 0..1, of a share of which ``count`` of ``of`` were seen; (0, 1) where nothing was.

    Lower end: the a/2 quantile of Beta(count, of - count + 1); upper: the 1 - a/2 quantile of Beta(count + 1, of - count), with
    a = 1 - confidence. Raises ValueError where ``count`` is not within 0..``of``.
    """
    if not 0 <= count <= of:
        raise ValueError(f"count = {count}: expected 0..{of}")
    from scipy.special import betaincinv  # a quarter of a second, which the window's start has no use for

    tail = (1.0 - confidence) / 2.0
    low = float(betaincinv(count, of - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, of - count, 1.0 - tail)) if count < of else 1.0
    return low, high
