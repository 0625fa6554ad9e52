"""The int8 graph of a bundle in the cache: one for all processors, made by ``models build --precision int8`` (`calibrate`)."""

from __future__ import annotations

from edge_inspector.engine.bundle import Bundle, bundle_hash
from edge_inspector.engine.forms import Form, find_form, forms_of
from edge_inspector.errors import FormMissing

KIND, DEVICE = "onnx", "any"  # in the form's key: what it is, and that it is the same for every device
CREATED = "created_utc"  # of the form's facts: when it was made, ISO 8601; one without is older than all that have it


def calibrated(bundle: Bundle, backend: str) -> Form:
    """The verified int8 graph of the bundle as it is now, by whatever version of nncf; the newest, if several.

    Raises FormMissing naming the command that builds it for ``backend``, FormError naming the file that is damaged.
    """
    forms = [form for form in forms_of(bundle, KIND) if form.record.key.precision == "int8"]
    keys = [form.record.key for form in sorted(forms, key=lambda form: str(form.record.facts.get(CREATED, "")))]
    for key in reversed([key for key in keys if key.bundle_hash == bundle_hash(bundle.manifest)]):
        form = find_form(bundle, key)
        if form is not None:
            return form
    stale = ", only one of the bundle as it was before" if keys else ""
    raise FormMissing(
        f"no int8 graph of bundle {bundle.manifest.id}{stale}; calibrate it on the station's images: "
        f"edge-inspector models build {bundle.folder} --backend {backend} --precision int8 --images DIR"
    )
