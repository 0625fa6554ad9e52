"""The cache of compiled forms: found by the whole key alone, and read only whole."""

from __future__ import annotations

import math
import shutil
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


def at_home(bundle: Bundle, tmp_path: Path, given: Certificate) -> Path:
    """Kept by somebody who could not write beside the bundle."""
    elsewhere = tmp_path / "elsewhere" / "stub"
    elsewhere.mkdir(parents=True)
    drawn = forms.store_certificate(Bundle(elsewhere, bundle.manifest, bundle.onnx), given)
    home = tmp_path / "home" / "edge-inspector" / "stub.cache"
    home.mkdir(parents=True)
    return Path(shutil.move(drawn.parent, home)) / forms.CERTIFICATE


@pytest.mark.parametrize("failed_utc", ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"], ids=["the same second", "a day later"])
def test_of_two_places_the_newest_certificate_counts(bundle: Bundle, tmp_path: Path, failed_utc: str) -> None:
    forms.store_certificate(bundle, certificate(key(bundle)))
    failed = certificate(key(bundle), "verdict flips").model_copy(update={"created_utc": failed_utc})
    hidden = at_home(bundle, tmp_path, failed)
    assert forms.read_certificate(bundle, key(bundle)) == failed
    assert forms.list_certificates(bundle) == (failed,)
    forms.store_certificate(bundle, certificate(key(bundle)))
    assert forms.read_certificate(bundle, key(bundle)) == certificate(key(bundle))
    assert not hidden.exists()


def test_a_damaged_certificate_in_either_place_counts_for_none(bundle: Bundle, tmp_path: Path) -> None:
    forms.store_certificate(bundle, certificate(key(bundle)))
    damaged = at_home(bundle, tmp_path, certificate(key(bundle)))
    damaged.write_text("= = =")
    with pytest.raises(FormError, match=str(damaged)):
        forms.read_certificate(bundle, key(bundle))
    assert [type(found) for found in forms.list_certificates(bundle)] == [FormError]


def test_where_the_form_s_folder_cannot_be_written_its_certificate_is_at_home(bundle: Bundle, tmp_path: Path) -> None:
    stored = forms.store_form(bundle, key(bundle), {"model.plan": b"plan"})
    (stored.folder / "certificate.part").mkdir()  # for root everything else can be written
    path = forms.store_certificate(bundle, certificate(key(bundle), "verdict flips"))
    assert path.is_relative_to(tmp_path / "home")
    assert forms.read_certificate(bundle, key(bundle)) == certificate(key(bundle), "verdict flips")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_kept_and_told_as_none(bundle: Bundle, value: float) -> None:
    given = certificate(key(bundle), "not finite").model_copy(update={"score_difference": value})
    forms.store_certificate(bundle, given)
    found = forms.read_certificate(bundle, key(bundle))
    assert found is not None
    assert str(found.score_difference) == str(value)
    assert found.summary()["score_difference"] is None


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
