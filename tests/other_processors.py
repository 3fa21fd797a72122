"""Run what hangs on the last bit again as on other processors: python tests/other_processors.py.

NumPy and OpenBLAS choose among several versions of their loops by what the processor can do, and these differ in the
last bit. Both can be told to choose another one.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
from threadpoolctl import threadpool_info

TESTS = (
    "test_arithmetic.py",
    "test_rules.py",
    "test_orbit.py",
    "test_variants.py",
    "test_catalogue.py",
    "test_basins.py::test_labels_agree_with_verdicts_on_single_runs",
)
KERNELS = {"SkylakeX": "AVX512_SKX", "Haswell": "AVX2", "Prescott": "SSE3"}  # of OpenBLAS, and what they need
AS_GOOD_AS = {"Cooperlake": "SkylakeX", "SapphireRapids": "SkylakeX", "Zen": "Haswell"}
FASTEST = ("X86_V4", "AVX512_ICL", "AVX512_SPR")  # AVX-512, in the names of NumPy's features


def other_processors() -> Iterator[dict[str, str]]:
    """Yield the environments in which this processor passes for another one."""
    for library in threadpool_info():
        if library["internal_api"] == "openblas" and "numpy" in library["filepath"]:
            here = AS_GOOD_AS.get(library["architecture"], library["architecture"])
            for kernel, feature in KERNELS.items():
                if kernel != here and __cpu_features__.get(feature):
                    yield {"OPENBLAS_CORETYPE": kernel}
                    break
    features = [name for name in __cpu_dispatch__ if __cpu_features__.get(name)]
    disabled = [name for name in features if name in FASTEST] or features
    if disabled:
        yield {"NPY_DISABLE_CPU_FEATURES": " ".join(disabled)}


def main() -> int:
    folder = Path(__file__).parent
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", *(str(folder / test) for test in TESTS)]
    for environment in other_processors():
        print("As on another processor:", *(f'{key}="{value}"' for key, value in environment.items()), flush=True)
        code = subprocess.run(command, cwd=folder.parent, env=os.environ | environment).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
