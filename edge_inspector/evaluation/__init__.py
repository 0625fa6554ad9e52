"""How good a bundle is: data set layouts, metrics, evaluation through the same judge as the line's, and equivalence of backends. Free of
torch."""
