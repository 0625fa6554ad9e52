"""Camera and PLC link, recipe and bundle, rate and latency: the line in one column of words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from ui.model.live import LiveModel


class HealthWidget(QFrame):
    """Rows of a word and what it is now. A row that is not well begins with a mark."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        layout = QGridLayout(self)
        layout.setVerticalSpacing(2)
        layout.setColumnStretch(1, 1)
        words = {
            "cameras": self.tr("Camera"),
            "plc": self.tr("PLC gate"),
            "recipe": self.tr("Recipe"),
            "bundle": self.tr("Model"),
            "pace": self.tr("Pace"),
        }
        self._values: dict[str, QLabel] = {}
        for row, (name, word) in enumerate(words.items()):
            label, value = QLabel(word), QLabel("–")
            label.setProperty("role", "dim")
            value.setAccessibleName(word)
            layout.addWidget(label, row, 0)
            layout.addWidget(value, row, 1)
            self._values[name] = value

    def show_line(self, model: LiveModel, now_s: float) -> None:
        """From the newest state."""
        state = model.state
        latency = model.latency_ms()
        texts = {
            "cameras": self._cameras(state),
            "plc": self._gates(state),
            "recipe": str(state.get("recipe") or "–"),
            "bundle": " · ".join(str(state[name]) for name in ("bundle", "backend", "precision") if state.get(name)) or "–",
            "pace": self._pace(model.rate(now_s), latency),
        }
        for name, text in texts.items():
            if self._values[name].text() != text:
                self._values[name].setText(text)
                self._values[name].setToolTip(text)

    def _pace(self, rate: float, latency: float | None) -> str:
        if latency is None:
            return self.tr("{rate:.1f} parts/s").format(rate=rate)
        return self.tr("{rate:.1f} parts/s, verdict after {ms:.0f} ms").format(rate=rate, ms=latency)

    def _cameras(self, state: Mapping[str, Any]) -> str:
        cameras = state.get("cameras")
        if cameras is None:
            return "–"
        return ", ".join(str(c["name"]) if c["connected"] else self.tr("⚠ {name} not connected").format(name=c["name"]) for c in cameras)

    def _gates(self, state: Mapping[str, Any]) -> str:
        gates = state.get("gates")
        if gates is None:
            return "–"
        gone = [gate for gate in state.get("plc") or () if not gate.get("connected")]
        lost = [self.tr("⚠ {name} lost for {seconds:.0f} s").format(name=g["name"], seconds=(g.get("silent_ms") or 0) / 1e3) for g in gone]
        said = [*gates, *lost]
        return ", ".join(said) if said else self.tr("⚠ none connected")
