"""Enrols the people of a folder by a server, whose workers recognise the photos."""

from pathlib import Path

from core.jobs.index_job import IndexRequest
from efr_cli.enroll.folder import Enrolled, Unused, name_of
from efr_cli.enroll.known_photos import Photos
from efr_cli.index.folder import FolderRun, Wanted
from efr_cli.service.http import Http
from efr_cli.service.remote_sending import RemoteSending


def enrol_by_server(http: Http, photos: Photos, request: IndexRequest, *, again: bool) -> Enrolled:
    """Send the photos that are not enrolled, each for its folder's person, and wait.

    The collection is created if it is not there.
    """
    wanted: list[Wanted] = []
    unused: list[Unused] = []
    people: dict[Path, str] = {}
    for folder, path in photos:
        person = name_of(folder)
        if person is None:
            reason = "INVALID_NAME: the folder's name can't be a person's"
            unused.append(Unused(path=path, reason=reason))
        else:
            people[path] = person
            wanted.append((path, request.model_copy(update={"person": person})))
    sending = RemoteSending(http=http)
    sending.ensure(request.collection_id)
    run = FolderRun(sending=sending, again=again)
    run.index(wanted)
    enrolled = run.known + run.added
    refused = [each for each in run.remarks if not each.used]
    return Enrolled(
        photos=len(enrolled),
        persons=len({people[path] for path in enrolled}),
        changed=len(run.added),
        unused=unused + [Unused(path=Path(each.key), reason=each.reason) for each in refused],
    )
