"""Symbols drawn, not typed: no font has to hold them. Each kind has a shape of its own, so that nobody needs to see colours."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QIcon, QPainter, QPen, QPixmap, QPolygonF

from ui.model.live import Kind
from ui.theme import on

_STROKES: dict[Kind, tuple[tuple[tuple[float, float], ...], ...]] = {
    Kind.ACCEPT: (((0.12, 0.55), (0.4, 0.85), (0.9, 0.18)),),
    Kind.REJECT: (((0.15, 0.15), (0.85, 0.85)), ((0.85, 0.15), (0.15, 0.85))),
    Kind.REVIEW: (((0.25, 0.3), (0.32, 0.15), (0.5, 0.08), (0.7, 0.16), (0.74, 0.34), (0.5, 0.52), (0.5, 0.68)), ((0.5, 0.9), (0.5, 0.91))),
    Kind.MISSED: (((0.15, 0.85), (0.85, 0.15)),),
    Kind.STOPPED: (((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8), (0.2, 0.2)),),
    Kind.IDLE: (((0.1, 0.5), (0.11, 0.5)), ((0.5, 0.5), (0.51, 0.5)), ((0.9, 0.5), (0.91, 0.5))),
    Kind.OFFLINE: (((0.1, 0.9), (0.9, 0.1)), ((0.15, 0.35), (0.5, 0.2), (0.85, 0.35)), ((0.3, 0.6), (0.5, 0.5), (0.7, 0.6))),
}
LETTERS = {"failure": "F", "check_function": "C", "out_of_specification": "S", "maintenance_required": "M"}  # NAMUR NE 107, table 1


def draw_kind(painter: QPainter, kind: Kind, box: QRectF, colour: str) -> None:
    """The symbol of a verdict or state, filling ``box``."""
    pen = QPen(QColor(colour), max(2.0, box.width() * 0.13))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for stroke in _STROKES[kind]:
        painter.drawPolyline(QPolygonF([QPointF(box.x() + x * box.width(), box.y() + y * box.height()) for x, y in stroke]))
    if kind is Kind.MISSED:
        painter.drawEllipse(box.adjusted(*(box.width() * share for share in (0.1, 0.1, -0.1, -0.1))))


def draw_severity(painter: QPainter, severity: str, box: QRectF, colour: str) -> None:
    """NE 107: failure a circle, check function a triangle down, out of specification one up, maintenance a square; each with its letter."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(QColor(colour)))
    if severity == "failure":
        painter.drawEllipse(box)
    elif severity == "maintenance_required":
        painter.drawRect(box.adjusted(2, 2, -2, -2))
    else:
        top, bottom = (box.top(), box.bottom()) if severity == "out_of_specification" else (box.bottom(), box.top())
        painter.drawPolygon(QPolygonF([QPointF(box.center().x(), top), QPointF(box.right(), bottom), QPointF(box.left(), bottom)]))
    font = QFont(painter.font())
    font.setPixelSize(max(8, round(box.height() * 0.5)))
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QColor(on(colour)))
    shift = {"out_of_specification": 0.14, "check_function": -0.14}.get(severity, 0.0) * box.height()
    painter.drawText(box.translated(0, shift), Qt.AlignmentFlag.AlignCenter, LETTERS.get(severity, "?"))


def run_icon(colour: str, size: int = 24) -> QPixmap:
    """The line inspects: a triangle, as on every player; it says nothing of what it finds."""
    pixmap, painter = _canvas(size)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(QColor(colour)))
    painter.drawPolygon(QPolygonF([QPointF(0.25 * size, 0.15 * size), QPointF(0.85 * size, 0.5 * size), QPointF(0.25 * size, 0.85 * size)]))
    painter.end()
    return pixmap


def severity_icon(severity: str, colour: str, size: int = 28) -> QPixmap:
    """The NE 107 symbol as a picture."""
    pixmap, painter = _canvas(size)
    draw_severity(painter, severity, QRectF(1, 1, size - 2, size - 2), colour)
    painter.end()
    return pixmap


def kind_icon(kind: Kind, colour: str, size: int = 24) -> QIcon:
    """A verdict's symbol as an icon."""
    pixmap, painter = _canvas(size)
    draw_kind(painter, kind, QRectF(3, 3, size - 6, size - 6), colour)
    painter.end()
    return QIcon(pixmap)


def _canvas(size: int) -> tuple[QPixmap, QPainter]:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    return pixmap, painter
