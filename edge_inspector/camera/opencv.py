"""USB cameras, network streams and video files through OpenCV. A file is a row of pictures; a live source has a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from edge_inspector.camera.base import Camera, Grab
from edge_inspector.camera.encoder import EncoderCounts
from edge_inspector.camera.trigger import TriggerSource, encoder_of, trigger_source
from edge_inspector.camera.triggered import Picture, TriggeredCamera
from edge_inspector.errors import CameraError
from edge_inspector.records import Image, Reason
from edge_inspector.service import Clock, SystemClock
from edge_inspector.settings.cameras import OpencvCamera
from edge_inspector.settings.recipe import CameraRules

log = logging.getLogger(__name__)

LEAVE_S = 1.0  # closing waits this long for a reader that OpenCV holds


class VideoPictures:
    """The frames of a video file by number; after the last the file begins again."""

    def __init__(self, settings: OpencvCamera) -> None:
        self._settings = settings
        self._video: cv2.VideoCapture | None = None
        self._length = 0
        self._next = 0

    @property
    def length(self) -> int | None:
        """One round, or no end where the file repeats."""
        return None if self._settings.repeat else self._length

    def open(self) -> None:
        """Open the file and count its frames. Raises CameraError naming a file that is absent or no video."""
        self.close()
        path = self._settings.path
        self._video = cv2.VideoCapture(str(path))
        self._length = int(self._video.get(cv2.CAP_PROP_FRAME_COUNT)) if self._video.isOpened() else 0
        self._next = 0
        if self._length < 1:
            self.close()
            problem = "holds no video that OpenCV can read" if path is not None and path.is_file() else "is not a file"
            raise CameraError(f"camera {self._settings.name}: {path} {problem}; set the camera's path in station.toml")

    def picture(self, number: int) -> Picture:
        """Decode; a frame that cannot be read becomes a picture without an image."""
        place = number % max(1, self._length)
        where = f"{self._settings.path} frame {place}"
        if self._video is None:
            return Picture(None, f"{where}: the file is not open")
        if place != self._next:
            self._video.set(cv2.CAP_PROP_POS_FRAMES, place)
        done, frame = self._video.read()
        self._next = place + 1 if done else -1
        return Picture(_image(frame), where) if done and frame is not None else Picture(None, f"{where}: cannot be decoded")

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        if self._video is not None:
            self._video.release()
            self._video = None


@dataclass(frozen=True, slots=True)
class _Taken:
    """One frame of a live source: its number since the reader began, and when it was complete in host memory."""

    number: int
    received_ns: int
    image: Image


class _Reader:
    """Opens a live source and reads it in a thread of its own, because OpenCV may hold a thread for longer than its time-outs promise.

    ``buffers`` frames wait; one more drops the oldest, whose number is then missing. The thread is a daemon: one that OpenCV never gives
    back is left behind at ``close``, and ends with the process at the latest.
    """

    def __init__(self, settings: OpencvCamera, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._frames: deque[_Taken] = deque(maxlen=settings.buffers)
        self._changed = threading.Condition()
        self._opened = False
        self._stop = False
        self._error = ""
        self._number = 0
        self._heard_ns = clock.monotonic_ns()
        self._thread = threading.Thread(target=self._run, name=f"opencv-{settings.name}", daemon=True)
        self._thread.start()

    def wait_open(self, timeout_s: float) -> None:
        """Until the source is open and its first frame has come. Raises CameraError."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._error, timeout_s)
            if self._error or not self._frames:
                raise CameraError(self._error or f"no frame within {timeout_s:g} s")

    def take(self, wanted: Callable[[_Taken], bool], timeout_s: float, until_ns: int | None = None) -> _Taken | None:
        """The oldest frame that is ``wanted``, waiting for it; those before it are dropped. Raises CameraError at the source's loss.

        Where that one came after ``until_ns``, there is none, and it stays for the next call.
        """
        until = time.monotonic() + timeout_s
        with self._changed:
            while True:
                while self._frames and not wanted(self._frames[0]):
                    self._frames.popleft()
                if self._frames:
                    late = until_ns is not None and self._frames[0].received_ns > until_ns
                    return None if late else self._frames.popleft()
                if self._error:
                    raise CameraError(self._error)
                if not self._changed.wait(max(0.0, until - time.monotonic())) and time.monotonic() >= until:
                    return None

    def skip(self) -> int:
        """Drop what waits; the number of the newest frame so far, 0 before the first."""
        with self._changed:
            self._frames.clear()
            return self._number

    def check(self) -> None:
        """Raises CameraError where the source has ended, or has been silent for too long."""
        with self._changed:
            if self._error:
                raise CameraError(self._error)
            silent_ms = (self._clock.monotonic_ns() - self._heard_ns) / 1e6
        if silent_ms > self._settings.read_timeout_ms:
            raise CameraError(f"no frame for {silent_ms:.0f} ms; check the source, or raise read_timeout_ms")

    def close(self) -> None:
        """Ask the thread to end, and wait for it a little."""
        with self._changed:
            self._stop = True
        self._thread.join(LEAVE_S)
        if self._thread.is_alive():
            log.info("camera %s: OpenCV still holds the reader of the old connection", self._settings.name)

    def _run(self) -> None:
        try:
            self._read(_connect(self._settings))
        except Exception as error:  # noqa: BLE001 - whatever OpenCV throws, the source is lost, and its camera says so
            self._fail(str(error))

    def _read(self, video: cv2.VideoCapture) -> None:
        try:
            while not self._stop:
                done, frame = video.read()
                if not done or frame is None:
                    raise CameraError("the source sends no more frames")
                image, now = _image(frame), self._clock.monotonic_ns()
                with self._changed:
                    self._number += 1
                    self._heard_ns = now
                    self._frames.append(_Taken(self._number, now, image))
                    self._changed.notify_all()
        finally:
            video.release()

    def _fail(self, error: str) -> None:
        with self._changed:
            self._error = error
            self._changed.notify_all()


class LiveCamera:
    """A USB camera or network stream: every frame is a part, or a belt says when."""

    def __init__(self, settings: OpencvCamera, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock: Clock = clock or SystemClock()
        self._source: TriggerSource | None = trigger_source(settings.trigger, settings.rate) if settings.trigger else None
        self._reader: _Reader | None = None
        self._base = 0
        self._first = 0
        self._lost: CameraError | None = None
        self._encoder = EncoderCounts()

    @property
    def name(self) -> str:
        """The station's name for it."""
        return self._settings.name

    @property
    def free_running(self) -> bool:
        """True where no belt triggers it."""
        return self._source is None

    @property
    def counts_triggers(self) -> bool:
        """Never: no signal triggers it."""
        return False

    def open(self) -> None:
        """Connect and wait for the first frame. Raises CameraError after ``open_timeout_ms``."""
        self.close()
        self._encoder = EncoderCounts()
        self._reader = _Reader(self._settings, self._clock)
        try:
            self._reader.wait_open(self._settings.open_timeout_ms / 1000.0)
            if self._source is not None:
                self._source.open()
        except CameraError as error:
            self.close()
            raise self._named(error) from error

    def adjust(self, rules: CameraRules) -> None:
        """OpenCV's exposure and gain have no units that could be relied on; both are left to the camera."""
        if rules.exposure_us is not None or rules.gain_db is not None:
            log.info("camera %s: the opencv driver sets neither exposure nor gain; set them on the camera", self.name)

    def arm(self, trigger_count: int) -> None:
        """The next frame is ``trigger_count + 1``, or the next trigger's. Raises CameraError if it is not open."""
        reader = self._opened()
        self._base, self._first = trigger_count, reader.skip()
        self._lost = None
        if self._source is not None:
            self._source.arm(trigger_count)

    def grab(self, timeout_s: float) -> Grab | None:
        """The next frame, or the next trigger with its frame. Raises CameraError if it is not open, or at the source's loss."""
        reader = self._opened()
        if self._lost is not None:
            raise self._lost
        try:
            return self._grab_next(reader, timeout_s) if self._source is None else self._grab_triggered(reader, self._source, timeout_s)
        except CameraError as error:
            raise self._named(error) from error

    def close(self) -> None:
        """Let go of source and belt. Idempotent."""
        if self._source is not None:
            self._source.close()
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _grab_next(self, reader: _Reader, timeout_s: float) -> Grab | None:
        taken = reader.take(lambda frame: frame.number > self._first, timeout_s)
        if taken is None:
            reader.check()
            return None
        return self._grab(self._base + taken.number - self._first, taken.received_ns, taken)

    def _grab_triggered(self, reader: _Reader, source: TriggerSource, timeout_s: float) -> Grab | None:
        trigger = source.wait(timeout_s)
        if trigger is None:
            reader.check()
            return None
        latency_ms, late_ms = self._settings.latency_ms, self._settings.late_ms
        from_ns = trigger.triggered_ns + int(latency_ms * 1e6)
        until_ns = from_ns + int(late_ms * 1e6)
        detail = f"no frame came from {latency_ms:g} to {latency_ms + late_ms:g} ms after its trigger (latency_ms, late_ms)"
        try:
            left_s = max(0, until_ns - self._clock.monotonic_ns()) / 1e9
            taken = reader.take(lambda frame: frame.received_ns >= from_ns, left_s, until_ns)
            if taken is None:
                reader.check()
        except CameraError as error:  # the part has passed all the same; the loss is told at the next grab
            taken, detail, self._lost = None, str(error), self._named(error)
        grab = self._grab(trigger.trigger_count, trigger.triggered_ns, taken, detail)
        return replace(grab, encoder_counts=self._encoder.moved_on(encoder_of(trigger)))

    def _grab(self, count: int, triggered_ns: int, taken: _Taken | None, detail: str = "") -> Grab:
        if taken is None:
            return Grab(count, triggered_ns, self._clock.utc(), self._clock.monotonic_ns(), None, Reason.GRAB_FAILED, detail)
        return Grab(count, triggered_ns, self._clock.utc(), taken.received_ns, taken.image)

    def _opened(self) -> _Reader:
        if self._reader is None:
            raise CameraError(f"camera {self.name} is not open; open it first")
        return self._reader

    def _named(self, error: CameraError) -> CameraError:
        where = self._settings.url or f"USB camera {self._settings.device}"
        return CameraError(f"camera {self.name} ({where}): {error}")


def _connect(settings: OpencvCamera) -> cv2.VideoCapture:
    """Raises CameraError where OpenCV cannot open the source, or it has another size than asked for."""
    if settings.url is not None:
        # Only the FFmpeg backend knows both time-outs
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, settings.open_timeout_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, settings.read_timeout_ms]
        video = cv2.VideoCapture(settings.url, cv2.CAP_FFMPEG, limits)
    else:
        video = cv2.VideoCapture(settings.device or 0)
    if not video.isOpened():
        raise CameraError("cannot be opened; check address, cable and permissions")
    for key, prop in (("width", cv2.CAP_PROP_FRAME_WIDTH), ("height", cv2.CAP_PROP_FRAME_HEIGHT), ("fps", cv2.CAP_PROP_FPS)):
        value = getattr(settings, key)
        if value is not None:
            video.set(prop, value)
            if key != "fps" and round(video.get(prop)) != value:
                found = round(video.get(prop))
                video.release()
                raise CameraError(f"{key} = {value} is not to be had; the camera gives {found}")
    return video


def _image(frame: cv2.typing.MatLike) -> Image:
    """OpenCV's BGR (H, W, 3) or grey (H, W) as an Image in memory of its own."""
    if frame.ndim == 2:
        return np.array(frame[:, :, np.newaxis], np.uint8)
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)


def build(settings: OpencvCamera) -> Camera:
    """The camera of these settings, not yet open."""
    if settings.path is None:
        return LiveCamera(settings)
    return TriggeredCamera(settings.name, trigger_source(settings.trigger, settings.rate), VideoPictures(settings))
