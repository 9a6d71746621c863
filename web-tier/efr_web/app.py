"""The web tier: HTTP in, HTTP out; every decision is made behind it."""

from functools import partial
from pathlib import Path

from flask import Flask

from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.web import WebParts, build_web
from core.host.logs import configure_logs
from core.settings import Settings, load_settings
from efr_web.answer_headers import add_headers
from efr_web.caller import visible
from efr_web.limits import Meter, show_limits
from efr_web.middleware import PhotoRequest, answer_errors, observe_requests
from efr_web.openapi.operation import Api
from efr_web.origins import refuse_foreign
from efr_web.requests.photos import OVERHEAD_BYTES, PhotoReader
from efr_web.routes.batch_routes import add_batch_routes
from efr_web.routes.collection_routes import add_collection_routes
from efr_web.routes.direct_upload_routes import add_direct_upload_routes
from efr_web.routes.docs_routes import add_docs_routes
from efr_web.routes.face_routes import add_face_routes
from efr_web.routes.group_routes import add_group_routes
from efr_web.routes.health_routes import add_health_routes
from efr_web.routes.image_routes import add_image_routes
from efr_web.routes.job_routes import add_job_routes
from efr_web.routes.key_routes import add_key_routes
from efr_web.routes.page_routes import add_page_routes
from efr_web.routes.people_routes import add_people_routes
from efr_web.routes.person_routes import add_person_routes
from efr_web.routes.queue_routes import add_queue_routes
from efr_web.routes.receipt_routes import add_receipt_routes
from efr_web.routes.webhook_routes import add_webhook_routes


def create_app(
    settings: Settings | None = None,
    parts: WebParts | None = None,
    *,
    neighbours: str | None = None,
) -> Flask:
    """Return the web application.

    Parameters
    ----------
    settings : Settings, optional
        Read from the environment when not given.
    parts : WebParts, optional
        Built from the settings when not given.
    neighbours : str, optional
        Private folder in which the processes of this service lend each other children.
    """
    settings = settings or load_settings()
    parts = parts or build_web(
        settings,
        Infrastructure.of(settings),
        neighbours=Path(neighbours) if neighbours else None,
    )
    configure_logs(settings.log_level)

    app = Flask(__name__, static_folder=None)
    app.request_class = PhotoRequest
    app.config["MAX_CONTENT_LENGTH"] = settings.max_file_bytes + OVERHEAD_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    observe_requests(app)
    add_headers(app, settings.cors_origins)
    app.before_request(partial(refuse_foreign, settings))
    answer_errors(app, settings)
    show_limits(app)
    meter = Meter(parts.limits, settings.trusted_proxies)
    api = app.extensions["api"] = Api(app=app, meter=meter, keys=parts.keys)
    _add_routes(api, parts, settings)
    parts.start()
    return app


def _add_routes(api: Api, parts: WebParts, settings: Settings) -> None:
    reader = PhotoReader(
        sources=lambda: visible(parts).sources,
        check=parts.check_photo,
        max_file_bytes=settings.max_file_bytes,
    )
    add_job_routes(api, parts, settings)
    add_collection_routes(api, parts)
    add_people_routes(api, parts)
    add_person_routes(api, parts)
    add_image_routes(api, parts)
    add_group_routes(api, parts)
    add_receipt_routes(api, parts)
    add_direct_upload_routes(api, parts)
    add_face_routes(api, parts, reader)
    add_batch_routes(api, parts)
    add_webhook_routes(api, parts)
    add_health_routes(api, parts)
    add_queue_routes(api, parts)
    add_key_routes(api)
    add_docs_routes(api)
    add_page_routes(api, settings)
