"""Colours and sizes, dark and light, after the practice of high-performance screens (ISA-101): calm greys, colour for what is abnormal.

Every colour of meaning stands beside a word and a symbol. Text on every ground has a contrast of at least 4.5 (WCAG 2.1, AA).
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from ui.model.live import Kind

TOUCH = 44  # px; the least height and width of what is touched (WCAG 2.5.5)
GAP = 8


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as #rrggbb. ``kinds`` are (ground, text) of a banner; ``severities`` are the NE 107 classes' own."""

    name: str
    window: str
    panel: str
    raised: str
    line: str
    text: str
    dim: str
    focus: str
    kinds: dict[Kind, tuple[str, str]]
    severities: dict[str, str]


_SEVERITIES = {
    "failure": "#d0272d",
    "check_function": "#d96b00",
    "out_of_specification": "#b58900",
    "maintenance_required": "#2f6fb5",
}

DARK = Theme(
    "dark",
    window="#24272a",
    panel="#2c3034",
    raised="#3a3f44",
    line="#50565c",
    text="#e4e6e8",
    dim="#a8aeb4",
    focus="#8fb8e8",
    kinds={
        Kind.ACCEPT: ("#47564d", "#f0f4f1"),
        Kind.REJECT: ("#c3272b", "#ffffff"),
        Kind.REVIEW: ("#e0a100", "#1b1b1b"),
        Kind.MISSED: ("#8a3fa8", "#ffffff"),
        Kind.IDLE: ("#3f454b", "#e4e6e8"),
        Kind.STOPPED: ("#5a6067", "#ffffff"),
        Kind.OFFLINE: ("#1a1c1e", "#e4e6e8"),
    },
    severities=_SEVERITIES,
)

LIGHT = Theme(
    "light",
    window="#d9dbdd",
    panel="#e6e8e9",
    raised="#f3f4f5",
    line="#a2a8ad",
    text="#1d2124",
    dim="#51585e",
    focus="#1d5fae",
    kinds={
        Kind.ACCEPT: ("#c3cec6", "#1d2a22"),
        Kind.REJECT: ("#c3272b", "#ffffff"),
        Kind.REVIEW: ("#f0b400", "#1b1b1b"),
        Kind.MISSED: ("#7d3799", "#ffffff"),
        Kind.IDLE: ("#c8cccf", "#1d2124"),
        Kind.STOPPED: ("#6a7177", "#ffffff"),
        Kind.OFFLINE: ("#3c4146", "#ffffff"),
    },
    severities=_SEVERITIES,
)

THEMES = {theme.name: theme for theme in (DARK, LIGHT)}


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1..21 (WCAG 2.1)."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    found = QColor(colour)
    return 0.2126 * linear(found.redF()) + 0.7152 * linear(found.greenF()) + 0.0722 * linear(found.blueF())


def on(colour: str) -> str:
    """Black or white, whichever reads better on ``colour``."""
    return max(("#ffffff", "#111111"), key=lambda ink: contrast(ink, colour))


def apply(application: QApplication, theme: Theme) -> None:
    """Dress the application; nothing is polished anew that is dressed so already."""
    sheet = _sheet(theme)
    if sheet == application.styleSheet():
        return
    if not application.styleSheet():
        application.setStyle("Fusion")
    application.setPalette(_palette(theme))
    application.setStyleSheet(sheet)


def _palette(theme: Theme) -> QPalette:
    roles = {
        QPalette.ColorRole.Window: theme.window,
        QPalette.ColorRole.Base: theme.panel,
        QPalette.ColorRole.AlternateBase: theme.raised,
        QPalette.ColorRole.Button: theme.raised,
        QPalette.ColorRole.ToolTipBase: theme.raised,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.dim,
        QPalette.ColorRole.Highlight: theme.focus,
        QPalette.ColorRole.HighlightedText: on(theme.focus),
        QPalette.ColorRole.Mid: theme.line,
    }
    palette = QPalette()
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.ButtonText, QPalette.ColorRole.Text, QPalette.ColorRole.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.dim))
    return palette


def _sheet(theme: Theme) -> str:
    return f"""
    QWidget {{ font-size: 15px; }}
    QLabel[role="dim"] {{ color: {theme.dim}; }}
    QLabel[role="title"] {{ font-size: 18px; font-weight: 600; }}
    QLabel[role="figure"] {{ font-size: 24px; font-weight: 600; }}
    QLabel[role="error"] {{ color: {theme.text}; border: 0px solid {theme.severities["failure"]}; border-left-width: 6px; padding: 6px; }}
    QFrame[role="panel"] {{ background: {theme.panel}; border: 1px solid {theme.line}; border-radius: 4px; }}
    QPushButton, QToolButton, QComboBox, QLineEdit, QSpinBox, QDoubleSpinBox, QDateTimeEdit {{
        min-height: {TOUCH - 10}px; padding: 4px 10px; background: {theme.raised}; color: {theme.text};
        border: 1px solid {theme.line}; border-radius: 4px; }}
    QPushButton, QToolButton {{ min-width: {TOUCH - 22}px; }}
    QPushButton:hover, QToolButton:hover {{ border-color: {theme.dim}; }}
    QPushButton:pressed, QToolButton:pressed, QPushButton:checked, QToolButton:checked {{
        background: {theme.line}; border: 2px solid {theme.text}; }}
    QPushButton:focus, QToolButton:focus, QComboBox:focus, QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QDateTimeEdit:focus,
    QListView:focus, QTableView:focus, QGraphicsView:focus, QSlider:focus {{ border: 2px solid {theme.focus}; }}
    QPushButton:disabled, QToolButton:disabled, QComboBox:disabled {{ color: {theme.dim}; background: {theme.panel}; }}
    QPushButton[role="main"] {{ font-weight: 600; border: 2px solid {theme.text}; }}
    QComboBox QAbstractItemView::item, QMenu::item {{ min-height: {TOUCH}px; padding: 0 16px; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: {TOUCH}px; subcontrol-origin: border; }}
    QAbstractSpinBox::up-button {{ subcontrol-position: top right; }}
    QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; }}
    QCheckBox {{ min-height: {TOUCH}px; spacing: 8px; }}
    QCheckBox::indicator {{ width: 24px; height: 24px; }}
    QCheckBox::indicator:unchecked {{ border: 2px solid {theme.dim}; border-radius: 3px; background: {theme.panel}; }}
    QAbstractSpinBox QLineEdit {{ border: 0; min-height: 0; padding: 0 8px; background: transparent; }}
    QSlider {{ min-height: {TOUCH}px; border: 2px solid transparent; }}
    QSlider::groove:horizontal {{ height: 6px; background: {theme.line}; border-radius: 3px; }}
    QSlider::handle:horizontal {{ width: 26px; margin: -11px 0; border-radius: 13px; background: {theme.text}; }}
    QTableView, QListView {{ background: {theme.panel}; border: 1px solid {theme.line}; gridline-color: {theme.line}; }}
    QHeaderView::section {{
        background: {theme.raised}; color: {theme.text}; padding: 8px; border: 0; border-right: 1px solid {theme.line}; }}
    QToolTip {{ background: {theme.raised}; color: {theme.text}; border: 1px solid {theme.line}; padding: 4px; }}
    QScrollBar:vertical {{ width: 24px; }} QScrollBar:horizontal {{ height: 24px; }}
    """
