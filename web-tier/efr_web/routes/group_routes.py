"""People whom nobody has named: their groups, and what is said of them."""

import re

from flask import url_for
from flask.typing import ResponseReturnValue

from core.bootstrap.web import WebParts
from core.collections.shown.faces import FaceList, KnownFace
from core.collections.unknown.listing import ShownGroup
from core.errors import GroupChanged, InvalidRequest, ModelMismatch, PersonRejected, QuotaExceeded
from core.ground.ids import is_face_id
from efr_web.caller import caller, visible
from efr_web.openapi.operation import (
    COLLECTION,
    INDEX,
    JSON_BODY,
    Answer,
    Api,
    Body,
    Operation,
    curl_json,
)
from efr_web.requests.models.pages import GroupPageQuery, PageQuery
from efr_web.requests.models.people import NameGroup
from efr_web.requests.pagination import decode_cursor, encode_cursor
from efr_web.requests.parsing import read_json, read_query
from efr_web.schemas.groups import GroupFace, GroupIgnored, GroupList, GroupNamed, UnknownGroup

_GROUPS = "/collections/<collection_id>/groups"
_GROUP = f"{_GROUPS}/<group_id>"
_PLACE = re.compile(r"([0-9]{1,9}):([0-9a-f-]{36})")


def add_group_routes(api: Api, parts: WebParts) -> None:
    """Add ``/collections/{collection_id}/groups``."""
    _add_list_routes(api, parts)
    _add_change_routes(api, parts)


def _add_list_routes(api: Api, parts: WebParts) -> None:
    @api.route("GET", _GROUPS, LIST_GROUPS)
    def list_groups(collection_id: str) -> ResponseReturnValue:
        page = read_query(GroupPageQuery)
        place = decode_cursor(page.next_token, lambda text: bool(_PLACE.fullmatch(text)))
        size, _, group_id = place.partition(":")
        found = visible(parts).group_listing.page(
            collection_id,
            limit=page.limit + 1,
            after=(int(size), group_id) if place else None,
            ignored=page.ignored,
        )
        shown = found.groups[: page.limit]
        goes_on = len(found.groups) > len(shown)
        return GroupList(
            groups=[_shown(collection_id, group) for group in shown],
            pending=found.pending,
            next_token=encode_cursor(f"{shown[-1].size}:{shown[-1].group_id}") if goes_on else None,
        ).model_dump(mode="json")

    @api.route("GET", _GROUP, GROUP_FACES)
    def list_faces_of_group(collection_id: str, group_id: str) -> ResponseReturnValue:
        page = read_query(PageQuery)
        found = visible(parts).group_listing.faces(
            collection_id,
            _checked(group_id),
            limit=page.limit + 1,
            after=decode_cursor(page.next_token, is_face_id),
        )
        shown = found[: page.limit]
        return FaceList(
            faces=[KnownFace.of(face) for face in shown],
            next_token=encode_cursor(shown[-1].face_id) if len(found) > len(shown) else None,
        ).model_dump(mode="json")


def _add_change_routes(api: Api, parts: WebParts) -> None:
    @api.route("POST", f"{_GROUP}/name", NAME_GROUP)
    def name_group(collection_id: str, group_id: str) -> ResponseReturnValue:
        body = read_json(NameGroup)
        visible(parts).quotas.check_faces()
        named = visible(parts).group_naming.name(
            collection_id, _checked(group_id), body.person, without=frozenset(body.without)
        )
        visible(parts).audit.add(
            "name_group",
            caller().author,
            people=[body.person],
            collection_id=collection_id,
            counts={"faces": named.faces},
        )
        return GroupNamed(
            person=body.person, faces=named.faces, rejected=list(named.rejected)
        ).model_dump()

    @api.route("POST", f"{_GROUP}/ignore", IGNORE_GROUP)
    def ignore_group(collection_id: str, group_id: str) -> ResponseReturnValue:
        faces = visible(parts).group_naming.ignore(collection_id, _checked(group_id))
        visible(parts).audit.add(
            "ignore_group", caller().author, collection_id=collection_id, counts={"faces": faces}
        )
        return GroupIgnored(group_id=group_id, ignored=True, faces=faces).model_dump()

    @api.route("POST", f"{_GROUP}/unignore", UNIGNORE_GROUP)
    def unignore_group(collection_id: str, group_id: str) -> ResponseReturnValue:
        faces = visible(parts).group_naming.unignore(collection_id, _checked(group_id))
        visible(parts).audit.add(
            "unignore_group", caller().author, collection_id=collection_id, counts={"faces": faces}
        )
        return GroupIgnored(group_id=group_id, ignored=False, faces=faces).model_dump()


def _shown(collection_id: str, group: ShownGroup) -> UnknownGroup:
    return UnknownGroup(
        group_id=group.group_id,
        size=group.size,
        faces=[
            GroupFace(
                face_id=face_id,
                image=url_for("face_image", collection_id=collection_id, face_id=face_id),
            )
            for face_id in group.face_ids
        ],
        suggestion=None if group.suggestion is None else vars(group.suggestion),
    )


def _checked(group_id: str) -> str:
    if not is_face_id(group_id):
        raise GroupChanged("a group's id is a UUID, in lower case; list the groups again")
    return group_id


LIST_GROUPS = Operation(
    tag="Unknown people",
    access="enrol",
    summary="List groups of unnamed faces",
    text=(
        "Each group has faces of one person: faces that were indexed without a person, and "
        "unknown ones that are kept. The biggest group comes first. A group keeps its id while "
        "faces join it. `size` counts its faces, of which `faces` has up to 100. `suggestion` is "
        "a known person who is like them. `pending` new faces are in no group yet. With `ignored` "
        "the list has the groups that someone ignored."
    ),
    query=GroupPageQuery,
    answers={200: Answer(text="A page of the list.", models=(GroupList,))},
    errors=(*COLLECTION, *INDEX, InvalidRequest),
    curl="/collections/staff/groups?limit=10",
)
GROUP_FACES = Operation(
    tag="Unknown people",
    access="enrol",
    summary="List the faces of a group",
    text="The list is in the order of the ids.",
    query=PageQuery,
    answers={200: Answer(text="A page of the list.", models=(FaceList,))},
    errors=(*COLLECTION, *INDEX, InvalidRequest, GroupChanged),
    curl="/collections/staff/groups/8f323fc7-d47f-4792-bd59-413577fc04bf?limit=10",
)
NAME_GROUP = Operation(
    tag="Unknown people",
    access="enrol",
    summary="Say who a group is",
    text=(
        "Its faces are the person's from then on, who may be known already. Kept faces become "
        "enrolled ones. The faces in `without` stay unnamed and come into other groups. Faces for "
        "which someone rejected the person stay unnamed too; `rejected` lists them. "
        "`GROUP_CHANGED` if the group was named, ignored or joined to another since it was "
        "listed: list the groups again."
    ),
    body=Body(json=NameGroup),
    answers={200: Answer(text="The faces have the name.", models=(GroupNamed,))},
    errors=(
        *COLLECTION,
        *INDEX,
        *JSON_BODY,
        GroupChanged,
        PersonRejected,
        ModelMismatch,
        QuotaExceeded,
    ),
    actions=("name_group",),
    curl=curl_json(
        "/collections/staff/groups/8f323fc7-d47f-4792-bd59-413577fc04bf/name",
        {"person": "Ada Lovelace"},
    ),
)
IGNORE_GROUP = Operation(
    tag="Unknown people",
    access="enrol",
    summary="Ignore a group",
    text=(
        "The stranger is nobody to you: the group is not listed any more and can't be named, and "
        "later faces of the same person join it unseen. Whoever is farther from a face than this "
        "stranger is not answered for it."
    ),
    answers={200: Answer(text="The group is ignored.", models=(GroupIgnored,))},
    errors=(*COLLECTION, *INDEX, GroupChanged),
    actions=("ignore_group",),
    curl="-X POST /collections/staff/groups/8f323fc7-d47f-4792-bd59-413577fc04bf/ignore",
)
UNIGNORE_GROUP = Operation(
    tag="Unknown people",
    access="enrol",
    summary="Show an ignored group again",
    text="`GET …/groups?ignored=true` lists the ignored groups.",
    answers={200: Answer(text="The group is listed again.", models=(GroupIgnored,))},
    errors=(*COLLECTION, *INDEX, GroupChanged),
    actions=("unignore_group",),
    curl="-X POST /collections/staff/groups/8f323fc7-d47f-4792-bd59-413577fc04bf/unignore",
)
