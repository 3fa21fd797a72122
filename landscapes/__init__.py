"""What is optimised."""

from .formula import FormulaError
from .landscape import Landscape

__all__ = ["FormulaError", "Landscape"]
