"""What the label screen asks of the desk, and what it has in hand: queue, classes, the open picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from ui.bridge import Bridge
from ui.model.label import Classes, Mark, Painter, proposed_mask, put_params, stored_mask
from ui.model.label_queue import LabelQueue
from ui.model.picture import Map, Pixels, decode_image, decode_map
from ui.model.strokes import Marks

PAGE = 100
WANTED: dict[str, Any] = {"outcomes": ["rejected"]}  # review included; a missed part has no picture
PAGES = 5  # looked at in one go while few parts wait: a history where nearly all are labelled is not walked through unasked
ENOUGH = 20  # parts fill any list: more are asked for as somebody scrolls
FIRST_CLASS = "defect"  # where nobody has named one yet
PICTURE_S = 5.0  # so long the desk may take for a picture, a proposal, a label
Reply = dict[str, Any]
Place = tuple[str, int]
"""Part and view."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One picture to paint on. ``views`` are the views of the part that there are pictures of."""

    part_id: str
    view: int
    views: tuple[int, ...]
    image: Pixels
    anomaly_map: Map | None


class LabelWork(QObject):
    """Used on Qt's thread. An answer that comes when something else has been opened meanwhile is let go."""

    lists_changed = Signal()
    opened = Signal(object)
    """``Opened``; ``painter`` holds its mask."""
    gone = Signal(str)
    """The part has no picture, and why."""
    proposed = Signal(object)
    """bool (H, W)."""
    stored = Signal(str)
    """This part's label."""
    busy_changed = Signal(str)
    """What is waited for: "opening", "proposing", "saving" or nothing."""
    failed = Signal(str, object)
    """A message, and what asks again."""

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.queue = LabelQueue()
        self.classes = Classes()
        self.painter = Painter(1, 1)
        self.picture: Opened | None = None
        self.busy = ""
        self._bridge = bridge
        self._turn = 0
        self._asking = False
        self._pages, self._waited = 0, 0
        self._storing = -1

    def _ask(self, method: str, params: Reply, done: Callable[[Reply, list[bytes]], None], again: Callable[[], object]) -> None:
        """An answer after another turn began is let go, good or bad."""
        turn = self._turn

        def if_current(reply: Reply, blobs: list[bytes]) -> None:
            if turn == self._turn:
                self._guard(done, reply, blobs, again)

        def refused(code: str, message: str) -> None:
            del code
            if turn == self._turn:
                self._fail(message, again)

        self._bridge.ask_desk(self, method, params, if_current, refused, PICTURE_S)

    def _guard(self, done: Callable[[Reply, list[bytes]], None], reply: Reply, blobs: list[bytes], again: Callable[[], object]) -> None:
        """What the desk sent may not be what was agreed on."""
        try:
            done(reply, blobs)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            self._fail(f"{type(error).__name__}: {error}", again)

    def _fail(self, message: str, again: Callable[[], object]) -> None:
        self._be("")
        self.failed.emit(message, again)

    def _be(self, busy: str) -> None:
        if busy != self.busy:
            self.busy = busy
            self.busy_changed.emit(busy)

    # ---- lists

    def refresh(self) -> None:
        """Classes, labels and the first page of the queue anew."""
        self._go()
        self._ask_freely("labels.classes", {}, self._take_classes)
        self._ask_freely("labels.list", {}, self._take_labels)
        self._ask_freely("history.query", {**WANTED, "limit": PAGE}, self._take_newest)

    @property
    def paused(self) -> bool:
        """Whether there are older parts that are looked at only when somebody asks for it."""
        return self.queue.more is not None and self._pages >= PAGES

    def look_further(self) -> None:
        """Some pages more."""
        self._go()
        self.more()

    def _go(self) -> None:
        self._pages, self._waited = 0, len(self.queue.open)

    def more(self) -> None:
        """The next page of the queue."""
        if self.queue.more is not None and not self._asking and not self.paused:
            self._asking = True
            params = {**WANTED, "limit": PAGE, **self.queue.more}
            self._ask_freely("history.query", params, self._take_page)

    def _ask_freely(self, method: str, params: Reply, done: Callable[[Reply], None]) -> None:
        """Whatever is open meanwhile."""

        def refused(_code: str, message: str) -> None:
            self._asking = False
            self.failed.emit(message, self.refresh)

        self._bridge.ask_desk(self, method, params, lambda reply, _blobs: done(reply), refused)

    def _take_classes(self, reply: Reply) -> None:
        self.classes.learn(reply["classes"])
        if not self.classes.names:
            self.classes.learn([FIRST_CLASS])
        self.lists_changed.emit()

    def _take_labels(self, reply: Reply) -> None:
        self.queue.take_labels(reply["labels"])
        self.lists_changed.emit()

    def _take_newest(self, reply: Reply) -> None:
        self.queue.take_newest(reply)
        self._paged()

    def _take_page(self, reply: Reply) -> None:
        self._asking = False
        self.queue.take(reply)
        self._paged()

    def _paged(self) -> None:
        self._pages += 1
        if len(self.queue.open) - self._waited >= ENOUGH:
            self._go()
        self.lists_changed.emit()
        if not self.queue.open:  # a page of parts that are all labelled shows nothing to scroll
            self.more()

    # ---- one picture

    def open(self, part_id: str, view: int) -> None:
        """Fetch picture, map and label. The open one stays until they have come."""
        self._turn += 1
        self._be("opening")
        self._ask(
            "images.get", {"part_id": part_id}, lambda reply, blobs: self._pictured(reply, blobs, view), lambda: self.open(part_id, view)
        )

    def close(self) -> None:
        """Nothing is open any more."""
        self._turn += 1
        self._be("")
        self.picture = None
        self.painter = Painter(1, 1)

    def _pictured(self, reply: Reply, blobs: list[bytes], view: int) -> None:
        if self.unsaved:  # painted on while the answer was on its way: that stays
            self._be("")
            return
        there = {int(told["view"]): told for told in reply["views"] if told.get("image") is not None}
        if not there:
            self.close()
            self.queue.done(str(reply["part_id"]))
            self.gone.emit(str(reply.get("why", "")))
            return
        view = view if view in there else min(there)
        told = there[view]
        turn, part_id = self._turn, str(reply["part_id"])
        image_file, map_file = blobs[told["image"]], b"" if told.get("map") is None else blobs[told["map"]]

        def decoded(found: tuple[Pixels | None, Map | None]) -> None:
            if turn != self._turn:
                return
            image, anomaly_map = found
            if image is None:
                self._fail(f"the picture of part {part_id}, view {view}, is neither PNG nor JPEG", lambda: self.open(part_id, view))
            else:
                self._with_map(Opened(part_id, view, tuple(sorted(there)), image, anomaly_map))

        self._bridge.work(self, lambda: (decode_image(image_file), decode_map(map_file)), decoded)

    def _with_map(self, picture: Opened) -> None:
        again = lambda: self.open(picture.part_id, picture.view)  # noqa: E731 - the same question once more
        params = {"part_id": picture.part_id, "view": picture.view}
        self._ask("labels.get", params, lambda reply, blobs: self._labelled(picture, reply, blobs), again)

    def _labelled(self, picture: Opened, reply: Reply, blobs: list[bytes]) -> None:
        if self.unsaved:
            self._be("")
            return
        height, width = picture.image.shape[:2]
        painter = Painter(width, height)
        if reply["classes"]:
            painter.mask.load(stored_mask(blobs[0], reply["classes"], self.classes))
        painter.tool, painter.size = self.painter.tool, self.painter.size
        painter.number = min(self.painter.number, max(1, len(self.classes.names)))
        self.painter, self.picture = painter, picture
        self._be("")
        self.opened.emit(picture)

    # ---- proposals

    def propose(self, mark: Mark) -> None:
        """Ask for the mask that a mark means."""
        if self.picture is None or self.busy not in ("", "proposing"):
            return
        self._turn += 1  # a newer mark takes the place of one that is still waited for
        self._be("proposing")
        params = {**self._which(), **mark.params()}
        self._ask("labels.propose", params, lambda _reply, blobs: self._has_proposal(blobs), lambda: self.propose(mark))

    def drop_proposal(self) -> None:
        """Do not wait for it any more."""
        if self.busy == "proposing":
            self._turn += 1
            self._be("")

    def _has_proposal(self, blobs: list[bytes]) -> None:
        where = proposed_mask(blobs[0])
        self.drop_proposal()
        self.proposed.emit(where)

    def _which(self) -> Reply:
        return {"part_id": self.picture.part_id, "view": self.picture.view} if self.picture else {}

    # ---- saving

    @property
    def unsaved(self) -> bool:
        """Whether the open picture's mask is another than the stored one."""
        return self.picture is not None and self.painter.mask.dirty

    def save(self) -> None:
        """Store the mask as it is now; one may paint on meanwhile."""
        if self.picture is None or self.busy:
            return
        self.painter.release()
        self._turn += 1
        self._be("saving")
        painter, version, pixels = self.painter, self.painter.mask.version, self.painter.mask.pixels
        self._storing = version
        params = {**self._which(), **put_params(pixels, self.classes.names)}
        self._ask("labels.put", params, lambda reply, _blobs: self._saved(reply, painter, version, bool(params["classes"])), self.save)

    def _saved(self, reply: Reply, painter: Painter, version: int, marked: bool) -> None:
        painter.mask.saved(version)
        if not marked:
            self.queue.good(str(reply["part_id"]), int(reply["view"]))
        self._be("")
        self._ask_freely("labels.list", {}, self._take_labels)
        self.stored.emit(str(reply["part_id"]))

    @property
    def storing_all(self) -> bool:
        """Whether everything painted is on its way to the desk."""
        return self.busy == "saving" and self.painter.mask.version == self._storing

    def before(self) -> Place | None:
        """The part before the open one in the queue, and its view to label."""
        return self._place(self.queue.before(self.picture.part_id if self.picture else ""))

    def after(self) -> Place | None:
        """The open part's next view to label, else the next part in the queue."""
        if self.picture is None:
            return self._place(self.queue.after(""))
        view = self.queue.further_view(self.picture.part_id, self.picture.view)
        return (self.picture.part_id, view) if view is not None else self._place(self.queue.after(self.picture.part_id))

    def _place(self, part_id: str | None) -> Place | None:
        return None if part_id is None else (part_id, self.queue.next_view(part_id))

    def marked_area(self) -> int:
        """Pixels that are marked."""
        return _area(self.painter.mask.pixels)


def _area(pixels: Marks) -> int:
    return int((pixels != 0).sum())
