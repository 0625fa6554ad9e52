"""The cameras of station.toml: one model a driver. What all GenICam cameras share stands in ``genicam_cameras``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge_inspector.settings.genicam_cameras import GenicamSettings
from edge_inspector.settings.model import Endpoint, Rate, Settings


class FolderCamera(Settings):
    """Replays the image files of a folder (PNG, JPEG, BMP, TIFF; 8 and 16 bit; grey and colour), searched recursively."""

    driver: Literal["folder"]
    name: str = "cam0"
    path: Path
    rate: Rate = Field(10.0, description="parts a second, where the camera paces itself")
    order: Literal["name", "random"] = "name"
    seed: int = 0
    repeat: bool = False
    trigger: Endpoint | None = Field(None, description="a belt that says when; without it the camera paces itself")

    @property
    def external_trigger(self) -> bool:
        """True where the PLC counts the same triggers."""
        return self.trigger is not None

    @property
    def summary(self) -> str:
        """What it shows and when, in a line."""
        return f"folder {self.path}, {_pace(self.trigger, self.rate)}"


class SimulatedCamera(Settings):
    """Renders parts: product, defects and their frequency by seed."""

    driver: Literal["simulated"]
    name: str = "cam0"
    product: str = "ring"
    seed: int = 1
    bad_fraction: Annotated[float, Field(ge=0.0, le=1.0)] = 0.3
    size: Annotated[int, Field(ge=64, le=4096)] = 256
    rate: Rate = 10.0
    parts: Annotated[int, Field(gt=0)] | None = Field(None, description="how many before the belt ends; None: for ever")
    distinct: Annotated[int, Field(ge=2, le=4096)] | None = Field(
        None, description="show so many different parts over and over, each rendered once; None: no two are the same"
    )
    trigger: Endpoint | None = Field(None, description="a belt that says when; without it the camera paces itself")

    @property
    def external_trigger(self) -> bool:
        """True where the PLC counts the same triggers."""
        return self.trigger is not None

    @property
    def summary(self) -> str:
        """What it shows and when, in a line."""
        return f"simulated {self.product}, seed {self.seed}, {_pace(self.trigger, self.rate)}"


class OpencvCamera(Settings):
    """A USB camera, a network stream or a video file through OpenCV: for trials, not where every part counts.

    One of ``device``, ``url`` and ``path`` says which of the three it is.
    """

    driver: Literal["opencv"]
    name: str = "cam0"
    device: Annotated[int, Field(ge=0)] | None = Field(None, description="number of the USB camera: 0 is /dev/video0")
    url: Annotated[str, Field(pattern=r"^(rtsp|rtsps|http|https|udp|tcp)://.+$")] | None = Field(None, description="RTSP, HTTP (MJPEG) ...")
    path: Path | None = Field(None, description="a video file")
    rate: Rate = Field(10.0, description="parts a second, of a file that paces itself; a live source has its own pace")
    repeat: bool = Field(False, description="a file begins again at its end")
    trigger: Endpoint | None = Field(None, description="a belt that says when; without it every frame is a part")
    latency_ms: Annotated[float, Field(ge=0.0, le=60_000.0)] = Field(
        0.0, description="a live source on a belt: the first frame that arrives this much after the trigger shows the part"
    )
    late_ms: Annotated[float, Field(gt=0.0, le=60_000.0)] = Field(
        50.0,
        description="a live source on a belt: where no frame arrives within this after that moment, the part has moved on and is missed",
    )
    width: Annotated[int, Field(gt=0)] | None = Field(None, description="asked of a USB camera; another size is an error")
    height: Annotated[int, Field(gt=0)] | None = None
    fps: Annotated[float, Field(gt=0.0)] | None = Field(None, description="asked of a USB camera; it may take the nearest it has")
    open_timeout_ms: Annotated[int, Field(ge=100, le=600_000)] = 5000
    read_timeout_ms: Annotated[int, Field(ge=50, le=600_000)] = 2000
    buffers: Annotated[int, Field(ge=1, le=256)] = Field(
        8, description="frames of a live source that may wait; one more makes a part missed"
    )

    @model_validator(mode="after")
    def _one_source(self) -> OpencvCamera:
        given = [key for key in ("device", "url", "path") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of device, url and path; given: {', '.join(given) or 'none'}")
        return self

    @property
    def external_trigger(self) -> bool:
        """True where the PLC counts the same triggers."""
        return self.trigger is not None

    @property
    def summary(self) -> str:
        """What it shows and when, in a line."""
        if self.path is not None:
            return f"video {self.path}, {_pace(self.trigger, self.rate)}"
        where = self.url if self.url is not None else f"USB camera {self.device}"
        return f"{where}, {'every frame is a part' if self.trigger is None else _pace(self.trigger, self.rate)}"


class BaslerCamera(GenicamSettings):
    """A Basler camera through pylon (or its emulator, where PYLON_CAMEMU is set)."""

    driver: Literal["basler"]

    @property
    def summary(self) -> str:
        """What it is and when it takes a picture, in a line."""
        return f"Basler {self.which}, {self.trigger.summary}"


class GenicamCamera(GenicamSettings):
    """A camera of any make through its maker's GenTL producer (a .cti file)."""

    driver: Literal["genicam"]
    producer: Path = Field(description="the GenTL producer's .cti file")

    @property
    def summary(self) -> str:
        """What it is and when it takes a picture, in a line."""
        return f"GenICam {self.which} by {self.producer.name}, {self.trigger.summary}"


CameraSettings = Annotated[
    FolderCamera | SimulatedCamera | OpencvCamera | BaslerCamera | GenicamCamera,
    Field(discriminator="driver"),
]


def with_paths_from(camera: CameraSettings, folder: Path) -> CameraSettings:
    """The same camera with every relative path taken from ``folder``."""
    update = {}
    for key in ("path", "producer"):
        path = getattr(camera, key, None)
        if isinstance(path, Path) and not path.is_absolute():
            update[key] = (folder / path).resolve()
    return camera.model_copy(update=update)


def _pace(belt: str | None, rate: float) -> str:
    return f"triggered by {belt}" if belt else f"{rate:g} parts a second"
