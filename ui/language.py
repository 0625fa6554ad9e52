"""Translations: ``translations/*.ts`` are made by Qt Linguist's tools (scripts/translate), the ``.qm`` beside them are what is loaded."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QLocale, QTranslator
from PySide6.QtWidgets import QApplication

FOLDER = Path(__file__).with_name("translations")
LANGUAGES = ("en", "de")


def system_language() -> str:
    """The system's language where there is a translation, else English."""
    name = QLocale.system().name()[:2]
    return name if name in LANGUAGES else "en"


def install(application: QApplication, language: str) -> QTranslator | None:
    """Load a language; None where it is English, the language of the source."""
    QLocale.setDefault(QLocale("en_GB" if language == "en" else language))
    translator = QTranslator(application)
    if language != "en" and translator.load(str(FOLDER / f"edge_inspector_{language}.qm")):
        application.installTranslator(translator)
        return translator
    return None
