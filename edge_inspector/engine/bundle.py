"""Model bundles: seal (hash every file into manifest.toml), load (verify every hash), find (by id or path).

Nothing in a bundle is ever unpickled.
"""

from __future__ import annotations

import hashlib
import os
import site
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from edge_inspector.errors import BundleError, SettingsError
from edge_inspector.settings.load import load_toml, parse_model
from edge_inspector.settings.manifest import Manifest

MANIFEST = "manifest.toml"
MODEL = "model.onnx"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle: its folder, its manifest, and the path of its graph."""

    folder: Path
    manifest: Manifest
    onnx: Path


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle and verify it: every file named in the manifest is there with its sha256, and no other.

    Raises BundleError naming the folder or file: absent, of another hash, not named in the manifest, or a manifest that cannot be read.
    """
    manifest = read_manifest(folder)
    found = set(_files(folder))
    for name in sorted(manifest.files.keys() | found):
        if name not in found:
            raise BundleError(f"{folder / name}: missing; the manifest names it. Copy the bundle again")
        if name not in manifest.files:
            raise BundleError(f"{folder / name}: not named in the manifest. Remove the file or seal the bundle again")
        if _sha256(folder / name) != manifest.files[name]:
            raise BundleError(f"{folder / name}: its sha256 is not the manifest's; the file was changed or damaged. Copy the bundle again")
    if MODEL not in manifest.files:
        raise BundleError(f"{folder / MODEL}: missing; a bundle holds its graph under this name")
    return Bundle(folder, manifest, folder / MODEL)


def read_manifest(folder: Path) -> Manifest:
    """The manifest alone, its files unverified. Raises BundleError naming file, key and value."""
    if not folder.is_dir():
        raise BundleError(f"{folder}: no such folder; a model bundle was expected")
    try:
        return parse_model(Manifest, load_toml(folder / MANIFEST), str(folder / MANIFEST))
    except SettingsError as error:
        raise BundleError(str(error)) from None


def seal(folder: Path, fields: Manifest | Mapping[str, object]) -> Manifest:
    """Hash every file of ``folder`` and write manifest.toml, whole or not at all.

    ``fields`` is the manifest without ``files`` (any there are replaced). Returns the manifest as written. Raises BundleError for fields
    that make no manifest, OSError when the folder cannot be written.
    """
    values = fields.model_dump() if isinstance(fields, Manifest) else dict(fields)
    values["files"] = {name: _sha256(folder / name) for name in sorted(_files(folder))}
    try:
        manifest = parse_model(Manifest, values, str(folder / MANIFEST))
    except SettingsError as error:
        raise BundleError(str(error)) from None
    _write(folder / MANIFEST, tomli_w.dumps(manifest.model_dump(mode="json")).encode())
    return manifest


def bundle_hash(manifest: Manifest) -> str:
    """sha256 (hex) over the manifest with all its file hashes: the key of whatever is compiled from the bundle, and its name in a child.

    Values left at their defaults do not count, so that a field which a later version adds leaves the hash of older bundles as it is.
    """
    return hashlib.sha256(tomli_w.dumps(manifest.model_dump(mode="json", exclude_defaults=True)).encode()).hexdigest()


def own_models() -> tuple[Path, ...]:
    """Where the program's own bundles may lie: beside the package in a checkout, else where an installed wheel put its data."""
    installed = [sysconfig.get_path("data"), sys.prefix, site.getuserbase()]
    beside = Path(__file__).resolve().parents[2] / "models"
    return (beside, *(Path(base) / "share" / "edge-inspector" / "models" for base in dict.fromkeys(installed)))


def find_bundle(id_or_path: str | Path, models: Path | None = None) -> Path:
    """The folder of a bundle: a path (anything with a slash in it) as it is; an id looked up in ``models``, else in the program's own.

    Raises BundleError naming where it was looked for.
    """
    text = str(id_or_path)
    if os.sep in text or isinstance(id_or_path, Path):
        places = [Path(text)]
    else:
        places = [folder / text for folder in ((models,) if models else ()) + own_models()]
    for place in places:
        if (place / MANIFEST).is_file():
            return place
    raise BundleError(f"no model bundle '{text}'; looked for {MANIFEST} in {', '.join(str(place) for place in places)}")


def list_bundles(models: Path | None = None) -> tuple[Path, ...]:
    """The folders of the bundles in ``models``, or of the program's own; by name, the first of an id only. Not verified."""
    found: dict[str, Path] = {}
    for base in (models,) if models else own_models():
        for path in sorted(base.glob(f"*/{MANIFEST}")):
            found.setdefault(path.parent.name, path.parent)
    return tuple(found[name] for name in sorted(found))


def _files(folder: Path) -> Iterator[str]:
    """Every file below ``folder`` but the manifest, as a posix path inside it."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if not path.is_dir() and name != MANIFEST:
            yield name


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def _write(path: Path, data: bytes) -> None:
    # The temporary file lies beside the bundle, not in it: left by a kill, it would make a sealed bundle unloadable.
    handle, temporary = tempfile.mkstemp(dir=path.parent.parent, prefix=f".{path.parent.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
