"""``edge-inspector-ui``, or ``python -m ui``: says what is missing where the GUI's packages are not installed."""

import importlib.util
import sys


def main() -> int:
    """Open the window; returns the exit status."""
    missing = [package for package in ("PySide6", "pyqtgraph") if importlib.util.find_spec(package) is None]
    if missing:
        print(f"error: {' and '.join(missing)} not installed; install the extra: pip install 'edge-inspector[ui]'", file=sys.stderr)  # noqa: T201
        return 2
    from ui.app import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
