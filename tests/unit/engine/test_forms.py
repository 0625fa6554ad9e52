"""The cache of compiled forms: found by the whole key alone, and read only whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_inspector.engine import forms
from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.stub import stub_bundle
from edge_inspector.errors import FormError
from edge_inspector.settings.certificate import Certificate, FormKey


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    monkeypatch.delenv("CACHE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    made = stub_bundle()
    folder = tmp_path / "models" / "stub"
    folder.mkdir(parents=True)
    return Bundle(folder, made.manifest, folder / "model.onnx")


def key(bundle: Bundle, **changes: str) -> FormKey:
    return forms.key_of(bundle, "tensorrt", "10.9", "orin sm87", "fp16").model_copy(update=changes)


def certificate(of: FormKey, *failures: str) -> Certificate:
    return Certificate(
        key=of, created_utc="2026-01-01T00:00:00Z", program_version="0", against="stored", images=3, map_difference=0.1,
        map_difference_mean=0.0, score_difference=0.0, prototype_flips=0, prototype_places=9, verdict_flips=0, accept_threshold=0.4,
        reject_threshold=0.5, limits={"map_difference": 0.2}, failures=failures,
    )  # fmt: skip


def test_what_is_stored_is_found_by_its_key_alone(bundle: Bundle) -> None:
    stored = forms.store_form(bundle, key(bundle), {"model.plan": b"plan"}, {"seconds": 3.5})
    found = forms.find_form(bundle, key(bundle))
    assert found is not None
    assert found == stored
    assert found.path("model.plan").read_bytes() == b"plan"
    assert found.folder.parent == bundle.folder.parent / "stub.cache"
    for change in ({"version": "10.10"}, {"device": "orin sm86"}, {"precision": "int8"}, {"bundle_hash": "1" * 64}):
        assert forms.find_form(bundle, key(bundle, **change)) is None


def test_a_new_form_takes_the_place_of_the_old_one_and_its_certificate(bundle: Bundle) -> None:
    forms.store_form(bundle, key(bundle), {"model.plan": b"old"})
    forms.store_certificate(bundle, certificate(key(bundle)))
    forms.store_form(bundle, key(bundle), {"model.plan": b"new"})
    assert forms.read_certificate(bundle, key(bundle)) is None  # it was of another plan


@pytest.mark.parametrize("name", ["model.plan", forms.FORM])
def test_a_damaged_form_is_refused_and_the_file_named(bundle: Bundle, name: str) -> None:
    stored = forms.store_form(bundle, key(bundle), {"model.plan": b"a plan of some length"})
    path = stored.folder / name
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FormError, match=name.replace(".", r"\.")):
        forms.find_form(bundle, key(bundle))


def test_a_missing_file_of_a_form_is_named(bundle: Bundle) -> None:
    stored = forms.store_form(bundle, key(bundle), {"model.plan": b"plan"})
    (stored.folder / "model.plan").unlink()
    with pytest.raises(FormError, match=r"model\.plan: cannot be read"):
        forms.find_form(bundle, key(bundle))
    with pytest.raises(FormError, match=r"holds no model\.onnx"):
        stored.path("model.onnx")


@pytest.mark.parametrize("failures", [(), ("verdict flips 2 > 0",)])
def test_certificates_come_back_as_they_were(bundle: Bundle, failures: tuple[str, ...]) -> None:
    given = certificate(key(bundle), *failures)
    forms.store_certificate(bundle, given)
    assert forms.read_certificate(bundle, key(bundle)) == given
    assert given.passed is (not failures)


def test_where_the_bundle_cannot_be_written_beside_the_cache_is_at_home(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "models" / "stub.cache").write_text("a file where the folder would be")
    stored = forms.store_form(bundle, key(bundle), {"model.plan": b"plan"})
    assert stored.folder.parent == tmp_path / "home" / "edge-inspector" / "stub.cache"
    assert forms.find_form(bundle, key(bundle)) == stored
    assert forms.store_certificate(bundle, certificate(key(bundle))).parent == stored.folder


def test_where_nothing_can_be_written_both_places_are_named(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "models" / "stub.cache").write_text("")
    (tmp_path / "home").write_text("")
    with pytest.raises(FormError, match=r"stub\.cache nor in .*home"):
        forms.store_form(bundle, key(bundle), {"model.plan": b""})
