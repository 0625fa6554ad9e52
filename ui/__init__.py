"""The operator GUI: a client of line and desk, in a process of its own.

Of ours it imports wire, settings, records and errors alone.
"""
