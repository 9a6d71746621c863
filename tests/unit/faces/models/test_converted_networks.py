import json
import multiprocessing
from dataclasses import replace
from pathlib import Path

import dlib
import numpy as np
import onnxruntime
import pytest

from core.errors import ModelCorrupt, ModelMissing
from core.faces.models.converted_networks import (
    MTCNN_NETWORKS,
    NETWORKS,
    RESNET_INT8_NETWORK,
    RESNET_NETWORK,
    RESNET_RANGES,
    ConvertedNetwork,
    sha256_of,
)


def _convert(folder: str) -> str:
    return str(MTCNN_NETWORKS[0].ensure(Path(folder)))


def test_converted_resnet_gives_dlibs_embeddings_within_1e_5(
    models_dir: Path, resnet_dat: Path
) -> None:
    chips = np.random.default_rng(1).integers(0, 256, (3, 150, 150, 3), dtype=np.uint8)
    session = onnxruntime.InferenceSession(RESNET_NETWORK.ensure(models_dir))

    (embeddings,) = session.run(None, {"chips": chips})

    reference = dlib.face_recognition_model_v1(str(resnet_dat)).compute_face_descriptor(list(chips))
    assert np.abs(embeddings - np.array(reference)).max() < 1e-5


def test_converted_networks_accept_any_batch_and_image_size(models_dir: Path) -> None:
    session = onnxruntime.InferenceSession(MTCNN_NETWORKS[0].ensure(models_dir))

    shapes = [
        session.run(["scores"], {"pixels": np.zeros((count, height, 97, 3), np.uint8)})[0].shape
        for count, height in ((1, 12), (2, 160))
    ]

    assert shapes == [(1, 2, 1, 44), (2, 2, 75, 44)]


def test_sound_network_is_not_built_again(models_dir: Path) -> None:
    before = MTCNN_NETWORKS[0].ensure(models_dir).stat().st_mtime_ns

    assert MTCNN_NETWORKS[0].ensure(models_dir).stat().st_mtime_ns == before


@pytest.mark.parametrize("converted", [MTCNN_NETWORKS[0], RESNET_INT8_NETWORK])
@pytest.mark.parametrize("damage", [b"", b"not a network"])
def test_damaged_network_is_built_again(
    tmp_path: Path, converted: ConvertedNetwork, damage: bytes
) -> None:
    network = converted.ensure(tmp_path)
    sound = network.read_bytes()
    network.write_bytes(damage)

    assert converted.ensure(tmp_path).read_bytes() == sound


@pytest.mark.parametrize("note", ["", "{}", "[1"])
def test_network_with_damaged_note_is_built_again(tmp_path: Path, note: str) -> None:
    network = MTCNN_NETWORKS[0].ensure(tmp_path)
    network.with_suffix(".json").write_text(note)

    MTCNN_NETWORKS[0].ensure(tmp_path)

    assert json.loads(network.with_suffix(".json").read_text())["sha256"] == sha256_of(network)


def test_networks_are_rebuilt_when_their_source_changes(tmp_path: Path, resnet_dat: Path) -> None:
    source = tmp_path / "resnet.dat"
    source.write_bytes(resnet_dat.read_bytes())
    before = RESNET_NETWORK.ensure(tmp_path, source=source).read_bytes()
    content = bytearray(resnet_dat.read_bytes())
    content[-500] ^= 1  # a weight of the last product
    source.write_bytes(content)

    assert RESNET_NETWORK.ensure(tmp_path, source=source).read_bytes() != before


def test_int8_network_is_rebuilt_when_its_ranges_change(tmp_path: Path) -> None:
    ranges = tmp_path / "ranges.json"
    ranges.write_bytes(RESNET_RANGES.read_bytes())
    network = replace(RESNET_INT8_NETWORK, ranges=ranges)
    before = network.ensure(tmp_path).read_bytes()
    content = json.loads(ranges.read_text())
    content["ranges"]["value_5"][1] *= 2
    ranges.write_text(json.dumps(content))

    assert network.ensure(tmp_path).read_bytes() != before


def test_processes_that_start_together_all_get_a_sound_network(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        paths = pool.map(_convert, [str(tmp_path)] * 4)

    assert len(set(paths)) == 1
    assert [path.name for path in Path(paths[0]).parent.iterdir() if path.name[0] == "."] == []
    onnxruntime.InferenceSession(paths[0])


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"\x01\x01\x01\x0aloss_mmod_", b"\x01\x01\x01\x0dloss_metric_2"]
)
@pytest.mark.parametrize("network", NETWORKS)
def test_file_that_is_no_network_is_a_clear_error(
    tmp_path: Path, network: ConvertedNetwork, content: bytes
) -> None:
    source = tmp_path / "wrong.dat"
    source.write_bytes(content)

    with pytest.raises(ModelCorrupt, match=r"wrong\.dat can't be converted"):
        network.ensure(tmp_path, source=source)


def test_other_networks_file_is_a_clear_error(
    tmp_path: Path, mtcnn_file: Path, resnet_dat: Path
) -> None:
    with pytest.raises(ModelCorrupt, match="loss_metric_2"):
        RESNET_NETWORK.ensure(tmp_path, source=mtcnn_file)
    for network in (MTCNN_NETWORKS[0], MTCNN_NETWORKS[1]):
        with pytest.raises(ModelCorrupt, match="its sha256 is"):
            network.ensure(tmp_path, source=resnet_dat)
    with pytest.raises(ModelCorrupt, match="its sha256 is"):
        MTCNN_NETWORKS[1].ensure(tmp_path, source=mtcnn_file)


@pytest.mark.parametrize("kept_bytes", [100, 5_000, 5_150, 100_000, 700_000])
def test_truncated_file_is_a_clear_error(tmp_path: Path, resnet_dat: Path, kept_bytes: int) -> None:
    source = tmp_path / "truncated.dat"
    source.write_bytes(resnet_dat.read_bytes()[:kept_bytes])

    with pytest.raises(ModelCorrupt, match=r"truncated\.dat"):
        RESNET_NETWORK.ensure(tmp_path, source=source)


def test_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"nowhere\.dat"):
        MTCNN_NETWORKS[0].ensure(tmp_path, source=tmp_path / "nowhere.dat")


def test_missing_ranges_are_a_clear_error(tmp_path: Path) -> None:
    network = replace(RESNET_INT8_NETWORK, ranges=tmp_path / "nowhere.json")

    with pytest.raises(ModelMissing, match=r"nowhere\.json"):
        network.ensure(tmp_path)


def test_cache_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")

    with pytest.raises(ModelMissing, match="can't be written"):
        MTCNN_NETWORKS[0].ensure(tmp_path / "models")
