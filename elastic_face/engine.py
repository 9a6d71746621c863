"""The engine as a library: faces of photos, in this process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from elastic_face.photo import Photo, bytes_of

if TYPE_CHECKING:
    from core.faces.results import Face, Model, Recognition

_MAX_PIXELS: Final = 50_000_000
_MODELS: Final = Path("var/models")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How like two faces are.

    ``similarity`` is 0 to 100, and ``same`` whether it is 80 or more, at which 1 of 100
    strangers is taken for the other person. ``distance`` is that of the embeddings.
    """

    same: bool
    similarity: float
    distance: float


class Engine:
    """Finds the faces of photos, embeds and compares them, without a service and without AWS.

    It decodes photos in this process: give it none from people whom you don't trust. The
    service decodes those in children without rights, under a deadline. Loading takes about a
    second, and longer the first time, when it converts its networks.

    Parameters
    ----------
    model : str
        ``balanced``, ``fast``, ``accurate`` or ``dlib``, as `FACE_ENGINE` names them; or
        ``face_recognition``, with the extra of that name.
    models_dir : Path, optional
        Where YuNet is looked for, and converted networks are kept. Without YuNet, MTCNN finds
        the faces.
    max_pixels : int
        Photos with more are refused.
    max_faces : int
        Largest faces of a photo that are described; the others are counted.
    min_face_px : int
        Smaller faces are left out.
    cuda : bool
        Embed on a GPU where there is one.

    Raises
    ------
    core.errors.ModelMissing, core.errors.ModelCorrupt
        If a model is not installed, or damaged.
    """

    def __init__(
        self,
        model: str = "balanced",
        *,
        models_dir: Path | str = _MODELS,
        max_pixels: int = _MAX_PIXELS,
        max_faces: int = 100,
        min_face_px: int = 16,
        cuda: bool = False,
    ) -> None:
        from core.faces.engines.factory import load_engine

        self._engine: Any = load_engine(
            name=model,
            models_dir=Path(models_dir),
            insightface_models_dir=None,
            embedder=None,
            max_pixels=max_pixels,
            detection_max_side_px=None,
            min_face_px=min_face_px,
            cuda=cuda,
            max_faces=max_faces,
        )

    @property
    def model(self) -> Model:
        """The model of the embeddings; those of different models can't be compared."""
        model: Model = self._engine.model
        return model

    def recognise(self, photo: Photo, *, crops: bool = False) -> Recognition:
        """Return the faces of a photo, the largest first, with embeddings.

        Parameters
        ----------
        crops : bool
            Cut a small picture of each face, too.

        Returns
        -------
        Recognition
            Its ``faces`` have ``box``, ``landmarks``, ``quality``, ``flaws``, ``roll``, and
            ``embedding``, float32 of shape (128,).

        Raises
        ------
        core.errors.InvalidPhoto
            If it can't be decoded, or has too many pixels.
        """
        from core.faces.results import Needed

        recognition: Recognition = self._engine.recognise(bytes_of(photo), Needed(crops=crops))
        return recognition

    def compare(self, one: Face, other: Face) -> Comparison:
        """Tell how like two faces are that this engine has recognised."""
        import numpy as np

        from core.faces.decision import (
            DEFAULT_FALSE_NAME_RATE,
            Candidate,
            calibration_of,
            decide,
            least_similarity,
        )

        distance = float(np.linalg.norm(one.embedding - other.embedding))
        decision = decide(
            one.embedding,
            [Candidate(distance=distance, faces=1, template=other.embedding)],
            people=1,
            calibration=calibration_of(self.model),
        )
        (similarity,) = decision.similarities
        return Comparison(
            same=similarity >= least_similarity(DEFAULT_FALSE_NAME_RATE),
            similarity=similarity,
            distance=distance,
        )
