"""Small tensors gain nothing from threads, and threads that wait for each other on a busy machine take many times as long."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from edge_inspector.engine.bundle import Bundle, load_bundle
from tests.unit.training.parts import trained_bundle, write_defects


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle trained on twelve normals and two of four stains."""
    return load_bundle(trained_bundle(tmp_path_factory).folder)


@pytest.fixture
def discs(parent: Bundle, tmp_path: Path) -> Path:
    """Its data set, to be changed at will."""
    shutil.copytree(parent.manifest.training.folder, tmp_path / "discs")
    return tmp_path / "discs"


@pytest.fixture
def scratches(tmp_path: Path) -> Path:
    """Three newly labelled defects."""
    return write_defects(tmp_path / "scratches")
