"""Pictures of results: pure functions that return a plotly Figure."""

from plotly.graph_objects import Figure

__all__ = ["Figure"]
