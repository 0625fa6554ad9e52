"""What every GenICam camera can be told, whoever made it. The SFNC feature that a key is written to stands beside it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge_inspector.settings.model import Endpoint, Rate, Settings

Microseconds = Annotated[float, Field(ge=0.0, le=10_000_000.0)]
Pixels = Annotated[int, Field(gt=0, le=65_536)]
Offset = Annotated[int, Field(ge=0, le=65_536)]
Feature = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Activation = Literal["RisingEdge", "FallingEdge", "AnyEdge", "LevelHigh", "LevelLow"]

_SOURCES = {"hardware": "Line1", "software": "Software", "encoder": "Encoder0", "off": ""}


class TriggerSettings(Settings):
    """When the camera takes a picture.

    ``hardware``: a signal on a line. ``encoder``: the belt's encoder, every so many steps. ``software``: the line says so, at ``rate`` or
    when a belt's trigger message comes. ``off``: the camera runs at its own rate, and every frame is a part.
    """

    mode: Literal["hardware", "software", "encoder", "off"] = "hardware"
    selector: Feature = Field("FrameStart", description="TriggerSelector")
    source: Feature | None = Field(None, description="TriggerSource; without it Line1, Software or Encoder0 by mode")
    activation: Activation | None = Field(None, description="TriggerActivation")
    delay_us: Microseconds | None = Field(None, description="TriggerDelay")
    debounce_us: Microseconds | None = Field(None, description="LineDebouncerTime of the source line")
    divider: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="TriggerDivider: one picture in so many signals; with encoder, EncoderDivider"
    )
    missed_event: Feature | None = Field(
        None, description="the camera's event for a trigger it could not take; without it, looked for by name"
    )
    belt: Endpoint | None = Field(None, description="software: a belt whose trigger messages say when")
    ready_timeout_ms: Annotated[int, Field(ge=0, le=60_000)] = Field(
        50, description="software: a camera that is still busy so long after its trigger has missed it"
    )
    late_ms: Annotated[float, Field(gt=0.0, le=60_000.0)] = Field(
        20.0, description="software on a belt: exposed later than this after its trigger, a part has moved on and is missed"
    )
    rate: Rate = Field(10.0, description="software without a belt: parts a second")

    @model_validator(mode="after")
    def _belt_is_for_software(self) -> TriggerSettings:
        if self.belt is not None and self.mode != "software":
            raise ValueError(f"belt is for mode 'software'; this mode is '{self.mode}'")
        return self

    @property
    def feature(self) -> str:
        """The value of TriggerSource."""
        return self.source or _SOURCES[self.mode]

    @property
    def summary(self) -> str:
        """When, in words."""
        if self.mode == "off":
            return "at its own rate"
        if self.mode == "software":
            return f"triggered by {self.belt}" if self.belt else f"{self.rate:g} parts a second"
        return f"{self.mode} trigger on {self.feature}"


class EncoderSettings(Settings):
    """The belt's encoder on the camera's lines: it triggers (``trigger.mode = "encoder"``), or tells where the belt is (``"hardware"``)."""

    name: Feature = Field("Encoder0", description="EncoderSelector")
    source_a: Feature = Field("Line1", description="EncoderSourceA")
    source_b: Feature = Field("Line2", description="EncoderSourceB")
    mode: Literal["FourPhase", "HighResolution"] | None = Field(None, description="EncoderMode")
    output: Feature | None = Field(None, description="EncoderOutputMode: which way the belt counts, such as PositionUp")


class CounterSettings(Settings):
    """A counter in the camera that counts trigger signals, whether a picture came of them or not; its value comes as chunk data."""

    name: Feature = Field("Counter1", description="CounterSelector")
    source: Feature = Field("Line1", description="CounterEventSource")
    activation: Activation | None = Field(None, description="CounterEventActivation")


class StrobeSettings(Settings):
    """A line of the camera that drives the light."""

    line: Feature = Field("Line2", description="LineSelector, with LineMode = Output")
    source: Feature = Field("ExposureActive", description="LineSource")
    inverted: bool = Field(False, description="LineInverter")


class GigeSettings(Settings):
    """Transport over GigE; on a camera without the feature a key is passed over with a note in the log."""

    heartbeat_ms: Annotated[int, Field(ge=100, le=600_000)] | None = Field(None, description="after so long in silence the camera lets go")
    packet_size: Annotated[int, Field(ge=220, le=16_404)] | None = Field(
        None, description="GevSCPSPacketSize, bytes; 8192 with jumbo frames"
    )
    packet_delay: Annotated[int, Field(ge=0)] | None = Field(None, description="GevSCPD, ticks of the camera's clock between packets")


class GenicamSettings(Settings):
    """A GenICam camera. What is left out stays as the camera has it (after ``user_set``, where one is named)."""

    name: str = "cam0"
    serial: str | None = Field(None, description="the camera with this serial number")
    model: str | None = Field(None, description="the only camera of this model; without serial and model, the only camera there is")
    user_set: Feature | None = Field(None, description="UserSetSelector, loaded before anything else is set: a known state to start from")
    pixel_format: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")] | None = Field(None, description="PixelFormat")
    width: Pixels | None = None
    height: Pixels | None = None
    offset_x: Offset | None = None
    offset_y: Offset | None = None
    exposure_us: Annotated[float, Field(gt=0.0, le=10_000_000.0)] | None = Field(
        None, description="ExposureTime, where the recipe gives none"
    )
    gain_db: Annotated[float, Field(ge=0.0, le=48.0)] | None = Field(None, description="Gain, where the recipe gives none")
    delivery: Literal["one_by_one", "latest"] = Field(
        "one_by_one", description="latest: frames may be left out; for setting up, never for parts"
    )
    buffers: Annotated[int, Field(ge=2, le=1024)] = Field(10, description="frames that the driver may hold")
    frame_timeout_ms: Annotated[int, Field(ge=10, le=600_000)] = Field(1000, description="software trigger: how long its frame may take")
    trigger: TriggerSettings = TriggerSettings()
    encoder: EncoderSettings | None = None
    counter: CounterSettings | None = None
    strobe: StrobeSettings | None = None
    gige: GigeSettings = GigeSettings()
    chunks: bool = Field(True, description="ask for timestamp, counter and encoder value beside each image, where the camera has them")
    nodes: dict[Feature, bool | int | float | str] = Field(default_factory=dict, description="any further features, written last, in order")

    @model_validator(mode="after")
    def _belongs_together(self) -> GenicamSettings:
        if self.delivery == "latest" and self.trigger.mode != "off":
            raise ValueError(
                f"delivery 'latest' leaves frames out; with trigger.mode '{self.trigger.mode}' every frame is a part: use 'one_by_one'"
            )
        if self.counter is not None and self.trigger.mode != "hardware":
            raise ValueError(f"counter is for trigger.mode 'hardware'; this one is '{self.trigger.mode}'")
        if self.counter is not None and not self.chunks:
            raise ValueError("counter needs chunks = true: its value comes beside each image")
        return self

    @model_validator(mode="after")
    def _encoder_fits(self) -> GenicamSettings:
        encoder, trigger = self.encoder, self.trigger
        if encoder is None or trigger.mode == "encoder":
            return self
        if trigger.mode != "hardware":
            raise ValueError(f"encoder is for trigger.mode 'encoder' or 'hardware'; this one is '{trigger.mode}'")
        if trigger.feature in (encoder.source_a, encoder.source_b):
            raise ValueError(
                f"{trigger.feature} is both the trigger's line and the encoder's; give encoder.source_a and source_b their own"
            )
        if not self.chunks:
            raise ValueError("encoder with trigger.mode 'hardware' needs chunks = true: its value comes beside each image")
        return self

    @property
    def tells_encoder(self) -> bool:
        """True where each picture comes with the belt's encoder count: a belt's message has it, or the camera counts an encoder itself."""
        if self.trigger.mode == "hardware":
            return self.encoder is not None
        return self.trigger.belt is not None or (self.trigger.mode == "encoder" and self.chunks)

    @property
    def external_trigger(self) -> bool:
        """True where the PLC counts the same triggers."""
        return self.trigger.mode in ("hardware", "encoder") or self.trigger.belt is not None

    @property
    def which(self) -> str:
        """Which camera, in words."""
        chosen = [f"{key} {value}" for key, value in (("model", self.model), ("serial", self.serial)) if value]
        return " ".join(chosen) or "(the only one there is)"
