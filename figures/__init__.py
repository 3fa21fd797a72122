"""Pictures of results: pure functions that return a plotly Figure."""
