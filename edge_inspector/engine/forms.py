"""The cache of a bundle's compiled forms: TensorRT plans, graphs of lower precision, and the certificates of what they decide.

    models/<id>/                   the bundle, sealed
    models/<id>.cache/             beside it, never committed
        tensorrt-10.9-orin-sm87-fp16-<16 hex digits of the key>/
            form.toml              the whole key, facts of the making, and the sha256 of every other file but the certificate
            model.plan
            certificate.toml

Where the folder beside the bundle cannot be written (an installed bundle), the cache lies in $CACHE_DIRECTORY (systemd's), or in
$XDG_CACHE_HOME/edge-inspector; both places are read. A form is found by its whole key alone, and read only if every file has its hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tomli_w
from pydantic import Field

from edge_inspector.engine.bundle import Bundle, bundle_hash
from edge_inspector.errors import FormError, SettingsError
from edge_inspector.settings.certificate import Certificate, FormKey, Precision
from edge_inspector.settings.load import load_toml, parse_model
from edge_inspector.settings.manifest import Sha256
from edge_inspector.settings.model import Settings

FORM, CERTIFICATE = "form.toml", "certificate.toml"


class FormRecord(Settings):
    """The content of form.toml. ``facts`` are for people: how long it took, what it was calibrated on."""

    format_version: int = 1
    key: FormKey
    facts: dict[str, str | int | float] = Field(default_factory=dict)
    files: dict[str, Sha256]


@dataclass(frozen=True, slots=True)
class Form:
    """A form whose files have been verified."""

    folder: Path
    record: FormRecord

    def path(self, name: str) -> Path:
        """One of its files. Raises FormError where it has no such file."""
        if name not in self.record.files:
            raise FormError(f"{self.folder}: holds no {name}; build the form again")
        return self.folder / name


def key_of(bundle: Bundle, backend: str, version: str, device: str, precision: Precision) -> FormKey:
    """The key of a form of ``bundle``."""
    digest = bundle_hash(bundle.manifest)
    return FormKey(bundle=bundle.manifest.id, bundle_hash=digest, backend=backend, version=version, device=device, precision=precision)


def find_form(bundle: Bundle, key: FormKey) -> Form | None:
    """The form with this key, verified; None where there is none. Raises FormError where it is damaged, naming the file."""
    for place in _places(bundle):
        folder = place / _name(key)
        if (folder / FORM).is_file():
            return _verified(folder, key)
    return None


def store_form(bundle: Bundle, key: FormKey, files: Mapping[str, bytes], facts: Mapping[str, str | int | float] | None = None) -> Form:
    """Put a form in the cache, whole or not at all, in the place of one with the same key. Raises FormError where that fails."""
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    record = FormRecord(key=key, facts=dict(facts or {}), files=digests)
    contents = {**files, FORM: tomli_w.dumps(record.model_dump(mode="json")).encode()}
    folder = _writable(bundle) / _name(key)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        for name, data in contents.items():
            (draft / name).write_bytes(data)
        draft.chmod(0o755)  # whoever builds a form need not be the user that the line runs as
        shutil.rmtree(folder, ignore_errors=True)
        draft.replace(folder)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise FormError(f"{folder}: cannot be written: {error.strerror}; free space, or set XDG_CACHE_HOME to another folder") from error
    return Form(folder, record)


def forms_of(bundle: Bundle, backend: str) -> tuple[Form, ...]:
    """Every form of a backend that lies in the cache of ``bundle``'s folder, whatever its key, in order of name. Not verified: to tell
    what there is, or to look one up by its key. Those that cannot be read are left out."""
    found: dict[str, Form] = {}
    for place in _places(bundle):
        for path in sorted(place.glob(f"{backend}-*/{FORM}")):
            with contextlib.suppress(SettingsError):
                record = parse_model(FormRecord, load_toml(path), str(path))
                if record.key.backend == backend:
                    found.setdefault(path.parent.name, Form(path.parent, record))
    return tuple(found[name] for name in sorted(found))


def read_kept(bundle: Bundle, name: str) -> bytes:
    """A file that a builder keeps in the cache for its next build (see `keep`); empty where there is none, or it cannot be read."""
    for place in _places(bundle):
        with contextlib.suppress(OSError):
            return (place / name).read_bytes()
    return b""


def keep(bundle: Bundle, name: str, data: bytes) -> None:
    """Keep such a file, whole or not at all; where that fails the next build takes longer. Nothing of it decides what a form computes."""
    with contextlib.suppress(OSError, FormError):
        path = _writable(bundle) / name
        draft = path.with_suffix(".part")
        draft.write_bytes(data)
        draft.replace(path)


def read_certificate(bundle: Bundle, key: FormKey) -> Certificate | None:
    """The certificate kept for this key; None where there is none. Raises FormError where it is damaged or of another key.

    Of one in each place the newest counts, whichever place could be written when; a damaged one may have been the newest, so none does.
    """
    paths = [path for place in _places(bundle) if (path := place / _name(key) / CERTIFICATE).is_file()]
    found = [_certificate(path) for path in paths]
    for path, certificate in zip(paths, found, strict=True):
        if certificate.key != key:
            raise FormError(f"{path}: is of another form; verify this one again")
    return _newest(found) if found else None


def list_certificates(bundle: Bundle) -> tuple[Certificate | FormError, ...]:
    """The certificates kept for the bundle as it is now, whatever backend, version, device and precision; an error for each damaged one."""
    found: dict[str, list[Certificate]] = {}
    damaged: dict[str, FormError] = {}
    for path in (path for place in _places(bundle) for path in sorted(place.glob(f"*/{CERTIFICATE}"))):
        try:
            found.setdefault(path.parent.name, []).append(_certificate(path))
        except FormError as error:
            damaged.setdefault(path.parent.name, error)
    digest = bundle_hash(bundle.manifest)
    whole = {name: _newest(several) for name, several in found.items() if name not in damaged}
    kept = {name: newest for name, newest in whole.items() if newest.key.bundle_hash == digest}
    listed: dict[str, Certificate | FormError] = {**kept, **damaged}
    return tuple(listed[name] for name in sorted(listed))


def _newest(found: Sequence[Certificate]) -> Certificate:
    """The one that was drawn up last; of the same second, one that failed."""
    return max(found, key=lambda certificate: (certificate.created_utc, not certificate.passed))


def _certificate(path: Path) -> Certificate:
    try:
        return parse_model(Certificate, load_toml(path), str(path))
    except SettingsError as error:
        raise FormError(f"{error}; verify the form again") from None


def store_certificate(bundle: Bundle, certificate: Certificate) -> Path:
    """Keep a certificate beside its form (a backend that compiles at every start has no other file there), or in the other place where
    that one cannot be written; the form's earlier ones are removed as far as they can be. Raises FormError."""
    folders = sorted((p / _name(certificate.key) for p in _places(bundle)), key=lambda folder: not (folder / FORM).is_file())
    content = tomli_w.dumps(certificate.model_dump(exclude_none=True))
    written, errors = None, []
    for path in (folder / CERTIFICATE for folder in folders):
        try:
            if written is None:
                written = _written(path, content)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:  # an earlier one that stays is older: it does not count
            errors.append(f"{path}: cannot be written: {error.strerror}")
    if written is None:
        raise FormError("; ".join(errors))
    return written


def _written(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(content, encoding="utf-8")
    draft.replace(path)
    return path


def _places(bundle: Bundle) -> tuple[Path, ...]:
    name = f"{bundle.folder.name}.cache"
    beside = bundle.folder.resolve().parent / name
    base = os.environ.get("CACHE_DIRECTORY", "").split(":")[0]
    cache = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edge-inspector"
    return beside, cache / name


def _writable(bundle: Bundle) -> Path:
    """The first of the places that takes a file. Raises FormError where none does."""
    places = _places(bundle)
    for place in places:
        try:
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place):
                return place
        except OSError:
            continue
    raise FormError(f"compiled forms of {bundle.folder} can be kept neither in {places[0]} nor in {places[1]}; make one of them writable")


def _name(key: FormKey) -> str:
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", f"{key.backend}-{key.version}-{key.device}-{key.precision}")[:80]
    return f"{readable}-{hashlib.sha256(key.model_dump_json().encode()).hexdigest()[:16]}"


def _verified(folder: Path, key: FormKey) -> Form:
    try:
        record = parse_model(FormRecord, load_toml(folder / FORM), str(folder / FORM))
    except SettingsError as error:
        raise FormError(f"{error}; build the form again") from None
    if record.key != key:
        raise FormError(f"{folder / FORM}: is of another form; build this one again")
    for name, digest in record.files.items():
        try:
            data = (folder / name).read_bytes()
        except OSError as error:
            raise FormError(f"{folder / name}: cannot be read: {error.strerror}; build the form again") from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise FormError(f"{folder / name}: truncated or changed since it was built ({len(data)} bytes); build the form again")
    return Form(folder, record)
