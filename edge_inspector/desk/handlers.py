"""What a service offers: handlers by method name, those that change something told who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from edge_inspector.records import LOCAL, Caller
from edge_inspector.wire.server import Handler, Reply

Params = dict[str, Any]
CallerHandler = Callable[[Params, Caller], Params | Reply]


def as_local(handler: CallerHandler) -> Handler:
    """The handler of a station where nobody has to log in."""
    return lambda params: handler(params, LOCAL)


def prefixes(methods: Iterable[str]) -> list[str]:
    """The services that the methods belong to (``review`` of ``review.set``), sorted; methods without one are the desk's own."""
    return sorted({method.partition(".")[0] for method in methods if "." in method})
