"""A camera over the simulated line: renders the parts of (product, seed) by number."""

from __future__ import annotations

from edge_inspector.camera.simulator.render import render
from edge_inspector.camera.simulator.spec import PRODUCTS, part_spec
from edge_inspector.camera.trigger import trigger_source
from edge_inspector.camera.triggered import Picture, TriggeredCamera
from edge_inspector.errors import CameraError
from edge_inspector.settings.cameras import SimulatedCamera


class SimulatedPictures:
    """Renderings of the settings' line, uint8 (size, size, 3) RGB."""

    def __init__(self, settings: SimulatedCamera) -> None:
        self._settings = settings
        self._rendered: dict[int, Picture] = {}  # of those shown over and over

    @property
    def length(self) -> int | None:
        """How many parts the belt brings; None: no end."""
        return self._settings.parts

    def open(self) -> None:
        """Check the product, and render what can be rendered before the first part. Raises CameraError."""
        if self._settings.product not in PRODUCTS:
            known = ", ".join(PRODUCTS)
            raise CameraError(f"camera {self._settings.name}: no simulated product '{self._settings.product}'; there are: {known}")
        for number in range(self._settings.distinct or 1):
            self.picture(number)

    def picture(self, number: int) -> Picture:
        """Part ``number``."""
        distinct = self._settings.distinct
        if distinct is None:
            return self._render(number)
        shown = number % distinct
        if shown not in self._rendered:
            self._rendered[shown] = self._render(shown)
        return self._rendered[shown]

    def _render(self, number: int) -> Picture:
        settings = self._settings
        spec = part_spec(settings.product, settings.seed, number, settings.bad_fraction)
        kinds = "+".join(defect.kind.value for defect in spec.defects) or "good"
        return Picture(render(spec, settings.size).image, f"{settings.product} {settings.seed}/{number} {kinds}")

    def close(self) -> None:
        """Nothing is open."""


def build(settings: SimulatedCamera) -> TriggeredCamera:
    """The camera of these settings, not yet open."""
    return TriggeredCamera(settings.name, trigger_source(settings.trigger, settings.rate), SimulatedPictures(settings))
