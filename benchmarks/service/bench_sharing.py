"""What onnxruntime shares of a network's weights with other processes, and at what price.

Usage: python -m benchmarks.service.bench_sharing MODELS_DIR NETWORK WAY
"""

import argparse
import ctypes
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
import psutil
from numpy.typing import NDArray

from core.faces.models.converted_networks import CACHE_FOLDER
from core.faces.models.network import session_options

WAYS: Final = ("file", "bytes", "shared", "shared, not prepacked", "shared, as is")
"""A session from a file or from bytes, and three whose weights lie in a mapped file.

Of these the second keeps onnxruntime from arranging weights for its kernels, and the
third also from the graph optimisations that arrange them.
"""

_RUNS: Final = 200
_MIN_SHARED_BYTES: Final = 1024


def measured_sharing(models_dir: Path, network: str, way: str) -> dict[str, float]:
    """Return megabytes that a session adds to a process, and its speed, in a process of its own."""
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.service.bench_sharing", str(models_dir), network, way],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    result: dict[str, float] = json.loads(finished.stdout)
    return result


def main() -> None:
    """Measure one way in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models_dir", type=Path)
    parser.add_argument("network")
    parser.add_argument("way")
    options_given = parser.parse_args()
    path = options_given.models_dir / CACHE_FOLDER / f"{options_given.network}.onnx"
    way = options_given.way
    weights = _mapped_weights(path) if way.startswith("shared") else {}
    before = _uss_mb()
    options = session_options()
    values = {name: onnxruntime.OrtValue.ortvalue_from_numpy(w) for name, w in weights.items()}
    for name, value in values.items():
        options.add_initializer(name, value)
    if way in ("shared, not prepacked", "shared, as is"):
        options.add_session_config_entry("session.disable_prepacking", "1")
    if way == "shared, as is":
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    session = onnxruntime.InferenceSession(
        path.read_bytes() if way == "bytes" else str(path),
        options,
        providers=["CPUExecutionProvider"],
    )
    loaded = _uss_mb()
    chips = np.zeros((2, 150, 150, 3), dtype=np.uint8)  # a face and its mirror image
    run_options = onnxruntime.RunOptions()
    run_options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    seconds = []
    for _ in range(_RUNS):
        started = time.perf_counter()
        session.run(None, {session.get_inputs()[0].name: chips}, run_options)
        seconds.append(time.perf_counter() - started)
    print(
        json.dumps(
            {
                "loaded_mb": round(loaded - before, 1),
                "after_runs_mb": round(_uss_mb() - before, 1),
                "ms": round(1000 * statistics.median(seconds), 2),
                "ms_best_tenth": round(1000 * statistics.quantiles(seconds, n=10)[0], 2),
            }
        )
    )


def _mapped_weights(path: Path) -> dict[str, NDArray[Any]]:
    """Return the larger weights as views of a file that processes could map together."""
    import onnx
    from onnx import numpy_helper

    arrays = {
        tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer
    }
    views: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        if array.nbytes >= _MIN_SHARED_BYTES:
            with tempfile.NamedTemporaryFile() as file:
                array.tofile(file.name)
                views[name] = np.memmap(file.name, array.dtype, "r", shape=array.shape)
    return views


def _uss_mb() -> float:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return float(psutil.Process().memory_full_info().uss) / 1e6


if __name__ == "__main__":
    main()
