"""Networks as landscapes: the loss of a PyTorch module over its flat weights, and frozen descriptions of such.

`Network` and the data are plain: nothing here imports PyTorch before a network is made or `ModuleLoss` is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .data import Examples, guessing_loss
from .network import Network
from .table import Table, TableError, read_table
from .threads import one_thread

if TYPE_CHECKING:
    from .module_loss import ModuleLoss

__all__ = ["Examples", "ModuleLoss", "Network", "Table", "TableError", "guessing_loss", "one_thread", "read_table"]


def __getattr__(name: str) -> Any:
    """Import PyTorch with `ModuleLoss`, and not before."""
    if name == "ModuleLoss":
        from .module_loss import ModuleLoss

        return ModuleLoss
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
