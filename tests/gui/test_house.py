"""The rules of the house, on every screen and in every language: large enough, named, reached by Tab, nothing cut, no key twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QSlider,
    QTableView,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.gui.station import STATE, StationStock, part_entry, serving, spot
from tests.unit.desk.stock import name
from ui.app import Desk
from ui.language import LANGUAGES
from ui.model.tune import Change
from ui.screens.base import Screen
from ui.screens.label import LabelScreen
from ui.screens.live import LiveScreen
from ui.screens.login import LoginDialog
from ui.screens.password import PasswordDialog
from ui.screens.review import ReviewScreen
from ui.screens.tune import TuneScreen
from ui.theme import TOUCH
from ui.widgets.changes import ChangesDialog
from ui.window import Window

ROOT = Path(__file__).resolve().parents[2]
WAIT_MS = 15_000
SIZE = (1280, 800)
SCREENS: tuple[type[Screen], ...] = (LiveScreen, ReviewScreen, LabelScreen, TuneScreen)
PARTS = 12
TOUCHED = QAbstractButton | QComboBox | QAbstractSpinBox | QSlider | QLineEdit
CONDITION = {"name": "plc_silent", "severity": "failure", "message": "the gate is silent", "active": True, "acknowledged": False}
CONDITIONS = {"conditions": [CONDITION | {"since_utc": "2026-01-02T03:04:05Z", "confirmed_by": ""}]}


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StationStock]:
    with serving(tmp_path_factory.mktemp("house"), {**STATE, **CONDITIONS, "gates": ["belt"], "backend": "openvino"}) as stock:
        for seq in range(1, PARTS + 1):
            stock.add(part_entry(seq, timedelta(minutes=2 * (PARTS - seq) + 1)))
            if seq % 2 == 0:
                stock.archive(seq, spot(240, 320, 160, 120, 24))
        yield stock


@pytest.fixture(params=LANGUAGES)
def window(request: pytest.FixtureRequest, qtbot: QtBot, open_desk: Callable[..., Desk], stock: StationStock) -> Window:
    """The whole window on the stock desk, as large as the smallest panel, with a part on each screen."""
    desk = open_desk(stock.control, language=request.param, theme="dark")
    window = desk.window
    window.setFixedSize(*SIZE)
    bridge = desk.bridge
    qtbot.waitUntil(lambda: all(screen.services <= bridge.services for screen in window.screens) and bridge.connected, timeout=WAIT_MS)
    return window


def of(window: Window, kind: type[Screen]) -> Screen:
    return next(screen for screen in window.screens if isinstance(screen, kind))


def fill(window: Window, kind: type[Screen], qtbot: QtBot, stock: StationStock) -> Screen:
    """Go to a screen and wait until there is something on it."""
    screen = of(window, kind)
    if isinstance(screen, LabelScreen):
        window.shared.label_wanted.emit(name(4), 0)
        qtbot.waitUntil(lambda: screen.work.picture is not None and not screen.work.busy, timeout=WAIT_MS)
    window.go_to(screen)
    if isinstance(screen, LiveScreen):
        live = screen
        qtbot.waitUntil(lambda: bool(live.model.state), timeout=WAIT_MS)
        entries = [part_entry(seq, timedelta(seconds=PARTS - seq)) for seq in range(1, PARTS + 1)]
        window.shared.bridge.parts.emit([{**entry["message"], "regions": entry["regions"], "n": n} for n, entry in enumerate(entries, 1)])
        qtbot.waitUntil(lambda: len(_seen(live.strip, QToolButton)) > 4 and bool(_seen(live.conditions, QPushButton)), timeout=WAIT_MS)
    if isinstance(screen, ReviewScreen):
        review = screen
        qtbot.waitUntil(lambda: review.details.part is not None and review.details.paint.isEnabled(), timeout=WAIT_MS)
        review.filters.more.setChecked(True)
    if isinstance(screen, TuneScreen):
        tune = screen
        qtbot.waitUntil(lambda: len(tune.panel.scores) > 0 and tune.model.base is not None, timeout=WAIT_MS)
    QApplication.processEvents()
    return screen


def _seen(within: QWidget, kind: type[QWidget]) -> list[QWidget]:
    return [widget for widget in within.findChildren(kind) if widget.isVisible()]


def inner(widget: QWidget) -> bool:
    """A part of another control, which is judged as a whole."""
    parent = widget.parentWidget()
    return isinstance(parent, QAbstractSpinBox | QComboBox | QAbstractScrollArea)


def called(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton | QLabel) else ""
    return f"{type(widget).__name__} '{widget.accessibleName() or text or widget.toolTip()}' {widget.width()}x{widget.height()}"


# ---- the rules: each gives what breaks it, in words


def too_small(page: QWidget) -> list[str]:
    """What is touched and is less than 44 px high, or a button of less width."""
    found = []
    for widget in _seen(page, QWidget):
        if isinstance(widget, TOUCHED) and not inner(widget) and widget.isEnabled():
            narrow = isinstance(widget, QPushButton | QToolButton) and widget.width() < TOUCH
            if widget.height() < TOUCH or narrow:
                found.append(called(widget))
        if isinstance(widget, QListView | QTableView) and widget.model() is not None and widget.model().rowCount():
            height = widget.visualRect(widget.model().index(0, 0)).height()
            if 0 < height < TOUCH:
                found.append(f"a row of {called(widget)}: {height} px")
    return found


def nameless(page: QWidget) -> list[str]:
    """What can have the keys and tells a screen reader nothing."""
    found = []
    for widget in _seen(page, QWidget):
        text = widget.text() if isinstance(widget, QAbstractButton | QLabel) else ""
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus and not inner(widget) and not (widget.accessibleName() or text):
            found.append(called(widget))
    return found


def unreachable(page: QWidget) -> list[str]:
    """What takes the keys, is switched on and no Tab leads to. Of exclusive buttons one is enough: arrows go on from there."""
    top = page.window()
    reached, widget = set(), top.nextInFocusChain()
    while widget is not None and widget is not top:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            reached.add(widget)
        widget = widget.nextInFocusChain()
    return [called(widget) for widget in _wants_keys(page) if widget not in reached and not _grouped(widget)]


def _wants_keys(page: QWidget) -> list[QWidget]:
    kinds = (QAbstractButton, QComboBox, QAbstractSpinBox, QSlider, QLineEdit, QAbstractItemView)
    return [widget for widget in _seen(page, QWidget) if isinstance(widget, kinds) and widget.isEnabled() and not inner(widget)]


def _grouped(widget: QWidget) -> bool:
    group = widget.group() if isinstance(widget, QAbstractButton) else None
    return group is not None and group.exclusive()


def cut(page: QWidget) -> list[str]:
    """Texts that have less room than they need."""
    found = []
    for widget in _seen(page, QWidget):
        if isinstance(widget, QLabel) and widget.text() and not widget.visibleRegion().isEmpty():
            found += [f"{called(widget)} needs {room}" for room in _label_needs(widget)]
        if isinstance(widget, QPushButton | QToolButton | QCheckBox) and widget.text() and not inner(widget):
            needed = widget.minimumSizeHint() if isinstance(widget, QCheckBox) else widget.sizeHint()
            lines = max(map(widget.fontMetrics().horizontalAdvance, widget.text().replace("&", "").split("\n")))
            if lines > widget.width() - 8 or (not isinstance(widget, QToolButton) and needed.width() > widget.width()):
                found.append(f"{called(widget)} needs {max(lines + 8, needed.width())}")
    return found


def _label_needs(label: QLabel) -> list[str]:
    if label.wordWrap():
        needed = label.heightForWidth(label.width())
        words = max(map(label.fontMetrics().horizontalAdvance, label.text().split()), default=0) if not _rich(label) else 0
        return [f"{needed} high"] * (needed > label.height()) + [f"{words} wide"] * (words > label.width())
    hint = label.sizeHint()
    short = hint.width() > label.width() and label.toolTip() != label.text()
    return [f"{hint.width()}x{hint.height()}"] * (short or hint.height() > label.height())


def _rich(label: QLabel) -> bool:
    return label.textFormat() == Qt.TextFormat.RichText or "<" in label.text()


def outside(page: QWidget) -> list[str]:
    """What stands beyond its window's edge."""
    window = page.window()
    frame = QRect(0, 0, window.width(), window.height())
    found = []
    for widget in _seen(page, QWidget):
        where = QRect(widget.mapTo(window, widget.rect().topLeft()), widget.size())
        if isinstance(widget, TOUCHED) and not inner(widget) and not _scrolled(widget) and not frame.contains(where):
            found.append(called(widget))
    return found


def _scrolled(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QAbstractScrollArea):
        parent = parent.parentWidget()
    return parent is not None


def twice(page: QWidget) -> list[str]:
    """Keys that two things of a page, or of the window around it, listen to: then neither hears them."""
    keys: Counter[str] = Counter()
    for widget in _seen(page.window(), QWidget):
        if isinstance(widget, QAbstractButton | QLabel) and (isinstance(widget, QAbstractButton) or widget.buddy() is not None):
            mnemonic = QKeySequence.mnemonic(widget.text())
            keys.update([mnemonic.toString()] * (not mnemonic.isEmpty()))
    for shortcut in page.window().findChildren(QShortcut):
        owner = shortcut.parent()
        if isinstance(owner, QWidget) and owner.isVisible():
            keys.update([shortcut.key().toString()])
    return [f"{key}: {count} times" for key, count in keys.items() if count > 1]


RULES = {rule.__name__: rule for rule in (too_small, nameless, unreachable, cut, outside, twice)}


def broken(page: QWidget) -> dict[str, list[str]]:
    """Rule: what breaks it; those that hold are left out."""
    return {rule: found for rule, look in RULES.items() if (found := look(page))}


@pytest.mark.parametrize("kind", SCREENS, ids=lambda kind: kind.__name__)
def test_a_screen_keeps_the_rules(kind: type[Screen], window: Window, qtbot: QtBot, stock: StationStock) -> None:
    screen = fill(window, kind, qtbot, stock)
    assert (window.width(), window.height()) == SIZE
    middle = window.centralWidget()
    assert middle is not None
    bar = {f"{rule} (bar)": found for rule in ("too_small", "nameless", "cut") if (found := RULES[rule](middle))}
    assert broken(screen) | bar == {}


def test_the_login_keeps_the_rules(window: Window, qtbot: QtBot) -> None:
    dialog = LoginDialog(window.shared, window)
    keeps(dialog, qtbot)


def test_the_change_of_a_password_keeps_the_rules(window: Window, qtbot: QtBot) -> None:
    keeps(PasswordDialog(window.shared, window), qtbot)


def test_the_question_before_changes_keeps_the_rules(window: Window, qtbot: QtBot) -> None:
    changes = (Change("accept_threshold", 0.28, 0.3), Change("reject_area_px", None, 12.0), Change("roi", (), (((0, 0), (9, 0), (9, 9)),)))
    keeps(ChangesDialog("ring:12", changes, ["Three more escapes."], window), qtbot)


def keeps(dialog: QDialog, qtbot: QtBot) -> None:
    dialog.open()
    qtbot.waitExposed(dialog)
    try:
        assert broken(dialog) == {}
    finally:
        dialog.reject()
        dialog.deleteLater()


def test_tab_alone_comes_round_a_screen(window: Window, qtbot: QtBot, stock: StationStock) -> None:
    """Not the chain but the key itself: nothing on the way keeps it."""
    for kind in SCREENS:
        screen = fill(window, kind, qtbot, stock)
        window.activateWindow()
        window.user_button.setFocus()
        qtbot.waitUntil(window.user_button.hasFocus, timeout=WAIT_MS)
        met: list[QWidget] = []
        while (now := QApplication.focusWidget()) not in met:
            assert now is not None, f"{kind.__name__}: the keys are lost after {called(met[-1])}" if met else "nothing has the keys"
            met.append(now)
            qtbot.keyClick(now, Qt.Key.Key_Tab)
        missing = [called(widget) for widget in _wants_keys(screen) if widget not in met and not _grouped(widget)]
        assert missing == [], f"{kind.__name__}: Tab came by {[called(widget) for widget in met]}"


SCALED = """
import sys
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from ui.app import Desk, Options
application = QApplication(sys.argv[:1])
folder, language = sys.argv[1:]
settings = QSettings(folder + "/ui.ini", QSettings.Format.IniFormat)
desk = Desk(application, Options(connect="ipc://" + folder + "/nobody", language=language), settings)
desk.start()
application.processEvents()
pages = (desk.window, *desk.window.screens)
least = [(type(page).__name__, page.minimumSizeHint().width(), page.minimumSizeHint().height()) for page in pages]
print(desk.window.devicePixelRatioF(), desk.window.width(), desk.window.height(), *[":".join(map(str, told)) for told in least])
desk.window.leave()
desk.stop()
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_at_two_pixels_for_one_the_window_still_fits(language: str, tmp_path: Path) -> None:
    surroundings = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": "2"}
    done = subprocess.run(
        [sys.executable, "-c", SCALED, str(tmp_path), language],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ratio, width, height, *least = done.stdout.split()
    assert float(ratio) == 2.0
    assert (int(width), int(height)) == SIZE
    too_large = [page for page in least if int(page.split(":")[1]) > SIZE[0] or int(page.split(":")[2]) > SIZE[1]]
    assert too_large == []
