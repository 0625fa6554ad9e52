"""Camera and PLC link, recipe and bundle, proof of the engine, rate and latency: the line in one column of words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from ui.model.live import LiveModel
from ui.model.proof import Proof, proof_of


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
            "proof": self.tr("Equivalence"),
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
        latency, proof = model.latency_ms(), proof_of(state)
        texts = {
            "cameras": self._cameras(state),
            "plc": self._gates(state),
            "recipe": str(state.get("recipe") or "–"),
            "bundle": " · ".join(str(state[name]) for name in ("bundle", "backend", "precision") if state.get(name)) or "–",
            "proof": self._proof(proof),
            "pace": self._pace(model.rate(now_s), latency),
        }
        for name, text in texts.items():
            tip = self._figures(proof) if name == "proof" and proof.stands else text
            if (self._values[name].text(), self._values[name].toolTip()) != (text, tip):
                self._values[name].setText(text)
                self._values[name].setToolTip(tip)

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

    def _proof(self, proof: Proof) -> str:
        """Whether the engine is proven to decide as the network it was made from."""
        if not proof.told:
            return "–"
        if not proof.stands:
            return self.tr("○ not verified on this machine")
        if not proof.passed:
            return self.tr("⚠ does not decide alike")
        return self.tr("✓ decides alike ({count} images)").format(count=proof.images)

    def _figures(self, proof: Proof) -> str:
        lines = [
            self.tr("Held against {what} on {when}").format(what=self._against(proof), when=proof.when),
            self.tr("{good} good and {bad} bad images among {count}").format(good=proof.good, bad=proof.bad, count=proof.images),
            self.tr("Verdicts that flip: {flips}, at thresholds {accept} and {reject}").format(
                flips=proof.flips, accept=_figure(proof.thresholds[0]), reject=_figure(proof.thresholds[1])
            ),
            self.tr("Greatest difference of a score: {score}, of a map: {map}, on average {mean}").format(
                score=_figure(proof.score_difference), map=_figure(proof.map_difference), mean=_figure(proof.map_difference_mean)
            ),
        ]
        if proof.aurocs is not None:
            here, network = map(_figure, proof.aurocs)
            lines.append(self.tr("Image AUROC: {here}, of the network {network}").format(here=here, network=network))
        return "\n".join([*lines, *proof.failures])

    def _against(self, proof: Proof) -> str:
        words = {"stored": self.tr("the answers stored in the model"), "torch": self.tr("the network itself")}
        return words.get(proof.against, proof.against)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
