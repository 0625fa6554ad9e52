from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from edge_inspector.errors import StoreError
from edge_inspector.settings import Recipe
from edge_inspector.store.recipes import activate, active, get_recipe, import_recipe, list_recipes, recipe_toml
from edge_inspector.store.schema import AuditRow, Base


def recipe(name: str = "ring", accept: float = 0.5) -> Recipe:
    rules = {"accept_threshold": accept, "roi": [[[0, 0], [10, 0], [10, 10]]]}
    return Recipe.model_validate({"name": name, "bundle": "demo", "decision": rules, "gate": {"reject_window_ms": 200}})


def test_a_version_is_new_only_where_the_content_changed(engine: Engine) -> None:
    assert import_recipe(engine, recipe()) == (1, True)
    assert import_recipe(engine, recipe()) == (1, False)
    assert import_recipe(engine, recipe(accept=0.4)) == (2, True)
    assert import_recipe(engine, recipe()) == (3, True)  # back to the first content: still a change
    assert import_recipe(engine, recipe("other")) == (1, True)
    assert [r.label for r in list_recipes(engine)] == ["other:1", "ring:1", "ring:2", "ring:3"]


def test_what_comes_out_is_what_went_in(engine: Engine) -> None:
    import_recipe(engine, recipe())
    stored = get_recipe(engine, "ring")
    assert stored.recipe() == recipe()
    assert stored.content == recipe_toml(recipe())
    assert stored.created_utc.tzinfo is not None


def test_the_newest_activation_decides_and_the_history_stays(engine: Engine) -> None:
    assert active(engine) is None
    for accept in (0.5, 0.4):
        import_recipe(engine, recipe(accept=accept))
    assert activate(engine, "ring").label == "ring:2"
    assert activate(engine, "ring", 1, actor="anna").label == "ring:1"
    activate(engine, "ring", 1)  # already active: no new entry
    now = active(engine)
    assert now is not None
    assert (now.label, now.active) == ("ring:1", True)
    assert [r.label for r in list_recipes(engine) if r.active] == ["ring:1"]
    with engine.connect() as connection:
        assert len(connection.execute(select(Base.metadata.tables["recipe_activations"])).all()) == 2
        audit = connection.execute(select(AuditRow.action, AuditRow.subject, AuditRow.actor).order_by(AuditRow.id)).all()
    assert [tuple(row) for row in audit][2:] == [("recipe.activate", "ring:2", "local"), ("recipe.activate", "ring:1", "anna")]


@pytest.mark.parametrize(("name", "version", "says"), [("nope", None, "no recipe nope; there is ring:1"), ("ring", 7, "no recipe ring:7")])
def test_an_unknown_recipe_is_named(engine: Engine, name: str, version: int | None, says: str) -> None:
    import_recipe(engine, recipe())
    for use in (activate, get_recipe):
        with pytest.raises(StoreError, match=says):
            use(engine, name, version)
