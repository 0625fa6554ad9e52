"""Engines: one protocol, one file a backend, chosen by name through the registry; and the model bundle they load."""
