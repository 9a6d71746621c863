import logging
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import ModelCorrupt, ModelMissing
from core.faces.detection.detection import Detection
from core.faces.geometry import Box
from core.faces.models.converted_networks import RESNET_NETWORK
from core.faces.models.network import Network
from core.faces.photos.images import Photo
from core.faces.recognition.alignment import FivePointAligner
from core.faces.recognition.embedding import DlibEmbedder, Embedder, ResNetEmbedder


@pytest.fixture(scope="module")
def network(models_dir: Path) -> Network:
    return Network(RESNET_NETWORK.ensure(models_dir))


def _detection(box: Box) -> Detection:
    return Detection(box=box, landmark_box=box, score=1.0)


@pytest.fixture(scope="module")
def noise() -> list[NDArray[np.uint8]]:
    generator = np.random.default_rng(5)
    return [generator.integers(0, 256, (150, 150, 3), dtype=np.uint8) for _ in range(18)]


def test_embedding_of_a_real_face_equals_dlibs_within_1e_5(
    network: Network, shared_data: Path
) -> None:
    file = shared_data / "face-recognition-examples/images/examples/obama.jpg"
    photo = Photo(file.read_bytes(), max_pixels=2_000_000)
    box = Box(left=349, top=142, right=617, bottom=410)
    chips = [face.chip for face in FivePointAligner().align(photo, [_detection(box)])]

    ours, dlibs = ResNetEmbedder(network).embed(chips), DlibEmbedder().embed(chips)

    assert np.abs(ours - dlibs).max() < 1e-5


def test_many_chips_in_batches_equal_one_by_one(
    network: Network, noise: list[NDArray[np.uint8]]
) -> None:
    embedder = ResNetEmbedder(network)

    together = embedder.embed(noise)

    one_by_one = np.concatenate([embedder.embed([chip]) for chip in noise])
    assert np.abs(together - one_by_one).max() < 1e-6


def test_mirrored_embedding_is_the_same_for_a_chip_and_its_mirror_image(
    network: Network, noise: list[NDArray[np.uint8]]
) -> None:
    embedder = ResNetEmbedder(network, mirrored=True)

    chip, mirror_image = embedder.embed([noise[0], noise[0][:, ::-1]])

    assert np.abs(chip - mirror_image).max() < 1e-6


def test_mirrored_embeddings_have_one_length(
    network: Network, noise: list[NDArray[np.uint8]]
) -> None:
    embeddings = ResNetEmbedder(network, mirrored=True).embed(noise[:3])

    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(1.43, abs=1e-5)


def test_int8_and_mirrored_embeddings_are_models_of_their_own(network: Network) -> None:
    models = {
        ResNetEmbedder(network, int8=int8, mirrored=mirrored).model
        for int8 in (False, True)
        for mirrored in (False, True)
    }

    assert len(models) == 4


@pytest.mark.parametrize("kind", ["onnxruntime", "dlib"])
def test_no_chips_give_no_embeddings(network: Network, kind: str) -> None:
    embedder: Embedder = ResNetEmbedder(network) if kind == "onnxruntime" else DlibEmbedder()

    assert embedder.embed([]).shape == (0, 128)


def test_network_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"nowhere\.onnx"):
        Network(tmp_path / "nowhere.onnx")


def test_file_that_is_no_network_is_a_clear_error_when_loaded(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("not a network")

    with pytest.raises(ModelCorrupt, match=r"text\.onnx"):
        Network(tmp_path / "text.onnx")


def test_missing_gpu_is_logged_and_the_processor_gives_the_same(
    models_dir: Path,
    network: Network,
    noise: list[NDArray[np.uint8]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])

    with caplog.at_level(logging.WARNING):
        asked_for_cuda = Network(RESNET_NETWORK.ensure(models_dir), cuda=True)

    assert "no CUDA" in caplog.text
    expected = ResNetEmbedder(network).embed(noise[:1])
    assert np.array_equal(ResNetEmbedder(asked_for_cuda).embed(noise[:1]), expected)


@pytest.mark.parametrize("count", [1, 16, 17])
def test_gpu_gets_batches_of_one_size_and_gives_the_same(
    network: Network, noise: list[NDArray[np.uint8]], monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    chips = (noise * 17)[:count]
    expected = ResNetEmbedder(network).embed(chips)
    sizes: list[int] = []
    run = network.run

    def noted(batch: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        sizes.append(len(batch))
        return run(batch)

    monkeypatch.setattr(network, "on_gpu", True)
    monkeypatch.setattr(network, "run", noted)

    assert np.allclose(ResNetEmbedder(network).embed(chips), expected, atol=1e-6)
    assert set(sizes) == {16}


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_gpu_that_does_not_start_is_logged(
    models_dir: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: both)

    with caplog.at_level(logging.WARNING):
        Network(RESNET_NETWORK.ensure(models_dir), cuda=True)

    assert "does not start" in caplog.text
