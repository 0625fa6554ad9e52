"""Typed settings: station.toml, recipes and bundle manifests.

Unknown keys and values out of range are errors that name file, key and value.
"""

from edge_inspector.settings.load import load_recipe, load_station, load_toml, parse_model
from edge_inspector.settings.manifest import Manifest
from edge_inspector.settings.recipe import Recipe
from edge_inspector.settings.station import Station

__all__ = ["Manifest", "Recipe", "Station", "load_recipe", "load_station", "load_toml", "parse_model"]
