"""What a service offers: handlers by method name, those that change something told who asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Params = dict[str, Any]


def prefixes(methods: Iterable[str]) -> list[str]:
    """The services that the methods belong to (``review`` of ``review.set``), sorted; methods without one are the desk's own."""
    return sorted({method.partition(".")[0] for method in methods if "." in method})
