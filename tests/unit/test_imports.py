"""What a process loads is what it needs."""

import subprocess
import sys

from tests.support.photos import ROOT


def test_web_tier_loads_no_model_library() -> None:
    script = "import sys, server; print({'dlib', 'onnxruntime', 'cv2'} & set(sys.modules))"

    finished = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PYTHONPATH": "web-tier"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stdout == "set()\n"
