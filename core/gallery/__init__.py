"""Galleries of enrolled faces: stored in the bucket, searched in memory.

``lance`` stores the faces in S3, and ``replica`` holds their embeddings in memory and
searches them. ``remote`` has the engines that are databases of their own.
"""

import os

# Arrow reads it when it is first imported, and has no other switch for its insides. Its
# own allocator kept more and more of what was freed while an album was indexed.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # noqa: TID251
