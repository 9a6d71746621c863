"""Model files, and the networks of packages as ONNX."""

import os

# onnxruntime reports its use to Microsoft, from when it is imported, unless this is set.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # noqa: TID251 - onnxruntime takes it in no other way
