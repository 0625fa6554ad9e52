"""Demo and soak: line, desk, and a belt-and-gate process of its own that triggers, gates and does the accounting from outside."""
