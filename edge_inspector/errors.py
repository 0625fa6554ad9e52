"""The exceptions of edge_inspector. Each message names what is wrong, where, and what to do.

EdgeInspectorError
├── SettingsError        a station, recipe or command value is wrong: file, key, value
├── ImageError           an image file or buffer cannot be decoded or has an unsupported form
├── CameraError          a camera cannot be opened or was lost
│   └── CameraExhausted  a replayed source has delivered its last image (an end, not a fault)
├── EngineError          an inference backend failed or is not installed
│   ├── CudaError        the GPU, its memory or its driver failed; ``sticky`` where only a new process can use it again
│   ├── FormError        a compiled form of a bundle is missing, damaged, stale, or not proven to decide alike
│   │   ├── FormMissing    nobody has built it yet: the line waits for that, nothing is broken
│   │   └── UnprovenError  a form that no line may run: its certificate fails, or it has none
│   └── BundleError      a model bundle is missing, damaged, or of another form than its manifest states
├── DatasetError         a data set does not have its layout's form
├── LabelError           a mark or a label file does not suit its image, or its format
├── TrainingError        training cannot go on
├── StoreError           the database or a state directory cannot be used
│   └── JournalError     the verdict journal cannot be written or read
│       └── RecordError  one record is of a form that the journal can never hold
├── WireError            a socket cannot be opened or used
│   ├── MessageError     a message is malformed, oversized, or of another version
│   └── RequestError     a control request was answered with an error
└── StateError           a request that the present state does not allow
"""


class EdgeInspectorError(Exception):
    """Base of all errors that this program raises on purpose."""


class SettingsError(EdgeInspectorError):
    """A station, recipe or command value is wrong; the message names file, key and value."""


class ImageError(EdgeInspectorError):
    """An image file or buffer cannot be decoded, or has an unsupported shape or depth."""


class CameraError(EdgeInspectorError):
    """A camera cannot be opened, or was lost while in use."""


class CameraExhausted(CameraError):  # noqa: N818 - an end, not a fault
    """A replayed source has delivered its last image."""


class EngineError(EdgeInspectorError):
    """An inference backend failed, or is not installed."""


class CudaError(EngineError):
    """A call to the GPU failed. After a ``sticky`` one every further call of this process fails too, whatever it frees or rebuilds."""

    def __init__(self, message: str, *, sticky: bool = False) -> None:
        super().__init__(message)
        self.sticky = sticky


class FormError(EngineError):
    """A compiled form of a bundle (a plan, a graph of lower precision) is missing, damaged, of another device, or fails its certificate."""


class FormMissing(FormError):  # noqa: N818 - work that is still to be done, not a fault
    """The form was never built for this bundle, backend, device and precision; the message names the command that builds it."""


class UnprovenError(FormError):
    """Nothing proves that a form decides as torch does, or something proves that it does not.

    ``summary`` is its failed certificate's (`Certificate.summary`), None where it has none.
    """

    def __init__(self, message: str, summary: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.summary = summary


class BundleError(EngineError):
    """A model bundle is missing, damaged, or of another form than its manifest states."""


class DatasetError(EdgeInspectorError):
    """A data set does not have the form that its layout states."""


class LabelError(EdgeInspectorError):
    """A mark or a label file does not suit its image, or does not have its format."""


class TrainingError(EdgeInspectorError):
    """Training cannot start or go on."""


class StoreError(EdgeInspectorError):
    """The database, or a directory that holds state, cannot be used."""


class JournalError(StoreError):
    """The verdict journal cannot be written or read."""


class RecordError(JournalError):
    """One record is of a form that the journal can never hold, however well its disk is: to try it again helps nobody."""


class WireError(EdgeInspectorError):
    """A socket cannot be opened or used."""


class MessageError(WireError):
    """A message is malformed, oversized, or of another protocol version."""


class RequestError(WireError):
    """A control request was answered with an error; ``code`` is the answer's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StateError(EdgeInspectorError):
    """A request that the present state does not allow."""
