"""Run-time preparation of frames: what a frame must be like to be inspected, and the fit to the network's input."""

from edge_inspector.prepare.checks import FrameCheck
from edge_inspector.prepare.fit import prepare

__all__ = ["FrameCheck", "prepare"]
