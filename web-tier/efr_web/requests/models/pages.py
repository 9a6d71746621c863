"""Requests for pages of lists."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

from core.ground.names import spelled
from core.jobs.index_job import PersonName
from core.ports import PersonOrder
from efr_web.requests.models.base import RequestModel

MAX_PAGE: Final = 1000


class PageQuery(RequestModel):
    """The page of a list that a request asks for."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 100
    next_token: Annotated[
        str,
        StringConstraints(max_length=400, pattern=r"^[A-Za-z0-9_=-]*$"),
        Field(description="`next_token` of the page before; empty for the first page."),
    ] = ""


class BatchPageQuery(PageQuery):
    """The page of the list of batches; each of them costs requests to S3."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20


class PersonPageQuery(PageQuery):
    """The page of a list of people, and their order."""

    next_token: Annotated[
        str,
        StringConstraints(max_length=800, pattern=r"^[A-Za-z0-9_=-]*$"),
        Field(description="`next_token` of the page before; empty for the first page."),
    ] = ""
    prefix: Annotated[
        str,
        StringConstraints(max_length=100),
        Field(description="How their names begin, in capitals or small letters."),
        AfterValidator(spelled),
    ] = ""
    sort: Annotated[
        PersonOrder,
        Field(description="By name; most faces first; or enrolled last first."),
    ] = "name"


class FacePageQuery(PageQuery):
    """The page of a list of faces, all or one person's."""

    person: PersonName | None = None


class GroupPageQuery(PageQuery):
    """The page of a list of groups: of those that are shown, or of those that are ignored."""

    ignored: bool = False
