"""Joins the traces that the settings ask for; they are an extra."""

from core.errors import InvalidSettings
from core.host.tracing import trace_with
from core.settings import Settings


def check_tracing(settings: Settings) -> None:
    """Load what sends traces, if there are to be any.

    Raises
    ------
    InvalidSettings
        If the extra is not installed.
    """
    if settings.tracing_endpoint is None:
        return
    try:
        import core.host.otlp  # noqa: F401 - what is missing is missed at the start
    except ModuleNotFoundError as error:
        raise InvalidSettings(
            "TRACING_ENDPOINT needs an extra: pip install 'elastic-face-recognition[tracing]'"
        ) from error


def start_tracing(settings: Settings, service: str) -> None:
    """Send traces from now on, if there are to be any; after this process was forked."""
    if settings.tracing_endpoint is None:
        return
    from core.host.otlp import OtlpTracing

    trace_with(
        OtlpTracing.to(settings.tracing_endpoint, share=settings.tracing_sample, service=service)
    )
