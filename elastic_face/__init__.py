"""The service from Python: `Client` asks a running one, `Engine` recognises faces by itself.

Importing this loads no model library, and not numpy: `Engine` does so when it is made.
"""

from elastic_face.client import Client
from elastic_face.engine import Engine
from elastic_face.errors import ServiceError
from elastic_face.photo import S3Photo

__all__ = ["Client", "Engine", "S3Photo", "ServiceError"]
