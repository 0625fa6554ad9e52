"""The certificate of a form: a bundle's reference images, and labelled ones, run on it and held against torch."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np

from edge_inspector.decision import with_proposals
from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.registry import AUTO, available, open_engine
from edge_inspector.errors import BundleError, EngineError
from edge_inspector.evaluation.equivalence import load_references
from edge_inspector.evaluation.evaluate import Watch, unseen_test_samples
from edge_inspector.evaluation.layouts import Dataset
from edge_inspector.evaluation.limits import failures_of, greatest, limits_of, margin_of, reservations_of
from edge_inspector.evaluation.metrics import image_auroc
from edge_inspector.evaluation.pairs import Pair, Rules, labelled_pairs, reference_pairs
from edge_inspector.settings.certificate import Certificate, digest_of
from edge_inspector.settings.manifest import Manifest, Thresholds
from edge_inspector.settings.recipe import GateRules, Recipe
from edge_inspector.version import __version__

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verified:
    """A certificate, and the images that it rests on."""

    certificate: Certificate
    pairs: tuple[Pair, ...]

    @property
    def references(self) -> tuple[Pair, ...]:
        """Those of the bundle's own images."""
        return tuple(pair for pair in self.pairs if pair.bad is None)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a form is held against, and on what.

    ``torch`` is torch itself, run here; None: the answers stored in the bundle. ``recipe`` gives the rules; None: the bundle's proposals.
    ``dataset`` gives labelled images; those that the bundle was trained on are left out.
    """

    torch: Engine | None = None
    recipe: Recipe | None = None
    dataset: Dataset | None = None


def certify(bundle: Bundle, engine: Engine, basis: Basis, watch: Watch = iter) -> Verified:
    """Run the images and draw up the certificate; ``watch`` may follow the labelled ones as they pass (progress).

    Raises BundleError for a bundle without reference images, SettingsError where it proposes no thresholds, or the recipe's areas leave
    nothing to inspect, DatasetError, ImageError, EngineError where the form does not run at all.
    """
    references = load_references(bundle)
    if not references:
        raise BundleError(f"{bundle.folder / 'reference'}: holds no reference images; nothing to hold the backend against")
    rules = rules_for(bundle.manifest, engine.precision, basis.recipe)
    pairs = list(reference_pairs(engine, basis.torch, references, rules))
    stand_in = ""
    if basis.dataset is not None:
        samples, _ = unseen_test_samples(basis.dataset, bundle.manifest)
        if basis.torch is not None:
            pairs += labelled_pairs(engine, basis.torch, watch(samples), rules)
        else:
            with closing(_float32(bundle, engine)) as other:
                _hold_to_torch(other, bundle, rules)
                stand_in = f"{other.backend} {other.form_key.version} f32"
                pairs += labelled_pairs(engine, other, watch(samples), rules)
    return Verified(_certificate(engine, basis, rules, pairs, stand_in), tuple(pairs))


def rules_for(manifest: Manifest, precision: str, recipe: Recipe | None) -> Rules:
    """The recipe with its thresholds filled for both sides; without one the bundle's proposals.

    Torch has those for float32. So has the form, for what ``auto`` runs keeps them; but where the recipe names the form's precision, and
    the manifest has proposals for it, it is these that will decide. Raises SettingsError where there are none.
    """
    if recipe is None:
        recipe = Recipe(name="proposed", bundle=manifest.id, gate=GateRules(reject_window_ms=60_000))
    own = recipe.precision == precision and any(t.precision == precision for t in manifest.thresholds)
    return Rules(with_proposals(recipe, manifest, precision if own else "f32"), with_proposals(recipe, manifest, "f32"))


def _float32(bundle: Bundle, engine: Engine) -> Engine:
    """What answers for torch on images whose answers no bundle stores. Raises EngineError where the form to be proven is all there is."""
    for backend in (name for name in AUTO if name in available()):
        try:
            other = open_engine(bundle, backend, precision="f32")
        except EngineError as error:  # a plan that nobody has built, say: the next may open
            log.warning("%s in f32 cannot answer for torch: %s", backend, error)
            continue
        if other.form_key != engine.form_key:
            return other
        other.close()
    raise EngineError(
        f"no second backend runs bundle {bundle.manifest.id} in float32, which would answer for torch on labelled images; "
        "hold it --against torch, or install openvino or onnxruntime"
    )


def _hold_to_torch(other: Engine, bundle: Bundle, rules: Rules) -> None:
    """What answers for torch must itself say what torch said. Raises EngineError."""
    failures = failures_of("f32", list(reference_pairs(other, None, load_references(bundle), Rules(rules.torch, rules.torch))), None)
    if failures:
        raise EngineError(f"{other.backend} in f32 cannot answer for torch: {failures[0]}; hold the form --against torch")


def _certificate(engine: Engine, basis: Basis, rules: Rules, pairs: Sequence[Pair], stand_in: str) -> Certificate:
    precision = engine.form_key.precision
    aurocs = _aurocs(pairs)
    flips = [pair for pair in pairs if pair.flipped]
    failures = failures_of(precision, pairs, aurocs)
    labels, decision = [pair.bad for pair in pairs], rules.form.decision
    return Certificate(
        key=engine.form_key,
        form_sha256=engine.form_sha256,
        created_utc=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        program_version=__version__,
        against="stored" if basis.torch is None else "torch",
        stand_in=stand_in,
        images=len(pairs),
        references=labels.count(None),
        good=labels.count(False),
        bad=labels.count(True),
        data=f"{basis.dataset.root.name} ({basis.dataset.layout})" if basis.dataset is not None else "",
        recipe=basis.recipe.name if basis.recipe is not None else "",
        rules=digest_of(decision),
        map_difference=greatest(pair.comparison.map_difference for pair in pairs),
        map_difference_mean=greatest(pair.comparison.map_difference_mean for pair in pairs),
        score_difference=greatest(pair.score_difference for pair in pairs),
        prototype_flips=sum(pair.comparison.flips for pair in pairs),
        prototype_places=sum(pair.comparison.chosen for pair in pairs),
        verdict_flips=len(flips),
        verdict_flips_beyond=sum(not pair.near(margin_of(precision)) for pair in flips),
        accept_threshold=decision.accept_threshold or 0.0,
        reject_threshold=decision.reject_threshold or 0.0,
        image_auroc=aurocs[1] if aurocs else None,
        image_auroc_torch=aurocs[0] if aurocs else None,
        limits=limits_of(precision),
        thresholds=_proposal(engine, rules.form, len(pairs)) if not failures and not flips else None,
        failures=failures,
        reservations=_reservations(rules, pairs) if precision != "f32" and not failures else (),
    )


def _reservations(rules: Rules, pairs: Sequence[Pair]) -> tuple[str, ...]:
    own = ("was held at thresholds of its own; auto keeps those of f32",) if rules.form.decision != rules.torch.decision else ()
    return own + reservations_of(pairs)


def _aurocs(pairs: Sequence[Pair]) -> tuple[float, float] | None:
    """Torch's and the form's; a score that is no number counts as the worst, for it rejects. None without labels."""
    labelled = [pair for pair in pairs if pair.bad is not None]
    if not labelled:
        return None
    bad = [bool(pair.bad) for pair in labelled]
    sides = ([pair.wanted.score for pair in labelled], [pair.found.score for pair in labelled])
    wanted, found = (image_auroc(np.nan_to_num(np.array(scores), nan=2.0).tolist(), bad) for scores in sides)
    return wanted, found


def _proposal(engine: Engine, recipe: Recipe, images: int) -> Thresholds | None:
    """Float32's thresholds for this precision too, where it was held at them, no verdict flipped, and the manifest proposes none for it."""
    precision, manifest, rules = engine.precision, engine.manifest, recipe.decision
    first = next((t for t in manifest.thresholds if t.precision == "f32"), None)
    if first is None or any(t.precision == precision for t in manifest.thresholds):
        return None
    held = (rules.accept_threshold, rules.reject_threshold, rules.region_threshold)
    if (first.accept_threshold, first.reject_threshold, first.region_threshold) != held:
        return None
    evidence = f"those of f32, for at {precision} on {engine.backend} none of the verdicts on {images} images differs; of f32: "
    return first.model_copy(update={"precision": precision, "evidence": evidence + first.evidence})
