"""What is optimised."""

from .catalogue import CATALOGUE
from .formula import FormulaError
from .landscape import Landscape

__all__ = ["CATALOGUE", "FormulaError", "Landscape"]
