"""Galleries of enrolled faces: stored in the bucket, searched in memory.

``lance_index`` is the engine; its other ``lance_*`` modules store faces, and
the ``warm_*`` modules hold and search their embeddings.
"""

import os

# Arrow reads it when it is first imported, and has no other switch for its insides. Its
# own allocator kept more and more of what was freed while an album was indexed.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # noqa: TID251
