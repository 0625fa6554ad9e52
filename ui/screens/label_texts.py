"""What the label screen says."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale, QObject, Qt

from ui.model.label import Tool
from ui.model.label_queue import Label
from ui.screens.base import Shared
from ui.screens.label_work import LabelWork
from ui.widgets.label_lists import Entry
from ui.widgets.label_strip import LabelStrip
from ui.words import reason_word, role_word


class LabelTexts(QObject):
    """Sentences, by what is going on."""

    def __init__(self, shared: Shared, parent: QObject) -> None:
        super().__init__(parent)
        self._shared = shared

    def nothing_waits(self) -> str:
        """An empty queue."""
        return self.tr("No part waits for a label. Parts that are not accepted come here; open others from Review.")

    def none_so_far(self, seen: int) -> str:
        """A queue that is empty as far back as it was looked at."""
        return self.tr("None of the newest {count} parts that were not accepted waits for a label.").format(count=seen)

    def nothing_made(self) -> str:
        """No label yet."""
        return self.tr("No labels yet. Open a part, paint its defects and save.")

    def why_not_save(self) -> str:
        """Why whoever sits here cannot save; empty where they can."""
        session = self._shared.session
        if session.allows("engineer"):
            return ""
        if session.login_needed:
            return self.tr("Log in as {role} to save labels.").format(role=role_word("engineer"))
        return self.tr("Saving needs the role {needed}. You are {role}.").format(needed=role_word("engineer"), role=role_word(session.role))

    def detail(self, work: LabelWork) -> str:
        """Beside the part's name."""
        if work.picture is None:
            return ""
        return self.tr("not saved") if work.unsaved else self._stored(work)

    def _stored(self, work: LabelWork) -> str:
        picture = work.picture
        for label in work.queue.labels:
            if picture is not None and (label.part_id, label.view) == (picture.part_id, picture.view):
                return self.tr("labelled by {author}, {time}").format(author=label.author, time=local_time(label.at_utc))
        return self.tr("no label")

    def sure_of_nothing(self, area: int) -> str:
        """The question before an empty mask is saved."""
        if area:
            return self.tr("Clear the {area} px that are marked, and save that this picture has no defect?").format(area=area)
        return self.tr("Save that this picture has no defect? It takes the place of a label stored before.")

    def fill_strip(self, strip: LabelStrip, work: LabelWork) -> None:
        """What is to be decided, waited for or done next."""
        painter = work.painter
        if work.busy == "proposing":
            strip.wait_or_drop(self.tr("A mask is being proposed …"))
        elif work.busy:
            strip.wait(self.tr("Saving …") if work.busy == "saving" else self.tr("Opening …"))
        elif painter.proposal is not None:
            strip.ask(self.tr("Proposed mask: {area} px.").format(area=painter.proposal.area), self.tr("Take"))
        elif painter.points and painter.tool is Tool.POLYGON:
            strip.ask(self.tr("Polygon: {count} points.").format(count=len(painter.points)), self.tr("Close"))
            strip.take.setEnabled(len(painter.points) >= 3)
            return
        else:
            strip.say(self._hint(painter.tool) if work.picture else self._nothing_open(work))
        strip.take.setEnabled(True)

    def _nothing_open(self, work: LabelWork) -> str:
        if work.queue.open or work.queue.labels:
            return self.tr("Choose a part at the right.")
        return self.none_so_far(work.queue.seen) if work.paused else self.nothing_waits()

    def _hint(self, tool: Tool) -> str:
        return {
            Tool.BRUSH: self.tr("Paint the defect. [ and ] change the size; the wheel zooms; space and drag pan."),
            Tool.ERASER: self.tr("Paint back to normal. [ and ] change the size."),
            Tool.POLYGON: self.tr("Click the defect's corners. Enter closes, Escape drops, Backspace takes a corner back."),
            Tool.BOX: self.tr("Draw a box around the defect. Its mask is proposed."),
            Tool.CLICK: self.tr("Click on the defect. Its mask is proposed."),
        }[tool]


def local_time(utc: str) -> str:
    """An ISO 8601 time as people here write it."""
    moment = QDateTime.fromString(utc, Qt.DateFormat.ISODateWithMs).toLocalTime()
    locale = QLocale()
    short = locale.toString(moment.date(), QLocale.FormatType.ShortFormat)
    return f"{short} {moment.time().toString('HH:mm:ss')}"


def queue_entry(row: dict[str, Any]) -> Entry:
    """A part to label: when, why it was not accepted, which."""
    pattern = QCoreApplication.translate("LabelTexts", "{time}\n{reason}")
    return Entry(row["part_id"], 0, pattern.format(time=local_time(row["triggered_utc"]), reason=reason_word(str(row["reason"]))))


def labelled_entry(label: Label) -> Entry:
    """A label made: when, by whom, what."""
    pattern = QCoreApplication.translate("LabelTexts", "{time}  {author}\n{classes}")
    classes = ", ".join(label.classes) or QCoreApplication.translate("LabelTexts", "no defect")
    text = pattern.format(time=local_time(label.at_utc), author=label.author, classes=classes)
    return Entry(label.part_id, label.view, text)
