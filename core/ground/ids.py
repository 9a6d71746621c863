"""The ids of jobs, batches, faces, collections and galleries: their forms, and new ones.

Most become part of a storage key or of a filter, so each is compared in full with its form.
"""

import re
import uuid
from typing import Final

JOB_ID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
"""A UUID of version 4 in lower case, as a regular expression; batches have such ids too."""
JOB_ID_LENGTH: Final = 36
COLLECTION_ID: Final = "[A-Za-z0-9_.-]{1,100}"
"""As a regular expression, for schemas as well."""

FACE_ID: Final = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""A UUID of any version in lower case, as a regular expression."""

AUDIT_ID: Final = r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(-[0-9]{2}){2}-([0-9]{6}-)?[0-9a-f-]{36}"
"""A time and a UUID, as a regular expression; older records have whole seconds."""

_AUDIT_ID: Final = re.compile(AUDIT_ID)
_JOB_ID: Final = re.compile(JOB_ID)
_FACE_ID: Final = re.compile(FACE_ID)
_COLLECTION_ID: Final = re.compile(COLLECTION_ID)
_GALLERY_ID: Final = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """Issue an id of a job or a batch."""
    return str(uuid.uuid4())


def new_gallery_id() -> str:
    """Issue an id of a gallery."""
    return uuid.uuid4().hex


def is_job_id(text: str) -> bool:
    """Tell whether a text has the form of a job id."""
    return _JOB_ID.fullmatch(text) is not None


def is_face_id(text: str) -> bool:
    """Tell whether a text has the form of a face id: a UUID of any version in lower case."""
    return _FACE_ID.fullmatch(text) is not None


def is_collection_id(text: str) -> bool:
    """Tell whether a text has the form of a collection id."""
    return _COLLECTION_ID.fullmatch(text) is not None


def is_audit_id(text: str) -> bool:
    """Tell whether a text has the form of an audit record's id."""
    return _AUDIT_ID.fullmatch(text) is not None


def is_gallery_id(text: str) -> bool:
    """Tell whether a text has the form of a gallery id."""
    return _GALLERY_ID.fullmatch(text) is not None
