"""Recognise files one by one, each in a child of its own; print what became of each.

Usage: recognise_each.py MODELS_DIR MAX_PIXELS FILE...

Each line is a JSON object: ``file``, ``ending`` (``answer``, the code of a typed
error, ``exception NAME`` or ``signal N``), ``seconds``, ``peak_bytes``, and for
an answer ``faces``, ``width`` and ``height``.
"""

import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from core.errors import FaceServiceError
from core.faces.engines.builtin import FaceEngine
from core.faces.photos.photo_header import inspect_photo

_MOST_SECONDS = 20
_MOST_ADDRESSES_BYTES = 3_000_000_000


def _attempt(engine: FaceEngine, file: Path, max_pixels: int) -> dict[str, Any]:
    try:
        photo = file.read_bytes()
        inspect_photo(photo, max_pixels=max_pixels)
        recognition = engine.recognise(photo)
    except FaceServiceError as error:
        return {"ending": error.code}
    except Exception as error:  # noqa: BLE001 - it is what the test looks for
        traceback.print_exc()
        return {"ending": f"exception {type(error).__name__}"}
    return {
        "ending": "answer",
        "faces": len(recognition.faces),
        "width": recognition.width,
        "height": recognition.height,
    }


def _in_child(engine: FaceEngine, file: Path, max_pixels: int) -> dict[str, Any]:
    reading, writing = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        signal.alarm(_MOST_SECONDS)
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_ADDRESSES_BYTES, _MOST_ADDRESSES_BYTES))
        os.write(writing, json.dumps(_attempt(engine, file, max_pixels)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status, usage = os.wait4(child, 0)
    ending = json.loads(answer) if answer else {"ending": f"signal {os.WTERMSIG(status)}"}
    return {
        "file": str(file),
        "seconds": time.monotonic() - started,
        "peak_bytes": usage.ru_maxrss * 1024,
    } | ending


def main() -> None:
    models_dir, max_pixels, *files = sys.argv[1:]
    engine = FaceEngine.load(models_dir=Path(models_dir), max_pixels=int(max_pixels))
    for file in files:
        print(json.dumps(_in_child(engine, Path(file), int(max_pixels))), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
