"""The desk: what people ask that the line must not be kept waiting for. A process of its own; one service a file.

process.py       the composition root: station.toml -> a control socket with every service
access.py        which role may ask for what
handlers.py      what a service offers: handlers by method name
database.py      the result log as the services use it
archived.py      a part's files in the archive, found through the result log
users.py         login, and who may log in
history.py       the result log, read only
images.py        archived pictures and maps
review.py        what a person says of a part, beside the machine's verdict
labels.py        masks proposed and stored (proposals.py, label_folder.py)
tune.py          the scores that thresholds are set by
recipes.py       the recipe versions on record
audit.py         who did what to what
"""
