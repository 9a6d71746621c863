"""Galleries of enrolled faces: stored in the bucket, searched in memory.

``lance_index`` is the engine; its other ``lance_*`` modules store faces, and
the ``warm_*`` modules hold and search their embeddings.
"""
