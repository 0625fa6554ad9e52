"""station.toml: what stands where on this line. Nothing in it decides a verdict; that is the recipe's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from edge_inspector.settings.cameras import CameraSettings, with_paths_from
from edge_inspector.settings.genicam_cameras import GenicamSettings
from edge_inspector.settings.model import Endpoint, Settings


def gives_encoder(camera: CameraSettings) -> bool:
    """Whether the camera tells the belt's encoder count with each trigger: from a belt's messages, or from an encoder on its own lines."""
    return camera.tells_encoder if isinstance(camera, GenicamSettings) else camera.trigger is not None


class EngineSettings(Settings):
    """Where models are looked up and what runs them. ``threads`` 0 leaves one core to the rest of the line."""

    backend: str = "auto"
    threads: Annotated[int, Field(ge=0, le=256)] = 0
    models: Path | None = Field(None, description="folder of bundles; None: the program's own")


class RejectSettings(Settings):
    """The reject link's server side. Beyond loopback it listens only with keys, or where ``insecure`` says so."""

    endpoint: Endpoint = "tcp://127.0.0.1:5570"
    heartbeat_ms: Annotated[int, Field(ge=20, le=60_000)] = 500
    require_gate: bool = Field(True, description="parts run only once a gate client has answered `arm`")
    insecure: bool = False
    curve_secret_key: Path | None = Field(None, description="the line's CURVE secret key file")
    curve_client_keys: Path | None = Field(None, description="folder of the public keys allowed in")


class StatusSettings(Settings):
    """The status socket (XPUB), and the previews on it: made only while somebody looks."""

    endpoint: Endpoint = "tcp://127.0.0.1:5571"
    preview_side: Annotated[int, Field(ge=64, le=8192)] = Field(960, description="px; a larger image is shrunk to it for the screen")
    preview_rate: Annotated[float, Field(gt=0.0, le=60.0)] = Field(15.0, description="previews a second at most; each is the newest part")


class ControlSettings(Settings):
    """The line's control socket."""

    endpoint: Endpoint = "tcp://127.0.0.1:5572"


class DeskSettings(Settings):
    """The desk's control socket; ``autostart`` makes the line start a desk where nobody else does."""

    endpoint: Endpoint = "tcp://127.0.0.1:5573"
    autostart: bool = True


class DatabaseSettings(Settings):
    """Where results go. None: ``results.db`` (SQLite) in the state folder."""

    url: str | None = None
    commit_every_ms: Annotated[int, Field(ge=1, le=60_000)] = 200


class ArchiveSettings(Settings):
    """Images and maps kept for people: every part that was not accepted, and one accepted part in ``accepts_every`` (0: none)."""

    path: Path | None = Field(None, description="None: `archive` in the state folder")
    rejects: bool = True
    accepts_every: Annotated[int, Field(ge=0)] = 20
    max_gb: Annotated[float, Field(gt=0.0)] = 10.0


class Station(Settings):
    """One line process and its desk."""

    station: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]{0,31}$")]
    recipe: Path
    state: Path = Path("state")
    camera: Annotated[tuple[CameraSettings, ...], Field(min_length=1, max_length=8, description="all of them look at every part")]
    engine: EngineSettings = EngineSettings()
    reject: RejectSettings = RejectSettings()
    status: StatusSettings = StatusSettings()
    control: ControlSettings = ControlSettings()
    desk: DeskSettings = DeskSettings()
    database: DatabaseSettings = DatabaseSettings()
    archive: ArchiveSettings = ArchiveSettings()
    queue: Annotated[int, Field(ge=1, le=1024)] = Field(8, description="frames that may wait for the engine; one more is missed")
    trigger_lag_ms: Annotated[float, Field(ge=1.0, le=1000.0)] = Field(
        50.0, description="how far apart PLC and cameras may tell of one trigger; shorter than the time between two parts"
    )

    @field_validator("camera", mode="before")
    @classmethod
    def _at_least_one(cls, value: object) -> object:
        if isinstance(value, dict):
            raise ValueError("write [[camera]] with two brackets: a station has a list of cameras")
        return value

    @model_validator(mode="after")
    def _cameras_see_one_trigger(self) -> Station:
        names = [camera.name for camera in self.camera]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two cameras are named '{sorted(twice)[0]}'; give each a name of its own")
        free = [camera.name for camera in self.camera if camera.trigger is None]
        if free and len(names) > 1:
            raise ValueError(f"camera {free[0]} paces itself: its pictures cannot be joined with another's; give every camera a trigger")
        return self

    @model_validator(mode="after")
    def _endpoints_differ(self) -> Station:
        fixed = [e for e in (self.reject.endpoint, self.status.endpoint, self.control.endpoint, self.desk.endpoint) if not e.endswith(":*")]
        twice = {e for e in fixed if fixed.count(e) > 1}
        if twice:
            raise ValueError(f"endpoint {sorted(twice)[0]} is given to two sockets; give each its own")
        return self

    def resolved(self, folder: Path) -> Station:
        """The same station with every relative path taken from ``folder`` and every default path filled in."""

        def at(path: Path) -> Path:
            return path if path.is_absolute() else (folder / path).resolve()

        state = at(self.state)
        cameras = tuple(with_paths_from(camera, folder) for camera in self.camera)
        keys = {name: at(path) for name in ("curve_secret_key", "curve_client_keys") if (path := getattr(self.reject, name)) is not None}
        return self.model_copy(
            update={
                "recipe": at(self.recipe),
                "state": state,
                "camera": cameras,
                "engine": self.engine.model_copy(update={"models": at(self.engine.models) if self.engine.models else None}),
                "reject": self.reject.model_copy(update=keys),
                "database": self.database.model_copy(update={"url": self.database.url or f"sqlite:///{state / 'results.db'}"}),
                "archive": self.archive.model_copy(update={"path": at(self.archive.path) if self.archive.path else state / "archive"}),
            }
        )
