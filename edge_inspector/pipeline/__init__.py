"""The running line: threads, bounded queues and the state machine. It knows camera, judge and link by their protocols alone.

states.py       the OPC 40100-1 states and their legal transitions
conditions.py   what is wrong at the moment, by NAMUR NE 107 class
acquisition.py  grabs -> frames and missed parts: counter gaps, frozen, black and wrong frames
counts.py       the PLC's count of triggers held against ours
camera_loop.py  one camera's thread
join.py         the views of one part, from several cameras
queue.py        the one queue between cameras and engine
pipeline.py     the threads, and what starts and stops them
"""

from edge_inspector.pipeline.conditions import Conditions
from edge_inspector.pipeline.pipeline import Pipeline
from edge_inspector.pipeline.states import StateMachine

__all__ = ["Conditions", "Pipeline", "StateMachine"]
