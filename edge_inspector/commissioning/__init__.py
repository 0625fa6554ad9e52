"""commissioning."""
