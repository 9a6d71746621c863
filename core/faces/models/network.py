"""Networks in onnxruntime: one thread each, on the processor or on a GPU."""

import logging
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from core.errors import ModelCorrupt, ModelMissing

_LOG: Final = logging.getLogger(__name__)
_CUDA: Final = "CUDAExecutionProvider"
_CUDA_OPTIONS: Final = {"cudnn_conv_algo_search": "HEURISTIC"}
"""By default, all algorithms are tried for every new size of input."""
_CPU: Final = "CPUExecutionProvider"
_ERRORS_ONLY: Final = 3


class Network:
    """A loaded network.

    Parameters
    ----------
    path : Path
        ONNX file.
    cuda : bool
        Run on a GPU where there is one; otherwise the log says that there is none.

    Raises
    ------
    ModelMissing
        If there is no such file.
    ModelCorrupt
        If it is not a network.
    """

    def __init__(self, path: Path, *, cuda: bool = False) -> None:
        if not path.is_file():
            raise ModelMissing(f"the model file {path} does not exist")
        providers = providers_for(cuda=cuda)
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), session_options(), providers=providers
            )
        except Exception as error:  # onnxruntime's errors have no common base
            raise ModelCorrupt(f"{path} can't be loaded: {error}") from error
        self.on_gpu: Final = _CUDA in self._session.get_providers()
        if len(providers) > 1 and not self.on_gpu:
            _LOG.warning("no GPU for face networks: CUDA does not start here; using the processor")
        # Otherwise the process keeps for ever what its largest photo needed.
        self._shrink = onnxruntime.RunOptions()
        self._shrink.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        self._input = self._session.get_inputs()[0].name
        self.input_shape: Final = tuple(self._session.get_inputs()[0].shape)
        """Sizes; the names of those that may differ from run to run."""
        self.outputs: Final = tuple(output.name for output in self._session.get_outputs())

    def run(self, values: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        """Return the outputs by name."""
        results = self._session.run(None, {self._input: values}, self._shrink)
        return dict(zip(self.outputs, results, strict=True))


def session_options() -> onnxruntime.SessionOptions:
    """Return the options of a network that shares its machine with others of its kind."""
    options = onnxruntime.SessionOptions()
    # One process a core does more photos a second than several threads on one photo.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # Patterns are for inputs of one size; photos have many.
    options.enable_mem_pattern = False
    return options


def providers_for(*, cuda: bool) -> list[str | tuple[str, dict[str, str]]]:
    """Return onnxruntime's names of where to run, best first, with their options."""
    if not cuda:
        return [_CPU]
    if _CUDA not in onnxruntime.get_available_providers():
        _LOG.warning("no GPU for face networks: onnxruntime has no CUDA here; using the processor")
        return [_CPU]
    onnxruntime.preload_dlls()  # finds CUDA where pip has installed it
    return [(_CUDA, _CUDA_OPTIONS), _CPU]
