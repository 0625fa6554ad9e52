"""What ``auto`` runs: float32, until a certificate of exactly the form at hand says that a faster one decides alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.certified import certificate_of, open_certified
from edge_inspector.engine.forms import CERTIFICATE, key_of, list_certificates
from edge_inspector.engine.stub import StubEngine, stub_bundle
from edge_inspector.errors import CudaError, EngineError, FormError, FormMissing
from edge_inspector.settings.certificate import Certificate, FormKey, Precision
from tests.certificates import certificate, store

OFFERED = ("f32", "fp16", "bf16", "int8")


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    monkeypatch.delenv("CACHE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "models" / "stub"
    folder.mkdir(parents=True)
    return Bundle(folder, stub_bundle().manifest, folder / "model.onnx")


class Offering(StubEngine):
    """The stub, as a backend of version 2 that offers some precisions."""

    def __init__(self, bundle: Bundle, precision: Precision, offered: tuple[str, ...]) -> None:
        if precision not in offered:
            raise EngineError(f"precision {precision} is not offered")
        super().__init__(bundle)
        self.form_key = key_of(bundle, "stub", "2", "cpu", precision)
        self.form_sha256 = "" if precision == "f32" else "a" * 64


def runs(bundle: Bundle, offered: tuple[str, ...] = OFFERED) -> str:
    return open_certified(bundle, "stub", lambda precision: Offering(bundle, precision, offered)).form_key.precision


def key(bundle: Bundle, precision: Precision = "int8", version: str = "2", device: str = "cpu", backend: str = "stub") -> FormKey:
    return key_of(bundle, backend, version, device, precision)


def keep(bundle: Bundle, of: FormKey, *, sha: str = "a" * 64, failures: tuple[str, ...] = (), reservations: tuple[str, ...] = ()) -> None:
    store(of, bundle, form_sha256=sha, failures=failures, reservations=reservations)


def both(bundle: Bundle, failures: tuple[str, ...] = ()) -> None:
    keep(bundle, key(bundle, "fp16"))
    keep(bundle, key(bundle), failures=failures)


TRUSTED: dict[str, tuple[Callable[[Bundle], None], str]] = {
    "no certificate": (lambda _b: None, "f32"),
    "int8": (lambda b: keep(b, key(b)), "int8"),
    "bf16": (lambda b: keep(b, key(b, "bf16")), "bf16"),
    "the fastest of two": (both, "int8"),
    "failed": (lambda b: keep(b, key(b), failures=("verdict flips",)), "f32"),
    "the faster failed": (lambda b: both(b, failures=("flips",)), "fp16"),
    "rests on too little": (lambda b: keep(b, key(b), reservations=("4 images",)), "f32"),
    "another backend's": (lambda b: keep(b, key(b, backend="other")), "f32"),
    "another bundle's": (lambda b: keep(b, key(b).model_copy(update={"bundle_hash": "1" * 64})), "f32"),
}


@pytest.mark.parametrize("name", TRUSTED)
def test_auto_runs_the_fastest_that_is_proven(name: str, bundle: Bundle) -> None:
    prepare, expected = TRUSTED[name]
    prepare(bundle)
    assert runs(bundle) == expected


def damage(bundle: Bundle) -> None:
    keep(bundle, key(bundle))
    for path in (bundle.folder.parent / "stub.cache").glob(f"*/{CERTIFICATE}"):
        path.write_text(path.read_text().replace("images", "pictures"))


def misplaced(bundle: Bundle) -> None:
    """A certificate in another form's folder, as after a copy by hand."""
    keep(bundle, key(bundle))
    keep(bundle, key(bundle, "fp16"), failures=("flips",))
    paths = {path.parent.name: path for path in (bundle.folder.parent / "stub.cache").glob(f"*/{CERTIFICATE}")}
    (int8,) = (path for name, path in paths.items() if "int8" in name)
    (fp16,) = (path for name, path in paths.items() if "fp16" in name)
    int8.write_text(fp16.read_text().replace('failures = [\n    "flips",\n]', "failures = []"))
    fp16.unlink()


NOT_TRUSTED: dict[str, tuple[Callable[[Bundle], None], tuple[str, ...], str]] = {
    "damaged": (damage, OFFERED, "a certificate is not trusted"),
    "of another version": (lambda b: keep(b, key(b, version="1")), OFFERED, "bundle stub has a certificate for stub in int8, but not for"),
    "of another device": (lambda b: keep(b, key(b, device="gpu")), OFFERED, "bundle stub has a certificate for stub in int8, but not for"),
    "of another file": (lambda b: keep(b, key(b), sha="b" * 64), OFFERED, "bundle stub has a certificate for stub in int8, but not for"),
    "in another's place": (misplaced, OFFERED, "bundle stub has a certificate for stub in fp16, but not for"),
    "not offered here": (lambda b: keep(b, key(b)), ("f32",), "bundle stub has a certificate for stub in int8, which does not open"),
}


@pytest.mark.parametrize("name", NOT_TRUSTED)
def test_what_is_not_trusted_is_said_and_float32_runs(name: str, bundle: Bundle, expected_warnings: list[str]) -> None:
    prepare, offered, warning = NOT_TRUSTED[name]
    prepare(bundle)
    expected_warnings.append(warning)
    assert runs(bundle, offered) == "f32"


def fails(bundle: Bundle, errors: Mapping[str, EngineError]) -> Engine:
    def opener(precision: Precision) -> Engine:
        raise errors[precision]

    return open_certified(bundle, "stub", opener)


def test_a_gpu_that_fails_is_no_reason_for_float32(bundle: Bundle) -> None:
    keep(bundle, key(bundle))
    with pytest.raises(CudaError, match="lost"):
        fails(bundle, {"int8": CudaError("the device is lost", sticky=True), "f32": FormMissing("f32")})


def test_where_float32_was_never_built_the_proven_form_s_error_is_told(bundle: Bundle, expected_warnings: list[str]) -> None:
    errors = {"int8": FormError("int8 is damaged"), "fp16": FormError("fp16 too"), "f32": FormMissing("nobody has built f32")}
    with pytest.raises(FormMissing, match="nobody has built f32"):
        fails(bundle, errors)
    both(bundle)
    expected_warnings.append("bundle stub has a certificate for stub in")
    with pytest.raises(FormError, match="int8 is damaged"):
        fails(bundle, errors)


def test_the_certificate_of_an_engine_is_that_of_its_file(bundle: Bundle) -> None:
    engine = Offering(bundle, "int8", OFFERED)
    assert certificate_of(bundle, engine) is None
    keep(bundle, key(bundle), sha="b" * 64)
    assert certificate_of(bundle, engine) is None
    keep(bundle, key(bundle))
    assert certificate_of(bundle, engine) == certificate(key(bundle), form_sha256="a" * 64)
    damage(bundle)
    with pytest.raises(FormError, match="pictures"):
        certificate_of(bundle, engine)


def test_all_are_listed_and_a_damaged_one_is_named(bundle: Bundle) -> None:
    keep(bundle, key(bundle, "fp16"))
    damage(bundle)
    keep(bundle, key(bundle, "bf16"))
    listed = list_certificates(bundle)
    assert [found.key.precision for found in listed if isinstance(found, Certificate)] == ["bf16"]
    assert [type(found) for found in listed].count(FormError) == 2
