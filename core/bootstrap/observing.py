"""Joins the traces and the reports of errors that the settings ask for; both are extras."""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import InvalidSettings
from core.host.tracing import trace_with
from core.settings import Settings


def check_observing(settings: Settings) -> None:
    """Load what sends traces and reports, if there are to be any.

    Raises
    ------
    InvalidSettings
        If an extra is not installed, or the DSN is none.
    """
    if settings.tracing_endpoint is not None:
        with _extra("tracing", "TRACING_ENDPOINT"):
            import core.host.otlp  # noqa: F401 - what is missing is missed at the start
    if settings.sentry_dsn is not None:
        with _extra("sentry", "SENTRY_DSN"):
            from core.host.error_reports import check_dsn
        try:
            check_dsn(settings.sentry_dsn.get_secret_value())
        except ValueError as error:
            raise InvalidSettings("SENTRY_DSN must be like https://KEY@HOST/PROJECT") from error


def start_tracing(settings: Settings, service: str) -> None:
    """Send traces from now on, if there are to be any; after this process was forked."""
    if settings.tracing_endpoint is None:
        return
    from core.host.otlp import OtlpTracing

    endpoint, share = settings.tracing_endpoint, settings.tracing_sample
    trace_with(OtlpTracing.to(endpoint, share=share, service=service))


def start_reports(settings: Settings, part: str) -> None:
    """Report unexpected errors from now on, if they are to be, and the last ones at the end."""
    if settings.sentry_dsn is None:
        return
    from core.host.error_reports import ErrorReports

    reports = ErrorReports(settings.sentry_dsn.get_secret_value(), part=part)
    reports.start()
    atexit.register(reports.stop)


@contextmanager
def _extra(name: str, variable: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise InvalidSettings(
            f"{variable} needs an extra: pip install '.[{name}]' in a checkout"
        ) from error
