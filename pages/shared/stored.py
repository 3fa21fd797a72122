"""Results of trainings in files: the presets' are made by `python -m pages.shared.stored` and kept beside this file.

A file is numpy's npz: arrays as 32-bit floats, and everything else as one text in JSON. Reading it runs no code.
"""

from __future__ import annotations

import io
import json
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from dynamics.training import Curves
from landscapes.networks import Network
from pages.shared.scene import Scene
from pages.shared.trained import CertificateSummary, Slices, Trained, TrainedRun, train
from pages.shared.training import PRESETS, Training

FOLDER: Final = Path(__file__).parent / "presets"
_NOW: Final = (CertificateSummary, Curves, Network, Scene, Slices, Trained, TrainedRun, Training)
_BEFORE: Final = {"NetworkSpec": Network, "Proof": CertificateSummary}  # as older files call them
_TYPES: Final = {c.__name__: c for c in _NOW} | _BEFORE


def pack(value: Any) -> bytes:
    """Write a result, made of the dataclasses of trainings, as a file."""
    arrays: dict[str, np.ndarray] = {}

    def plain(part: Any) -> Any:
        if is_dataclass(part):
            inner = {field.name: plain(getattr(part, field.name)) for field in fields(part)}
            return {"type": type(part).__name__, "fields": inner}
        if isinstance(part, np.ndarray):
            name = f"a{len(arrays)}"
            arrays[name] = part.astype(np.int32 if part.dtype.kind == "i" else np.float32)
            return {"array": name}
        if isinstance(part, tuple):
            return {"tuple": [plain(item) for item in part]}
        return part.item() if isinstance(part, np.generic) else part

    text = json.dumps(plain(value))
    into = io.BytesIO()
    np.savez_compressed(into, text=np.array(text), **arrays)  # type: ignore[arg-type]
    return into.getvalue()


def unpack(data: bytes) -> Any:
    """Read a file that `pack` has written."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:

        def whole(part: Any) -> Any:
            if not isinstance(part, dict):
                return part
            if "array" in part:
                array = file[part["array"]]
                return array.astype(np.int64 if array.dtype.kind == "i" else np.float64)
            if "tuple" in part:
                return tuple(whole(item) for item in part["tuple"])
            return _TYPES[part["type"]](**{name: whole(item) for name, item in part["fields"].items()})

        return whole(json.loads(str(file["text"])))


@cache
def stored(preset: str) -> tuple[Training, Trained]:
    """Return a preset's training and what it left."""
    training, trained = unpack(_file(preset).read_bytes())
    return training, trained


def file_name(preset: str) -> str:
    """Return what the files of a preset are called."""
    return preset.split(",")[0].lower()


def _file(preset: str) -> Path:
    return FOLDER / f"{file_name(preset)}.npz"


def make() -> None:
    """Train every preset anew and keep the results."""
    FOLDER.mkdir(exist_ok=True)
    for name, training in PRESETS.items():
        trained = train(training)
        file = _file(name)
        file.write_bytes(pack((training, trained)))
        print(f"{file.relative_to(FOLDER.parent)}: {file.stat().st_size / 1000.0:.0f} kB")
        for run in trained.runs:
            print(f"  {run.sentence}", f"\n  {run.proof.sentence}" if run.proof else "")


if __name__ == "__main__":
    make()
