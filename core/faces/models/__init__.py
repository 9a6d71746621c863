"""Model files, and dlib's networks as ONNX."""
