"""station.toml to features of the GenICam Standard Features Naming Convention (SFNC), for every driver over GenICam.

Where older cameras use other names, they stand behind the standard's. What is asked for in station.toml and missing in the camera is an
error; what only adds (chunks, transport) is a note in the log.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from edge_inspector.camera.nodes import Features
from edge_inspector.errors import CameraError
from edge_inspector.settings.genicam_cameras import GenicamSettings
from edge_inspector.settings.recipe import CameraRules

log = logging.getLogger(__name__)

# Selectors of TriggerMode that would make a camera wait for a second signal
_OTHER_TRIGGERS = ("AcquisitionStart", "FrameBurstStart", "FrameStart", "LineStart", "ExposureStart")
_CHUNKS = {
    "Timestamp": ("Timestamp",),
    "CounterValue": ("CounterValue", "Triggerinputcounter"),
    "EncoderValue": ("EncoderValue", "ShaftEncoderCounter"),
}
MISSED_EVENTS = ("FrameTriggerMissed", "FrameStartOvertrigger", "ExposureTriggerMissed", "TriggerMissed", "Overtrigger")


def configure(features: Features, settings: GenicamSettings) -> None:
    """Everything but exposure and gain, which the recipe may change. Raises CameraError naming feature, camera and key."""
    _known_state(features, settings)
    _image(features, settings)
    _debounce(features, settings)
    _encoder(features, settings)
    _counter(features, settings)
    _trigger(features, settings)
    _strobe(features, settings)
    _chunks(features, settings)
    _transport(features, settings)
    for name, value in settings.nodes.items():
        features.write(f"nodes.{name}", value, name)


@dataclass(frozen=True, slots=True)
class Control:
    """Exposure or gain: the feature's names, the automatic control that would change it, and what the camera had before anybody set it."""

    key: str
    names: tuple[str, ...]
    automatic: str
    own: float | None = None
    own_automatic: str | None = None

    def read(self, features: Features) -> Control:
        """The same with what the camera has now. Raises CameraError."""
        mode = features.text(self.automatic) if features.find(self.automatic) else None
        return replace(self, own=features.number(*self.names), own_automatic=mode)

    def write(self, features: Features, value: float | None) -> None:
        """Set it, or give the camera back what it had: nothing of one recipe is left under the next. Raises CameraError."""
        if value is not None:
            features.select(self.automatic, "Off")
            features.write(self.key, value, *self.names)
        elif self.own is not None and features.number(*self.names) != self.own:
            features.write(self.key, self.own, *self.names)
        if value is None and self.own_automatic is not None:
            features.select(self.automatic, self.own_automatic)


EXPOSURE = Control("exposure_us", ("ExposureTime", "ExposureTimeAbs"), "ExposureAuto")
GAIN = Control("gain_db", ("Gain",), "GainAuto")


def adjust(features: Features, settings: GenicamSettings, rules: CameraRules, exposure: Control, gain: Control) -> None:
    """Exposure and gain: the recipe's, else the station's, else the camera's own. Raises CameraError."""
    exposure.write(features, settings.exposure_us if rules.exposure_us is None else rules.exposure_us)
    gain.write(features, settings.gain_db if rules.gain_db is None else rules.gain_db)


def latency_us(features: Features) -> float:
    """From trigger to the end of the readout as far as the camera tells: delay, exposure, readout."""
    delay = features.number("TriggerDelay", "TriggerDelayAbs") or 0.0
    exposure = features.number("ExposureTime", "ExposureTimeAbs") or 0.0
    return delay + exposure + (features.number("SensorReadoutTime", "ReadoutTimeAbs") or 0.0)


def reset_counter(features: Features, settings: GenicamSettings) -> None:
    """Set the trigger counter, where one is configured, to 0. Raises CameraError."""
    if settings.counter is not None:
        features.write("counter.name", settings.counter.name, "CounterSelector")
        features.execute("counter", "CounterReset")


def missed_event(features: Features, settings: GenicamSettings) -> str | None:
    """Switch on the camera's event for triggers that it could not take; its name, None without one. Raises CameraError for a named one."""
    named = settings.trigger.missed_event
    if settings.trigger.mode not in ("hardware", "encoder"):  # in any other nobody but us triggers, and we ask first
        return None
    for name in (named,) if named else MISSED_EVENTS:
        if features.select("EventSelector", name):
            features.write("trigger.missed_event", "On", "EventNotification")
            return name
    if named:
        raise CameraError(f"{features.label} has no event {named} in EventSelector (trigger.missed_event); leave the key out")
    log.info("%s reports no missed triggers by event; the counts of camera and PLC tell", features.label)
    return None


def _known_state(features: Features, settings: GenicamSettings) -> None:
    if settings.user_set is not None:
        features.write("user_set", settings.user_set, "UserSetSelector")
        features.execute("user_set", "UserSetLoad")
    features.select("AcquisitionMode", "Continuous")


def _image(features: Features, settings: GenicamSettings) -> None:
    if settings.pixel_format is not None:
        features.write("pixel_format", settings.pixel_format, "PixelFormat")
    moved = settings.offset_x is not None or settings.offset_y is not None
    for offset in ("OffsetX", "OffsetY"):  # a size may only fit once the window is at the corner
        if (moved or settings.width or settings.height) and features.find(offset) is not None:
            features.write("offset", 0, offset)
    for key, name in (("width", "Width"), ("height", "Height"), ("offset_x", "OffsetX"), ("offset_y", "OffsetY")):
        value = getattr(settings, key)
        if value is not None:
            features.write(key, value, name)


def _debounce(features: Features, settings: GenicamSettings) -> None:
    trigger = settings.trigger
    if trigger.debounce_us is None:
        return
    encoder = settings.encoder if trigger.mode == "encoder" else None
    lines = (trigger.feature,) if encoder is None else (encoder.source_a, encoder.source_b)
    for line in lines:
        features.write("trigger.source", line, "LineSelector")
        features.write("trigger.debounce_us", trigger.debounce_us, "LineDebouncerTime", "LineDebouncerTimeAbs")


def _encoder(features: Features, settings: GenicamSettings) -> None:
    encoder, divider = settings.encoder, settings.trigger.divider if settings.trigger.mode == "encoder" else None
    if encoder is None:
        return
    features.write("encoder.name", encoder.name, "EncoderSelector")
    features.write("encoder.source_a", encoder.source_a, "EncoderSourceA")
    features.write("encoder.source_b", encoder.source_b, "EncoderSourceB")
    if encoder.mode is not None:
        features.write("encoder.mode", encoder.mode, "EncoderMode")
    if divider is not None:
        features.write("trigger.divider", divider, "EncoderDivider")
    if encoder.output is not None:
        features.write("encoder.output", encoder.output, "EncoderOutputMode")


def _counter(features: Features, settings: GenicamSettings) -> None:
    counter = settings.counter
    if counter is None:
        return
    features.write("counter.name", counter.name, "CounterSelector")
    features.write("counter.source", counter.source, "CounterEventSource")
    if counter.activation is not None:
        features.write("counter.activation", counter.activation, "CounterEventActivation")


def _trigger(features: Features, settings: GenicamSettings) -> None:
    trigger = settings.trigger
    if features.find("TriggerMode") is None:
        if trigger.mode != "off":
            raise CameraError(f"{features.label} has no feature TriggerMode: it cannot be triggered; set trigger.mode = 'off'")
        return
    for other in _OTHER_TRIGGERS:
        if (other != trigger.selector or trigger.mode == "off") and features.select("TriggerSelector", other):
            features.write("trigger.mode", "Off", "TriggerMode")
    if trigger.mode == "off":
        return
    features.write("trigger.selector", trigger.selector, "TriggerSelector")
    features.write("trigger.mode", "On", "TriggerMode")
    features.write("trigger.source", trigger.feature, "TriggerSource")
    if trigger.activation is not None:
        features.write("trigger.activation", trigger.activation, "TriggerActivation")
    if trigger.delay_us is not None:
        features.write("trigger.delay_us", trigger.delay_us, "TriggerDelay", "TriggerDelayAbs")
    if trigger.divider is not None and (settings.encoder is None or trigger.mode != "encoder"):
        features.write("trigger.divider", trigger.divider, "TriggerDivider")


def _strobe(features: Features, settings: GenicamSettings) -> None:
    strobe = settings.strobe
    if strobe is None:
        return
    features.write("strobe.line", strobe.line, "LineSelector")
    if features.find("LineMode") is not None:  # lines that can only drive have none
        features.write("strobe.line", "Output", "LineMode")
    features.write("strobe.source", strobe.source, "LineSource")
    features.write_if_there("strobe.inverted", strobe.inverted, "LineInverter")


def _chunks(features: Features, settings: GenicamSettings) -> None:
    """The counter is needed where one is configured, and an encoder that triggers nothing; everything else is welcome."""
    there = _enable_chunks(features) if settings.chunks else set()
    if settings.counter is not None:
        if "CounterValue" not in there:
            raise CameraError(f"{features.label} has no chunk CounterValue, which counter asks for; leave counter out")
        features.select("ChunkCounterSelector", settings.counter.name)
    if settings.encoder is not None:
        if "EncoderValue" not in there and settings.trigger.mode != "encoder":
            raise CameraError(f"{features.label} has no chunk EncoderValue, which encoder asks for; leave encoder out")
        features.select("ChunkEncoderSelector", settings.encoder.name)
    log.info("%s sends beside each image: %s", features.label, ", ".join(sorted(there)) or "nothing")


def _enable_chunks(features: Features) -> set[str]:
    """Switch on what the camera has; chunk mode itself stays off without any."""
    if features.find("ChunkModeActive") is None:
        return set()
    features.write("chunks", True, "ChunkModeActive")
    there = {kind for kind, names in _CHUNKS.items() if _enable_chunk(features, names)}
    if not there:
        features.write("chunks", False, "ChunkModeActive")
    return there


def _enable_chunk(features: Features, names: tuple[str, ...]) -> bool:
    for name in names:
        if features.select("ChunkSelector", name):
            features.write("chunks", True, "ChunkEnable")
            return True
    return False


def _transport(features: Features, settings: GenicamSettings) -> None:
    gige = settings.gige
    if gige.packet_size is not None:
        features.write_if_there("gige.packet_size", gige.packet_size, "GevSCPSPacketSize")
    if gige.packet_delay is not None:
        features.write_if_there("gige.packet_delay", gige.packet_delay, "GevSCPD")


def heartbeat(features: Features, settings: GenicamSettings) -> None:
    """GigE heartbeat time-out, on the node map that has it (the camera's, or the transport layer's). Raises CameraError."""
    milliseconds = settings.gige.heartbeat_ms
    if milliseconds is None:
        return
    if features.find("DeviceLinkHeartbeatTimeout") is not None:  # the only one in microseconds
        features.write("gige.heartbeat_ms", milliseconds * 1000.0, "DeviceLinkHeartbeatTimeout")
    else:
        features.write_if_there("gige.heartbeat_ms", milliseconds, "HeartbeatTimeout", "GevHeartbeatTimeout")
