"""The desk: what people ask that the line must not be kept waiting for. A process of its own; one service a file.

process.py   the composition root: station.toml -> a control socket with every service
access.py    which role may ask for what
history.py   the result log, read only
users.py     login, and who may log in
"""
