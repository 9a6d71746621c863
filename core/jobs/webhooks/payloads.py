"""What is sent of an event: ids, and with ``details`` the names that its result has now.

Names are not in the messages of the queue, where an erasure could not reach them.
"""

import json
from typing import Any

from core.jobs.index_job import IndexDone
from core.jobs.recognition_job import JobDone, JobFailed
from core.jobs.results import JobResult, Results
from core.jobs.webhooks.events import Event


def payload(event: Event, results: Results | None) -> bytes:
    """Return the body of a delivery.

    Parameters
    ----------
    results : Results, optional
        Where the details are looked up; none for an event without details.
    """
    data: dict[str, Any] = dict(event.data)
    job_id = data.get("job_id")
    if results is not None and isinstance(job_id, str):
        data |= _details(results.read(job_id))
    timestamp = event.timestamp.isoformat().replace("+00:00", "Z")
    told = {"type": event.type, "timestamp": timestamp, "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _details(result: JobResult | None) -> dict[str, Any]:
    if isinstance(result, JobDone):
        return {"result": result.result, "names": [face.name for face in result.faces]}
    if isinstance(result, IndexDone):
        names = [record.person for record in result.face_records]
        return {"image_id": result.image_id, "person": result.person, "names": names}
    if isinstance(result, JobFailed):
        return {"message": result.error.message}
    return {}
