"""Bundles: sealed, verified to the last file, found by id or path."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_inspector.engine import bundle as bundles
from edge_inspector.engine.bundle import bundle_hash, find_bundle, list_bundles, load_bundle, read_manifest, seal
from edge_inspector.errors import BundleError
from edge_inspector.settings.manifest import Manifest, Tiling
from tests.bundles import make_bundle, make_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "small")


def test_what_is_sealed_loads(folder: Path) -> None:
    bundle = load_bundle(folder)
    assert bundle.onnx == folder / "model.onnx"
    assert set(bundle.manifest.files) >= {"model.onnx", "head.safetensors", "reference/00.png", "reference/00.npz"}
    assert bundle.manifest == read_manifest(folder)


def edit_manifest(old: str, new: str) -> Callable[[Path], object]:
    def edit(folder: Path) -> object:
        text = (folder / "manifest.toml").read_text()
        assert old in text
        return (folder / "manifest.toml").write_text(text.replace(old, new, 1))

    return edit


def flip(folder: Path) -> object:
    data = bytearray((folder / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    return (folder / "model.onnx").write_bytes(data)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "one bit of the graph": (flip, "model.onnx: its sha256"),
    "a file is cut": (lambda f: (f / "reference/00.npz").write_bytes(b""), "00.npz: its sha256"),
    "a file is gone": (lambda f: (f / "head.safetensors").unlink(), "head.safetensors: missing"),
    "a file is new": (lambda f: (f / "evil.pkl").write_bytes(b""), "evil.pkl: not named"),
    "a hidden file is new": (lambda f: (f / "reference/.hidden").write_bytes(b""), "hidden: not named"),
    "no manifest": (lambda f: (f / "manifest.toml").unlink(), "manifest.toml: no such file"),
    "not TOML": (lambda f: (f / "manifest.toml").write_text("= ="), "not valid TOML"),
    "an unknown key": (edit_manifest("backbone =", "speed = 1\nbackbone ="), "unknown key 'speed'"),
    "a score of two kinds": (
        edit_manifest("also = []", "also = [20]"),
        r'also \[20\] with name "top-mean".*name it "top-means"',
    ),
    "another version": (edit_manifest("format_version = 1", "format_version = 2"), "format_version = 2"),
    "a path out of the folder": (edit_manifest('"model.onnx"', '"../model.onnx"'), r"\.\./model.onnx: missing"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_bundle_does_not_load_and_the_error_names_the_file(folder: Path, name: str) -> None:
    damage, message = DAMAGE[name]
    damage(folder)
    with pytest.raises(BundleError, match=message) as caught:
        load_bundle(folder)
    assert str(folder) in str(caught.value)


def test_a_bundle_without_a_graph_does_not_load(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    seal(folder, read_manifest(folder))
    with pytest.raises(BundleError, match=r"model\.onnx: missing"):
        load_bundle(folder)


def test_an_absent_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such folder"):
        load_bundle(tmp_path / "none")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_an_error(folder: Path) -> None:
    (folder / "model.onnx").chmod(0)
    with pytest.raises(BundleError, match=r"model\.onnx: cannot be read"):
        load_bundle(folder)


def test_sealing_again_takes_the_new_content(folder: Path) -> None:
    before = read_manifest(folder)
    (folder / "head.safetensors").write_bytes(b"other")
    after = seal(folder, before)
    assert bundle_hash(after) != bundle_hash(before)
    assert after.files.keys() == before.files.keys()
    assert load_bundle(folder).manifest == after
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


def test_seal_takes_plain_fields_too(folder: Path) -> None:
    fields = make_manifest().model_dump(exclude={"files"})
    assert seal(folder, fields) == read_manifest(folder)
    with pytest.raises(BundleError, match=r"manifest\.toml: id = 'two words'"):
        seal(folder, {**fields, "id": "two words"})


def test_the_hash_names_the_content_not_the_place(tmp_path: Path) -> None:
    one, two = make_bundle(tmp_path / "one"), make_bundle(tmp_path / "two")
    assert bundle_hash(read_manifest(one)) == bundle_hash(read_manifest(two))
    assert bundle_hash(read_manifest(one)) != bundle_hash(read_manifest(make_bundle(tmp_path / "three", bundle_id="other")))


def test_the_hash_outlives_fields_that_later_versions_add(folder: Path) -> None:
    class Later(Manifest):
        colour_space: str = "sRGB"

    manifest = read_manifest(folder)
    assert bundle_hash(Later(**manifest.model_dump())) == bundle_hash(manifest)
    assert bundle_hash(Later(**manifest.model_dump(), colour_space="linear")) != bundle_hash(manifest)


def test_what_a_child_needs_changes_no_hash_where_it_is_at_its_default() -> None:
    manifest = make_manifest()
    counted = manifest.model_dump(exclude_defaults=True)["training"]
    assert not {"held", "textures", "batch", "loss"} & counted.keys()
    training = manifest.training.model_copy(update={"batch": 8})
    assert bundle_hash(manifest.model_copy(update={"training": training})) != bundle_hash(manifest)


def test_an_id_is_found_in_the_given_folder_then_among_the_programs_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    station, own = tmp_path / "station", tmp_path / "own"
    monkeypatch.setattr(bundles, "own_models", lambda: (own,))
    make_bundle(own / "demo")
    assert find_bundle("demo", station) == own / "demo"
    make_bundle(station / "demo")
    assert find_bundle("demo", station) == station / "demo"
    assert find_bundle("demo") == own / "demo"
    assert find_bundle(f"{station}/demo") == station / "demo"
    assert find_bundle(station / "demo") == station / "demo"
    with pytest.raises(BundleError, match=r"no model bundle 'none'.*station.*own"):
        find_bundle("none", station)


def test_list_names_each_id_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    monkeypatch.setattr(bundles, "own_models", lambda: (first, second))
    for place in (first / "b", second / "a", second / "b"):
        make_bundle(place)
    assert list_bundles() == (second / "a", first / "b")
    assert list_bundles(second) == (second / "a", second / "b")
    assert list_bundles(tmp_path / "none") == ()


def test_the_checkouts_own_models_come_first() -> None:
    assert bundles.own_models()[0] == Path(__file__).parents[3] / "models"
    assert all(place.parts[-3:] == ("share", "edge-inspector", "models") for place in bundles.own_models()[1:])


def test_a_bundle_of_before_there_were_tiles_has_the_hash_it_had() -> None:
    """By it certificates and compiled forms are found. The value is of the version that knew no tiles."""
    assert bundle_hash(make_manifest()) == "2f4bf6c6e367a0f34fe0b6b39e343813b81e04dcf3d47f6f741dcf73754ec624"
    assert bundle_hash(make_manifest(tiling=Tiling())) != bundle_hash(make_manifest(tiling=Tiling(overlap=16)))


def test_a_tile_bundle_is_sealed_and_loaded_with_its_tiling(tmp_path: Path) -> None:
    tiling = Tiling(overlap=16, scale=0.5)
    assert load_bundle(make_bundle(tmp_path / "tiles", tiling=tiling)).manifest.tiling == tiling
