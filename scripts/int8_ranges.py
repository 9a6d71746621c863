"""Find the bounds between which the int8 ResNet counts; write core/faces/models/resnet_ranges.json.

    python -m scripts.int8_ranges --models-dir var/models

The float32 network looks at the faces of 300 people of LFW's DevTrain, a photo of
each, and at their mirror images; the smallest and largest value of each tensor are
kept. Nobody of DevTest is among them. Where the file changes, the network is
converted again.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, create_calibrator
from tqdm import tqdm

from benchmarks.common.lfw import (
    Pair,
    engine_with,
    person_of,
    photo_file,
    read_pairs,
    trial_options,
)
from core.faces.models.converted_networks import RESNET_NETWORK, RESNET_RANGES
from core.faces.models.quantisation import QUANTISED_OPERATORS
from core.faces.results import EMBEDDING_LENGTH, Model

_PEOPLE: Final = 300
_BATCH: Final = 16


class Chips(CalibrationDataReader):  # type: ignore[misc]
    """As an embedder collects chips and their mirror images; shows them to the calibrator."""

    model: Final = Model(name="chips", version="1")

    def __init__(self) -> None:
        self.chips: list[NDArray[np.uint8]] = []
        self._shown: Iterator[NDArray[np.uint8]] | None = None

    def embed(self, chips: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self.chips += [view for chip in chips for view in (chip, chip[:, ::-1])]
        return np.zeros((len(chips), EMBEDDING_LENGTH), dtype=np.float32)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        if self._shown is None:
            starts = range(0, len(self.chips), _BATCH)
            self._shown = (np.stack(self.chips[start : start + _BATCH]) for start in starts)
        batch = next(self._shown, None)
        return None if batch is None else {"chips": batch}


def main() -> None:
    """Collect the chips, run the network, write the file."""
    options = trial_options(__doc__, out=str(RESNET_RANGES)).parse_args()
    protocol = options.photos / "protocol"
    train, test = (read_pairs(protocol / f"pairsDev{part}.txt") for part in ("Train", "Test"))
    chips = Chips()
    engine = engine_with(chips, models_dir=options.models_dir)
    for photo in tqdm(chosen_photos(train, test), unit="photo"):
        engine.recognise(photo_file(options.photos, photo).read_bytes())
    ranges = _ranges(RESNET_NETWORK.ensure(options.models_dir), chips)
    options.out.write_text(as_json({"chips": len(chips.chips)}, ranges))


def chosen_photos(pairs: list[Pair], others: list[Pair]) -> list[str]:
    """Return a photo of each of 300 people of some pairs, none of them in the others."""
    left_out = {person_of(photo) for pair in others for photo in (pair.one, pair.other)}
    first: dict[str, str] = {}
    for photo in sorted(photo for pair in pairs for photo in (pair.one, pair.other)):
        if person_of(photo) not in left_out:
            first.setdefault(person_of(photo), photo)
    photos = list(first.values())
    return photos[:: max(1, len(photos) // _PEOPLE)][:_PEOPLE]


def _ranges(network: Path, chips: Chips) -> dict[str, tuple[float, float]]:
    with tempfile.TemporaryDirectory() as folder:
        calibrator = create_calibrator(
            network,
            list(QUANTISED_OPERATORS),
            augmented_model_path=str(Path(folder) / "augmented.onnx"),
        )
        calibrator.collect_data(chips)
        found = calibrator.compute_data()
    return {name: (bounds.lowest.item(), bounds.highest.item()) for name, bounds in found.items()}


def as_json(about: dict[str, Any], ranges: dict[str, tuple[float, float]]) -> str:
    """Return the content of the file, a line for each tensor."""
    head = "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in about.items())
    rows = ",\n".join(
        f"  {json.dumps(name)}: [{lowest:.5g}, {highest:.5g}]"
        for name, (lowest, highest) in sorted(ranges.items(), key=_by_number)
    )
    return f'{{\n{head} "ranges": {{\n{rows}\n }}\n}}\n'


def _by_number(row: tuple[str, Any]) -> tuple[int, str]:
    return len(row[0]), row[0]


if __name__ == "__main__":
    main()
