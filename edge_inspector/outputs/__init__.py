"""Outputs: the reject link first, with its journal; then recorder, archive and status, none of which the link waits for."""
