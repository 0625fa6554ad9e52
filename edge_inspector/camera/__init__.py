"""Cameras: one protocol, one file a driver, chosen by name through the registry."""
