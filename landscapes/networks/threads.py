"""How many threads a network's sums are made by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep PyTorch's and NumPy's products to one thread: workers share the processors, and numbers repeat.

    Sums made by several threads come out in another order, and differ in the last digits.
    """
    import torch
    from threadpoolctl import threadpool_limits

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)
