"""Replays the image files of a folder as if a camera took them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_inspector import images
from edge_inspector.camera.trigger import trigger_source
from edge_inspector.camera.triggered import Picture, TriggeredCamera
from edge_inspector.errors import CameraError, ImageError
from edge_inspector.settings.cameras import FolderCamera


class FolderPictures:
    """The image files under ``path``, recursively: by name, or in a seeded order that differs from round to round."""

    def __init__(self, settings: FolderCamera) -> None:
        self._settings = settings
        self._files: tuple[Path, ...] = ()

    @property
    def length(self) -> int | None:
        """One round, or no end where the folder repeats."""
        return None if self._settings.repeat else len(self._files)

    def open(self) -> None:
        """List the files. Raises CameraError naming a folder that is absent, unreadable or without images."""
        path = self._settings.path
        try:
            self._files = tuple(sorted(f for f in path.rglob("*") if f.suffix.lower() in images.SUFFIXES and f.is_file()))
        except OSError as error:
            raise CameraError(f"camera {self._settings.name}: folder {path} cannot be read: {error}") from error
        if not self._files:
            problem = f"has no image ({', '.join(sorted(images.SUFFIXES))})" if path.is_dir() else "is not a folder"
            raise CameraError(f"camera {self._settings.name}: {path} {problem}; set the camera's path in station.toml")

    def file(self, number: int) -> Path:
        """The file shown as picture ``number``; after the last the folder begins again."""
        turn, place = divmod(number, len(self._files))
        if self._settings.order == "name":
            return self._files[place]
        rng = np.random.default_rng(np.random.SeedSequence((self._settings.seed % 2**63, turn)))
        return self._files[int(rng.permutation(len(self._files))[place])]

    def picture(self, number: int) -> Picture:
        """Decode; a file that cannot be read or is cut short becomes a picture without an image that names it."""
        path = self.file(number)
        try:
            return Picture(images.decode(path), str(path))
        except ImageError as error:
            return Picture(None, str(error))

    def close(self) -> None:
        """Nothing is open between two pictures."""


def build(settings: FolderCamera) -> TriggeredCamera:
    """The camera of these settings, not yet open."""
    return TriggeredCamera(settings.name, trigger_source(settings.trigger, settings.rate), FolderPictures(settings))
