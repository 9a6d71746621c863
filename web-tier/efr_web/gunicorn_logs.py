"""gunicorn's own log lines, as JSON beside all others."""

from typing import Any

from gunicorn.glogging import Logger


class JsonLines(Logger):  # type: ignore[misc]
    """Hands gunicorn's records to the handlers of this process."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
