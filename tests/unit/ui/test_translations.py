"""The catalogues of the GUI's texts: whole, fitting their sources, and compiled as they stand."""

from __future__ import annotations

import re
import shutil
import string
import subprocess
import sysconfig
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pytest

from ui.language import FOLDER, LANGUAGES

ROOT = FOLDER.parents[1]
CATALOGUES = sorted(FOLDER.glob("*.ts"))
EACH = pytest.mark.parametrize("catalogue", CATALOGUES, ids=[path.stem for path in CATALOGUES])
ENDING = re.compile(r"[\s.…:!?]*$")
MNEMONIC = re.compile(r"&(\w)")
TOOL_S = 60.0
TOGETHER = {
    "live": ("LiveScreen", "OverlayControls"),
    "review": ("FilterBar",),
    "label": ("ToolPanel",),
    "tune": ("AreaFields", "ThresholdFields", "ScorePanel", "TunePicture", "TuneScreen"),
    "apply": ("ChangesDialog",),
    "login": ("LoginDialog",),
}
"""Contexts whose texts are seen at the same time."""


@dataclass(frozen=True)
class Text:
    """One message of a catalogue."""

    context: str
    source: str
    translation: str
    state: str


def texts(catalogue: Path) -> list[Text]:
    found = []
    for context in ET.parse(catalogue).getroot().iter("context"):
        for message in context.iter("message"):
            said = message.find("translation")
            assert said is not None
            found.append(Text(context.findtext("name", ""), message.findtext("source", ""), said.text or "", said.get("type", "")))
    return found


def placeholders(text: str) -> list[tuple[str | None, str | None]]:
    return sorted((name, form) for _before, name, form, _conversion in string.Formatter().parse(text) if name is not None)


def tool(name: str) -> str:
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (extra ui)")
    return found


def test_each_language_but_that_of_the_source_has_a_catalogue() -> None:
    assert {path.stem.rpartition("_")[2] for path in CATALOGUES} == set(LANGUAGES) - {"en"}


@EACH
def test_every_text_is_translated(catalogue: Path) -> None:
    assert [text for text in texts(catalogue) if text.state or not text.translation.strip()] == []


@EACH
def test_every_text_is_found_again(catalogue: Path) -> None:
    """A context that is no class's name comes of ``other.tr(...)``, which looks the text up elsewhere."""
    assert [text for text in texts(catalogue) if not text.context.isidentifier()] == []


@EACH
def test_placeholders_are_those_of_the_source(catalogue: Path) -> None:
    assert [text for text in texts(catalogue) if placeholders(text.source) != placeholders(text.translation)] == []


@EACH
def test_texts_begin_and_end_as_the_source(catalogue: Path) -> None:
    def marks(text: str) -> tuple[str, str, int]:
        ending = ENDING.search(text)
        return text[: len(text) - len(text.lstrip())], ending.group() if ending else "", text.count("\n")

    assert [text for text in texts(catalogue) if marks(text.source) != marks(text.translation)] == []


@EACH
def test_what_has_a_mnemonic_keeps_one(catalogue: Path) -> None:
    def letters(text: str) -> int:
        return len(MNEMONIC.findall(text))

    assert [text for text in texts(catalogue) if letters(text.source) != letters(text.translation)] == []


@pytest.mark.parametrize("screen", TOGETHER)
@EACH
def test_no_two_mnemonics_of_a_screen_are_the_same(catalogue: Path, screen: str) -> None:
    contexts = {*TOGETHER[screen], *(() if screen in ("apply", "login") else ("LiveScreen",))}  # the tab is seen from every screen
    found = [MNEMONIC.findall(text.translation) for text in texts(catalogue) if text.context in contexts]
    letters = [letter.lower() for letter in chain.from_iterable(found)]
    assert letters
    assert sorted(letters) == sorted(set(letters))


@EACH
def test_what_is_loaded_is_what_is_written(catalogue: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.qm"
    subprocess.run([tool("pyside6-lrelease"), "-silent", str(catalogue), "-qm", str(made)], check=True, timeout=TOOL_S)
    assert made.read_bytes() == catalogue.with_suffix(".qm").read_bytes(), "scripts/translate makes it anew"


@EACH
def test_the_catalogue_knows_every_text_of_the_source(catalogue: Path, tmp_path: Path) -> None:
    made = tmp_path / catalogue.name
    shutil.copy(catalogue, made)
    sources = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "ui").rglob("*.py"))]
    options = ["-silent", "-noobsolete", "-locations", "none", "-source-language", "en_GB"]
    subprocess.run([tool("pyside6-lupdate"), *options, *sources, "-ts", str(made)], check=True, timeout=TOOL_S, cwd=ROOT)
    assert set(texts(made)) == set(texts(catalogue)), "scripts/translate brings it up to date"
