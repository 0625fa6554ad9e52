"""What goes between the workers' threads and their owner: requests, answers, and the box they lie in. No Qt."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ui.model.picture import Preview

ANSWER_S = 2.0
Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One question. ``done`` and ``failed`` are kept for whoever hands out the answer; no worker calls them."""

    method: str
    params: Params
    done: Callable[[Params, list[bytes]], None]
    failed: Callable[[str, str], None]
    owner: object = None
    timeout_s: float = ANSWER_S


@dataclass(frozen=True, slots=True)
class Answer:
    """``code`` is empty where ``result`` is good."""

    request: Request
    result: Params = field(default_factory=dict)
    blobs: list[bytes] = field(default_factory=list)
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """Whether a process answers; ``why`` it does not; what its ``ping`` says."""

    process: str
    up: bool
    why: str = ""
    hello: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """Something that takes long and touches nothing of Qt; ``done`` is kept for whoever hands out what ``work`` returned."""

    work: Callable[[], object]
    done: Callable[[Any], None]
    owner: object = None


@dataclass(slots=True)
class Post:
    """What has come since it was last taken."""

    links: list[Link] = field(default_factory=list)
    states: list[Params] = field(default_factory=list)
    parts: list[Params] = field(default_factory=list)
    overflow: bool = False
    preview: Preview | None = None
    answers: list[Answer] = field(default_factory=list)
    finished: list[tuple[Job, object]] = field(default_factory=list)


class Mailbox:
    """Filled by the workers, emptied by one owner, who is told once however much has come."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._lock = threading.Lock()
        self._post = Post()
        self._rung = False

    def put(self, change: Callable[[Post], None]) -> None:
        """Add something; rings where the owner has not been told yet."""
        with self._lock:
            change(self._post)
            rung, self._rung = self._rung, True
        if not rung:
            self._ring()

    def take(self) -> Post:
        """Everything, once."""
        with self._lock:
            post, self._post, self._rung = self._post, Post(), False
        return post
