"""One shift at the screen, done by hand: the real application, driven by real X events.

    QT_QPA_PLATFORM=xcb python -m tests.gui.shift --connect ENDPOINT --users USERS.json [--pictures DIR]

USERS.json tells the passwords: {"operator": [name, password], "engineer": [name, password]}. The shift is over when the window has been
closed by its own close button; one JSON object on stdout then tells what was done, for whoever looks at the station from outside. Exit
status: the application's own, 1 where something did not come to be seen (a picture of the screen then lies in DIR).
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QPoint, QPointF, QSettings
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QPushButton, QToolButton, QWidget

from tests.gui.hands import Hands, ShiftError, open_window
from ui.app import Desk, Options
from ui.model.label import Tool
from ui.model.live import Kind
from ui.model.part_facts import CONFIRM, FALSE_REJECT, person_verdict
from ui.screens.base import Screen
from ui.screens.label import LabelScreen
from ui.screens.live import LiveScreen
from ui.screens.login import LoginDialog
from ui.screens.review import ReviewScreen
from ui.screens.tune import TuneScreen
from ui.widgets.changes import ChangesDialog
from ui.window import Window

NOTE = "edge was only dusty"
Kept = TypeVar("Kept", bound=Screen)
ENOUGH = 5  # rejects to begin with


class Shift:
    """The steps, in their order; ``told`` is what was done."""

    def __init__(self, desk: Desk, hands: Hands, users: dict[str, list[str]]) -> None:
        self.desk = desk
        self.hands = hands
        self.users = users
        self.told: dict[str, Any] = {}

    @property
    def steps(self) -> tuple[Callable[[], None], ...]:
        """What a shift is made of."""
        return (
            self.log_in_by_keyboard,
            self.open_a_reject,
            self.confirm_it,
            self.overrule_another,
            self.be_refused_to_label,
            self.log_out,
            self.log_in_by_mouse,
            self.paint_a_defect,
            self.raise_the_threshold,
            self.see_the_new_version,
            self.acknowledge,
            self.change_colours,
            self.change_language,
            self.close,
        )

    # ---- what is there

    @property
    def window(self) -> Window:
        """The window as it is now: another language brings another one."""
        return self.desk.window

    @property
    def live(self) -> LiveScreen:
        """Its screens."""
        return _of(self.window, LiveScreen)

    @property
    def review(self) -> ReviewScreen:
        """Its screens."""
        return _of(self.window, ReviewScreen)

    @property
    def label(self) -> LabelScreen:
        """Its screens."""
        return _of(self.window, LabelScreen)

    @property
    def tune(self) -> TuneScreen:
        """Its screens."""
        return _of(self.window, TuneScreen)

    def menu(self) -> QMenu:
        """Of the user, the language and the colours."""
        return self.window.user_button.menu()

    def part(self) -> dict[str, Any]:
        """The one that Review shows; empty: none."""
        return dict(self.review.details.part or {})

    def is_on(self, screen: QWidget) -> bool:
        """Whether this screen is to be seen."""
        return self.window.stack.currentWidget() is screen

    def says(self, text: str) -> bool:
        """Whether the line above the screens says so."""
        return self.window.said_label.isVisible() and text in self.window.said_label.text()

    # ---- who sits there

    def log_in_by_keyboard(self) -> None:
        """With no mouse at all: Tab to the user, the menu's entry, name, Tab, password, Enter."""
        hands, (name, password) = self.hands, self.users["operator"]
        hands.face(lambda: self.window, "the window")
        hands.until(lambda: self.desk.shared.session.login_needed, "the desk to want a login")
        hands.press_until("Tab", QApplication.focusWidget, self.window.user_button.hasFocus, "the user's button")
        hands.key("space")
        hands.choose_by_keys(self.menu, "Log in …")
        hands.face(lambda: open_window(LoginDialog), "the login")
        hands.write(name)
        hands.key("Tab")
        hands.write(password)
        hands.key("Return")
        self._is_in(name)

    def log_in_by_mouse(self) -> None:
        """The same by clicking."""
        hands, (name, password) = self.hands, self.users["engineer"]
        hands.click(lambda: self.window.user_button, "the user's button")
        hands.choose(self.menu, "Log in …")
        dialog = hands.face(lambda: open_window(LoginDialog), "the login")
        hands.click(lambda: dialog.user, "the name")
        hands.write(name)
        hands.click(lambda: dialog.password, "the password")
        hands.write(password)
        hands.click(lambda: dialog.buttons.buttons()[0], "Log in")
        self._is_in(name)

    def _is_in(self, name: str) -> None:
        self.hands.until(
            lambda: self.desk.shared.session.user == name and name in self.window.user_button.text(), f"{name} to be logged in"
        )
        self.hands.face(lambda: self.window, "the window")

    def log_out(self) -> None:
        """By the menu."""
        self.hands.click(lambda: self.window.user_button, "the user's button")
        self.hands.choose(self.menu, "Log out")
        self.hands.until(lambda: self.desk.shared.session.login_needed, "nobody to be logged in")

    # ---- the operator

    def open_a_reject(self) -> None:
        """See one on the banner, click it in the filmstrip, have it on Review."""
        hands = self.hands
        hands.until(lambda: len(self.live.model.rejects) >= ENOUGH, "rejects")
        hands.until(lambda: self.live.banner.kind in (Kind.REJECT, Kind.REVIEW), "a reject on the banner")
        hands.click(lambda: self.live.strip.findChildren(QToolButton)[0], "the filmstrip's first")
        hands.until(lambda: self.is_on(self.review) and bool(self.part()), "the reject on Review")

    def confirm_it(self) -> None:
        """By the button; the next part follows by itself."""
        part = str(self.hands.ask(self.part)["part_id"])
        self.hands.click(lambda: self.review.details.judge.buttons[CONFIRM], "Confirm")
        self.hands.until(lambda: self.says(part), "the confirmed part to be stored")
        self.told["confirmed"] = part

    def overrule_another(self) -> None:
        """With keys alone: J to the next, N for the note, Enter, F."""
        hands, judge = self.hands, self.review.details.judge
        part = self._step_to(lambda part: part["part_id"] != self.told["confirmed"])
        hands.key("n")
        hands.until(judge.note.hasFocus, "the note to be written")
        hands.write(NOTE)
        hands.key("Return")
        hands.until(self.review.table.hasFocus, "the list to have the keys again")
        hands.until(judge.buttons[FALSE_REJECT].isEnabled, "the part to be judged")
        hands.key("f")
        hands.until(lambda: self.says(part), "the overruled part to be stored")
        self.told["false_reject"] = part

    def _step_to(self, suits: Callable[[dict[str, Any]], bool]) -> str:
        """J until a rejected part that nobody has judged yet, with regions, suits."""

        def fits() -> bool:
            part = self.part()
            return part.get("outcome") == "rejected" and bool(part["regions"]) and person_verdict(part) == "none" and suits(part)

        self.hands.until(self.review.table.hasFocus, "the list to have the keys")
        self.hands.press_until("j", lambda: self.review.details.part, fits, "a reject to judge")
        return str(self.hands.ask(self.part)["part_id"])

    def be_refused_to_label(self) -> None:
        """An operator may paint, not save; the screen says why. Undo takes it back."""
        hands = self.hands
        judged = (self.told["confirmed"], self.told["false_reject"])
        part = self.told["labelled"] = self._step_to(lambda part: part["part_id"] not in judged)
        self.told["region"] = _largest(hands.ask(self.part))
        hands.click(lambda: self.review.details.paint, "Paint defects")
        self._has_picture(part)
        self._paint()
        hands.key("ctrl+s")
        self.told["refused"] = hands.until(lambda: self.label.notice.isVisible() and self.label.notice.text(), "why it cannot be saved")
        if hands.ask(self.label.save.isEnabled) or not hands.ask(lambda: self.label.work.unsaved):
            raise ShiftError("an operator could save a label")
        hands.click(lambda: self.label.undo, "Undo")
        hands.until(lambda: not self.label.work.marked_area(), "the strokes to be undone")

    # ---- the engineer

    def _has_picture(self, part: str) -> None:
        def open_() -> bool:
            picture = self.label.work.picture
            return self.is_on(self.label) and picture is not None and picture.part_id == part and not self.label.work.busy

        self.hands.until(open_, f"part {part} to paint on")

    def _canvas(self) -> QWidget:
        return self.label.canvas.viewport()

    def _places(self, *points: tuple[float, float]) -> Callable[[], Sequence[QPoint]]:
        """Pixels of the camera image, within the canvas."""
        return lambda: [self.label.canvas.mapFromScene(QPointF(*point)) for point in points]

    def _paint(self) -> None:
        """A stroke with the brush along the defect."""
        x, y, width, height = self.told["region"]
        self.hands.key("b")
        self.hands.until(lambda: self.label.work.painter.tool is Tool.BRUSH, "the brush")
        middle = y + height / 2
        self.hands.drag(self._canvas, "the picture", self._places((x, middle), (x + width / 2, middle), (x + width, middle)))
        self.hands.until(lambda: self.label.work.unsaved and self.label.work.marked_area() > 0, "what was painted")

    def _propose(self) -> None:
        """A box around the defect; what the desk proposes is taken."""
        x, y, width, height = self.told["region"]
        self.hands.key("x")
        self.hands.until(lambda: self.label.work.painter.tool is Tool.BOX, "the box")
        edge = 4.0
        corners = ((x - edge, y - edge), (x + width / 2, y + height / 2), (x + width + edge, y + height + edge))
        self.hands.drag(self._canvas, "the picture", self._places(*corners))
        self.hands.until(lambda: self.label.work.painter.proposal is not None, "a proposed mask")
        self.hands.key("Return")
        self.hands.until(lambda: self.label.work.painter.proposal is None, "the mask to be taken")

    def paint_a_defect(self) -> None:
        """Brush, then a proposal by a box, then Ctrl+S."""
        hands = self.hands
        hands.until(lambda: not self.label.notice.isVisible(), "the engineer to be allowed to save")
        hands.click(lambda: self.label.tools.buttons[Tool.BRUSH], "the brush")
        size = hands.ask(self.label.tools.size_box.value)
        hands.key(*["bracketleft"] * 10)
        hands.until(lambda: self.label.tools.size_box.value() <= size // 2, "a finer brush")
        self._paint()
        self.told["stroke_px"] = hands.ask(self.label.work.marked_area)
        self._propose()
        self.told["area_px"] = hands.ask(self.label.work.marked_area)
        hands.key("ctrl+s")
        hands.until(lambda: not self.label.work.unsaved and self.says(self.told["labelled"]), "the label to be stored")

    def raise_the_threshold(self) -> None:
        """By typing into the spin box, Apply, and the answer to its question."""
        hands, tune = self.hands, self.tune
        hands.click(lambda: self._tab("Tune"), "the tab Tune")
        base = hands.until(lambda: tune.model.base if len(tune.panel.scores) and tune.panel.isEnabled() else None, "scores and rules")
        value = self.told["accept_threshold"] = round((base.rules.accept_threshold + base.rules.reject_threshold) / 2, 3)
        hands.click(tune.panel.thresholds.boxes["accept_threshold"].lineEdit, "the accept threshold")
        hands.key("ctrl+a")
        hands.write(f"{value}")
        hands.key("Return")
        hands.until(lambda: tune.model.draft is not None and tune.model.draft.accept_threshold == value, "the threshold to be proposed")
        self.told["recipe_before"] = base.label
        hands.click(lambda: tune.apply, "Apply")
        hands.face(lambda: open_window(ChangesDialog), "the question before it takes effect")
        hands.key("alt+a")
        self.told["recipe"] = hands.until(lambda: _label(tune) if _label(tune) != base.label else "", "a new version of the recipe")
        hands.face(lambda: self.window, "the window")

    def _tab(self, title: str) -> QPushButton:
        return next(button for button in self.window.findChildren(QPushButton) if button.text().replace("&", "") == title)

    def see_the_new_version(self) -> None:
        """On Live, where the line's state and the next parts tell it."""
        hands, live = self.hands, self.live
        hands.key("alt+l")
        hands.until(lambda: self.is_on(live), "Live")
        hands.until(lambda: (live.model.newest or {}).get("recipe") == self.told["recipe"], "a part by the new version")
        hands.until(lambda: self.told["recipe"] in {label.text() for label in live.health.findChildren(QLabel)}, "the new version on Live")

    def acknowledge(self) -> None:
        """The first condition, where the line has one."""
        named = [condition["name"] for condition in self.hands.ask(self.live.model.conditions) if not condition["acknowledged"]]
        self.told["acknowledged"] = named[:1]
        if named:
            self.hands.click(self._acknowledge_button, "Acknowledge")
            self.hands.until(lambda: self._acknowledged(named[0]), f"condition {named[0]} to be acknowledged")

    def _acknowledge_button(self) -> QPushButton:
        return next(button for button in self.live.conditions.findChildren(QPushButton) if button.text() == "Acknowledge")

    def _acknowledged(self, name: str) -> bool:
        return all(condition["acknowledged"] for condition in self.live.model.conditions() if condition["name"] == name)

    # ---- the window

    def change_colours(self) -> None:
        """To light."""
        self.hands.click(lambda: self.window.user_button, "the user's button")
        self.hands.choose(self.menu, "Light")
        self.hands.until(lambda: self.desk.shared.theme.name == "light", "light colours")

    def change_language(self) -> None:
        """To German: another window, with the same parts."""
        before, rejects = self.window, self.hands.ask(lambda: len(self.live.model.rejects))
        self.hands.click(lambda: self.window.user_button, "the user's button")
        self.hands.choose(self.menu, "Deutsch")
        self.hands.until(lambda: self.window is not before and len(self.live.model.rejects) >= min(rejects, ENOUGH), "the German window")
        self.told["user"] = self.hands.ask(self.window.user_button.text)

    def close(self) -> None:
        """By the window's own close button."""
        self.hands.close(self.hands.face(lambda: self.window, "the window"))


def _of(window: Window, kind: type[Kept]) -> Kept:
    return next(screen for screen in window.screens if isinstance(screen, kind))


def _label(tune: TuneScreen) -> str:
    return "" if tune.model.base is None else tune.model.base.label


def _largest(part: dict[str, Any]) -> tuple[float, float, float, float]:
    region = max(part["regions"], key=lambda region: float(region["area"]))
    return (float(region["x"]), float(region["y"]), float(region["w"]), float(region["h"]))


def work(shift: Shift, pictures: Path | None, told: dict[str, Any]) -> None:
    """Every step, on a thread of its own; the first that fails ends the application with status 1."""
    step: Callable[[], None] = shift.close
    try:
        for step in shift.steps:
            begun = time.monotonic()
            step()
            sys.stderr.write(f"{step.__name__}: {time.monotonic() - begun:.1f} s\n")
        told |= shift.told
    except Exception as error:  # noqa: BLE001 - whatever it is, the application has to end
        sys.stderr.write("".join(traceback.format_exception(error)) + f"failed at: {step.__name__}\n")
        shift.hands.ask(lambda: _give_up(pictures))


def _give_up(pictures: Path | None) -> None:
    screen = QApplication.primaryScreen()
    if pictures is not None:
        screen.grabWindow(0).save(str(pictures / "failed.png"))
    QApplication.exit(1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the application until the shift has closed its window."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connect", required=True)
    parser.add_argument("--users", type=Path, required=True)
    parser.add_argument("--pictures", type=Path)
    asked = parser.parse_args(arguments)
    application = QApplication(sys.argv[:1])
    application.setApplicationName("edge-inspector-ui")
    application.setOrganizationName("edge_inspector")
    desk = Desk(application, Options(connect=asked.connect, language="en", theme="dark"), QSettings())
    told: dict[str, Any] = {}
    shift = Shift(desk, Hands(), json.loads(asked.users.read_text(encoding="utf-8")))
    worker = threading.Thread(target=work, args=(shift, asked.pictures, told), name="shift", daemon=True)
    desk.start()
    worker.start()
    status = application.exec()
    desk.stop()
    worker.join(5.0)
    sys.stdout.write(json.dumps(told) + "\n")
    return status if told else 1


if __name__ == "__main__":
    sys.exit(main())
