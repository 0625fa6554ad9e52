"""``python -m edge_inspector`` is the command ``edge-inspector``."""

from edge_inspector.cli import main

if __name__ == "__main__":
    main()
