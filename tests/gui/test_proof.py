"""Recipe and bundle on the live screen: whether the engine is proven, in a symbol and words, and the figures when pointed at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from edge_inspector.engine.forms import key_of
from edge_inspector.engine.stub import stub_bundle
from edge_inspector.rehearsal.processes import LineProcess
from tests.certificates import certificate, store
from tests.system.lines import simulated, write_station
from tests.system.test_certificates import form
from ui.app import Desk
from ui.model.live import LiveModel
from ui.screens.live import LiveScreen
from ui.widgets.health import HealthWidget

KEY = key_of(stub_bundle(), "openvino", "2026.4", "cpu", "int8")
TOLD = certificate(KEY, image_auroc=0.981, image_auroc_torch=0.983).summary()
REFUSED = certificate(KEY, failures=("3 of 100 verdicts flip further than 0.02 from a threshold",)).summary()


def proof(widget: HealthWidget, state: dict[str, Any]) -> QLabel:
    model = LiveModel()
    model.state = state
    widget.show_line(model, 0.0)
    return next(label for label in widget.findChildren(QLabel) if label.accessibleName() == widget.tr("Equivalence"))


CASES: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "nothing is known": ({}, "–", []),
    "no certificate": ({"backend": "openvino", "certificate": None}, "○ not verified on this machine", []),
    "proven": (
        {"backend": "openvino", "certificate": TOLD},
        "✓ decides alike (100 images)",
        [
            "the answers stored in the model on 20",
            "50 good and 50 bad",
            "flip: 0, at thresholds 0.4000 and 0.5000",
            "0.9810, of the network 0.9830",
        ],
    ),
    "refused": ({"backend": "", "certificate": REFUSED}, "⚠ does not decide alike", ["3 of 100 verdicts flip further"]),
}


@pytest.mark.parametrize("name", CASES)
def test_symbol_word_and_figures(qtbot: QtBot, name: str) -> None:
    state, text, tips = CASES[name]
    widget = HealthWidget()
    qtbot.addWidget(widget)
    label = proof(widget, state)
    assert label.text() == text
    assert all(tip in label.toolTip() for tip in tips), label.toolTip()


@pytest.mark.parametrize(("language", "word"), [("en", "✓ decides alike (100 images)"), ("de", "✓ entscheidet gleich (100 Bilder)")])
def test_on_a_real_line(qtbot: QtBot, open_desk: Callable[..., Desk], proven: str, language: str, word: str) -> None:
    screen = open_desk(proven, language=language).window.screens[0]
    assert isinstance(screen, LiveScreen)
    qtbot.waitUntil(lambda: word in {label.text() for label in screen.health.findChildren(QLabel)}, timeout=30_000)
    (label,) = [label for label in screen.health.findChildren(QLabel) if label.text() == word]
    assert "0.0100" in label.toolTip()  # the score's greatest difference


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The control endpoint of a line whose engine has a certificate."""
    folder: Path = tmp_path_factory.mktemp("proven")
    station = write_station(folder, simulated(rate=5.0, bad_fraction=0.5), require_gate=False)
    bundle, key = form(folder)
    store(key, bundle)
    with LineProcess(station) as process:
        process.wait_for(("Ready", "ContinuousExecution"))
        yield station.endpoint("control")
        process.stop()
