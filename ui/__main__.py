"""``python -m ui``: the same as ``edge-inspector-ui``."""

import sys

from ui.app import main

sys.exit(main())
