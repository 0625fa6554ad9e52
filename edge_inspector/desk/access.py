"""Which role may ask the desk for what. A method that is not listed is an admin's."""

from __future__ import annotations

from edge_inspector.records import Role
from edge_inspector.wire.access import Methods

METHODS: Methods = {
    **dict.fromkeys(("ping", "login")),
    **dict.fromkeys(("history.query", "history.part", "history.counts", "history.hours")),
    **dict.fromkeys(("images.get", "labels.get", "labels.list", "labels.classes", "labels.propose", "tune.scores")),
    **dict.fromkeys(("recipe.active", "recipe.list")),
    "review.set": Role.OPERATOR,
    "password.change": Role.OPERATOR,
    "labels.put": Role.ENGINEER,
    "audit.query": Role.ENGINEER,
    **dict.fromkeys(("users.list", "users.add", "users.change"), Role.ADMIN),
}
