"""Translations: ``translations/*.ts`` are made by Qt Linguist's tools (scripts/translate), the ``.qm`` beside them are what is loaded."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

FOLDER = Path(__file__).with_name("translations")
LANGUAGES = ("en", "de")


def system_language() -> str:
    """The system's language where there is a translation, else English."""
    name = QLocale.system().name()[:2]
    return name if name in LANGUAGES else "en"


def install(application: QApplication, language: str) -> list[QTranslator]:
    """Load a language: our texts, and Qt's own, as in the menus of text fields. None where it is English, the language of the source."""
    QLocale.setDefault(QLocale("en_GB" if language == "en" else language))
    if language == "en":
        return []
    qts = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))
    files = (FOLDER / f"edge_inspector_{language}.qm", qts / f"qtbase_{language}.qm")
    return [translator for path in files if (translator := _installed(application, path)) is not None]


def _installed(application: QApplication, path: Path) -> QTranslator | None:
    translator = QTranslator(application)
    if not translator.load(str(path)):
        return None
    application.installTranslator(translator)
    return translator
