"""The version of the protocols, ``v`` in every message."""

from typing import Literal

VERSION: Literal[1] = 1
