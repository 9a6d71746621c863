"""In-memory queue, store, face index and recogniser that behave as the real ones do.

They keep the contract of ``core.ports`` (the contract tests run on both) and
record what happened, so that a test can state facts.
"""

from core.testing.clock import ManualClock
from core.testing.face_index import MemoryFaceIndex
from core.testing.queue import MemoryQueue
from core.testing.recognizer import ScriptedRecognizer
from core.testing.store import MemoryStore

__all__ = [
    "ManualClock",
    "MemoryFaceIndex",
    "MemoryQueue",
    "MemoryStore",
    "ScriptedRecognizer",
]
