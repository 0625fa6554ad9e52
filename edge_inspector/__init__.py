"""edge_inspector: a verdict for every part on the line, in time for its reject gate.

    trigger ─► camera ─► prepare ─────► engine ─► join ─────► decision ─► outputs
               Frame     registration,  ScoreMap  all views   Verdict      ├─ reject    (ZeroMQ; first; waits for nothing below)
               or Missed ROI, tiles               of a part                ├─ recorder  (SQLAlchemy result log, own thread)
                                                                           ├─ archive   (images and maps, by retention policy)
                                                                           └─ status    (ZeroMQ PUB: GUI, monitors)

The promise above all: no part passes uninspected in silence. Each trigger ends in exactly one outcome, accepted, rejected or missed;
whatever is in doubt rejects.
"""

from edge_inspector.version import __version__

__all__ = ["__version__"]
