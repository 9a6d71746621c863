"""Settings of faces: how they are found, described, searched and kept."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from core.faces.calibration import DEFAULT_MAX_DISTANCE as DEFAULT_MAX_DISTANCE
from core.faces.models.embedder_description import EmbedderDescription
from core.settings.values import Count, FaceQuality, Seconds


def _read_embedder(value: object) -> object:
    return EmbedderDescription.read(value) if isinstance(value, str) else value


class FaceSettings(BaseModel):
    """How faces are found, described, searched and kept."""

    face_engine: Literal[
        "balanced", "fast", "accurate", "dlib", "face_recognition", "insightface", "onnx"
    ] = "balanced"
    face_models_dir: Path = Path("var/models")
    """Folder of YuNet, and of the converted networks."""
    insightface_models_dir: Path | None = None
    """Folder of the user's own networks, for the engine ``insightface``."""
    face_embedder: Annotated[
        EmbedderDescription | None, NoDecode, BeforeValidator(_read_embedder)
    ] = None
    """The user's own network, for the engine ``onnx``: path of its description, or ``sface``."""
    face_cuda: bool = False
    """Embed faces on a GPU where there is one."""
    min_face_px: Count = 16
    max_embedded_faces: Count = 100
    """Faces of a photo that are described, largest first; the others are only counted."""
    detection_max_side_px: int | None = Field(default=None, ge=64)
    """Longest side of the first look for faces, instead of the engine's own."""
    min_enrol_quality: FaceQuality = 50
    """Faces of a lower quality are not enrolled, unless a request has another bound."""
    min_match_quality: FaceQuality = 20
    """Faces of a lower quality are not searched for, unless a request has another bound."""
    keep_face_crops: bool = True
    """Keep a small picture of each enrolled face, which is shown, and embedded by later models."""
    keep_unknown: bool = False
    """Keep the faces that an upload or a match did not name; a collection may say otherwise."""
    keep_unknown_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """Age at which such faces are removed, unless someone has named or ignored them."""
    match_max_distance: Annotated[float, Field(gt=0, le=2)] | None = None
    """Largest distance between two faces of one person, instead of the model's own."""
    match_false_name_rate: Annotated[float, Field(gt=0, le=0.5)] = 0.01
    """How often a stranger may be given a name, in collections without a rate of their own."""
    gallery_refresh_seconds: Seconds = 1
    gallery_exact_max: Count = 100_000
    """Faces up to which a gallery is searched exactly, by comparing all."""
    gallery_compressed: bool = False
    """Keep larger galleries in a quarter of the memory, at a small loss of recall."""

    face_index: Literal["lancedb", "qdrant", "milvus", "pinecone"] = "lancedb"
    """Where enrolled faces live; all but lancedb are extras."""
    qdrant_url: str | None = None
    qdrant_api_key: SecretStr | None = None
    milvus_uri: str | None = None
    """Address of a Milvus server, or a file for Milvus Lite."""
    milvus_token: SecretStr | None = None
    pinecone_api_key: SecretStr | None = None
    pinecone_index_host: str | None = None
    """Address of a Pinecone index with the metric euclidean."""

    @property
    def max_distance(self) -> float:
        """Distance at which two faces count as one person's, of whichever model."""
        described = self.face_embedder if self.face_engine == "onnx" else None
        own = DEFAULT_MAX_DISTANCE if described is None else described.max_distance
        return self.match_max_distance or own or DEFAULT_MAX_DISTANCE

    @model_validator(mode="after")
    def _check_faces(self) -> Self:
        self._check_engine()
        self._check_face_index()
        return self

    def _check_engine(self) -> None:
        if self.face_engine == "insightface" and self.insightface_models_dir is None:
            raise ValueError("FACE_ENGINE=insightface needs INSIGHTFACE_MODELS_DIR")
        if self.face_engine != "onnx":
            return
        if self.face_embedder is None:
            raise ValueError("FACE_ENGINE=onnx needs FACE_EMBEDDER")
        if self.match_max_distance is None and self.face_embedder.max_distance is None:
            raise ValueError(
                "FACE_ENGINE=onnx needs MATCH_MAX_DISTANCE, or max_distance in the description "
                "that FACE_EMBEDDER names"
            )

    def _check_face_index(self) -> None:
        needed = {
            "lancedb": (),
            "qdrant": ("qdrant_url",),
            "milvus": ("milvus_uri",),
            "pinecone": ("pinecone_api_key", "pinecone_index_host"),
        }[self.face_index]
        for name in needed:
            if getattr(self, name) is None:
                raise ValueError(f"FACE_INDEX={self.face_index} needs {name.upper()}")
