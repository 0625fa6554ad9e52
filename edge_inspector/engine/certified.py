"""Which form ``auto`` runs: float32, until a faster precision has passed its certificate for exactly what would run.

A certificate counts only if its key is the engine's own, bundle hash, backend, version, device and precision, and its file the one that
runs: after an update of the backend, another bundle or another plan, ``auto`` is float32 again until the form has been verified anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.forms import list_certificates, read_certificate
from edge_inspector.errors import CudaError, EngineError, FormError, FormMissing
from edge_inspector.settings.certificate import Certificate, Precision

log = logging.getLogger(__name__)

FASTEST_FIRST: tuple[Precision, ...] = ("int8", "bf16", "fp16")


def open_certified(bundle: Bundle, backend: str, opener: Callable[[Precision], Engine]) -> Engine:
    """The engine of the fastest precision whose certificate suffices, else of float32.

    What a certificate promises and this machine does not hold is a warning in the log. Raises CudaError, for every other precision would
    fail likewise; else what ``opener`` raises for float32, or, where nobody has built that, what it raised for the proven form.
    """
    refused: EngineError | None = None
    for precision in _promised(bundle, backend):
        try:
            engine = opener(precision)
        except CudaError:
            raise
        except EngineError as error:
            refused = refused or error
            log.warning("bundle %s has a certificate for %s in %s, which does not open: %s", bundle.manifest.id, backend, precision, error)
            continue
        if _proven(bundle, engine):
            return engine
        engine.close()
    try:
        return opener("f32")
    except FormMissing as missing:
        if refused is not None:
            raise refused from missing
        raise


def certificate_of(bundle: Bundle, engine: Engine) -> Certificate | None:
    """The certificate of exactly the form that the engine runs; None where there is none. Raises FormError where it is damaged."""
    certificate = read_certificate(bundle, engine.form_key)
    return certificate if certificate is not None and certificate.form_sha256 == engine.form_sha256 else None


def _promised(bundle: Bundle, backend: str) -> list[Precision]:
    """The precisions for which some version of the backend, on some device, has a certificate that suffices."""
    listed = list_certificates(bundle)
    for error in (error for error in listed if isinstance(error, FormError)):
        log.warning("a certificate is not trusted: %s", error)
    found = {c.key.precision for c in _readable(listed) if c.suffices and c.key.backend == backend}
    return [precision for precision in FASTEST_FIRST if precision in found]


def _proven(bundle: Bundle, engine: Engine) -> bool:
    try:
        certificate = certificate_of(bundle, engine)
    except FormError as error:
        log.warning("a certificate is not trusted: %s", error)
        return False
    if certificate is None:
        key = engine.form_key
        log.warning(
            "bundle %s has a certificate for %s in %s, but not for version %s on %s and the form that is here: verify it again",
            *(bundle.manifest.id, key.backend, key.precision, key.version, key.device),
        )
    return certificate is not None and certificate.suffices


def _readable(listed: Sequence[Certificate | FormError]) -> list[Certificate]:
    return [found for found in listed if isinstance(found, Certificate)]
