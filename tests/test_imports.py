"""Imports run one way: landscapes <- dynamics <- figures <- pages, Home.py <- app.py."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ["landscapes", "dynamics", "figures", "pages", "Home", "app"]
# A layer imports itself and what stands before it; Home and the pages are doors to each other, not imports.
ALLOWED = {
    "landscapes": {"landscapes"},
    "dynamics": {"landscapes", "dynamics"},
    "figures": {"landscapes", "dynamics", "figures"},
    "pages": {"landscapes", "dynamics", "figures", "pages"},
    "Home": {"landscapes", "dynamics", "figures", "pages"},
    "app": {"landscapes", "dynamics", "figures", "pages", "Home"},
}
# Where a library may be imported, as path prefixes.
LIBRARIES = {
    "streamlit": ("pages/", "Home.py", "app.py"),
    "plotly": ("figures/", "pages/shared/player"),
    # ... and by what stands for a visitor's script: the monitor, and the trainings that the example logs are of
    "torch": ("landscapes/networks/", "dynamics/monitor.py", "pages/shared/networks_example.py"),
}


def sources(layer: str) -> list[Path]:
    return [path for path in [ROOT / f"{layer}.py", *(ROOT / layer).rglob("*.py")] if path.is_file()]


def imports(source: str, package: str) -> Iterator[str]:
    """Absolute names of all modules that a source imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from_name(node, package)


def from_name(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1]
    return ".".join([*above, node.module or ""]).rstrip(".")


def faults(path: str, source: str) -> list[str]:
    """What a file at `path`, relative to the root, imports but must not."""
    layer = path.split("/")[0].removesuffix(".py")
    found = []
    for name in imports(source, ".".join(path.split("/")[:-1])):
        top = name.split(".")[0]
        if top in LAYERS and top not in ALLOWED[layer]:
            found.append(f"{path} imports {name}: {layer} stands before it")
        if top in LIBRARIES and not path.startswith(LIBRARIES[top]):
            found.append(f"{path} imports {name}, which is for {', '.join(LIBRARIES[top])} only")
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_run_one_way(layer: str) -> None:
    found = []
    for path in sources(layer):
        found += faults(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("landscapes/kernel.py", "from dynamics.rules import sam"),
        ("landscapes/formula.py", "def f():\n    import streamlit"),
        ("dynamics/orbit.py", "import figures.paths as paths"),
        ("figures/plane.py", "import streamlit as st"),
        ("dynamics/rules.py", "import torch.nn"),
        ("dynamics/rules.py", "from plotly import graph_objects"),
        ("pages/1_Explore.py", "import plotly.graph_objects as go"),
        ("pages/1_Explore.py", "import app"),
    ],
)
def test_an_import_the_wrong_way_is_found(path: str, source: str) -> None:
    assert len(faults(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("landscapes/networks/module_loss.py", "import torch"),
        ("landscapes/landscape.py", "from .formula import parse\nfrom . import kernel"),
        ("dynamics/orbit.py", "from landscapes import Landscape\nimport numpy as np"),
        ("pages/1_Explore.py", "import streamlit as st\nfrom pages.shared import controls\nimport figures"),
        ("app.py", "from pages.shared.plotly_js import PLOTLY_JS_ROUTE\nimport streamlit as st"),
    ],
)
def test_an_import_the_right_way_is_not(path: str, source: str) -> None:
    assert not faults(path, source)
