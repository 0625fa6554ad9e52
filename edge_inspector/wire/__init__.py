"""The wire: typed messages with JSON Schema, and the servers and clients of the reject link, status and control."""
