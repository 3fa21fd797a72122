"""What is optimised: formulas on a window, and a catalogue of them."""

from .catalogue import CATALOGUE, Entry
from .faults import FormulaError
from .landscape import Landscape

__all__ = ["CATALOGUE", "Entry", "FormulaError", "Landscape"]
