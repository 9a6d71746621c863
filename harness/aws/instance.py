"""The metadata service of an instance that does not exist."""

import json
from typing import Final

from harness.collectors.http_thread import HttpThread, QuietHandler

_META_DATA: Final = "/latest/meta-data/"


class Instance(HttpThread):
    """Tells its id, and that it is about to end once that was announced; from ``with`` on."""

    def __init__(self, instance_id: str) -> None:
        found = {"instance-id": instance_id}
        self._found = found

        class Handler(QuietHandler):
            def _say(self) -> None:
                named = self.path.removeprefix(_META_DATA)
                text = "token" if self.command == "PUT" else found.get(named)
                self.answer(404 if text is None else 200, (text or "").encode())

            do_GET = do_PUT = _say  # noqa: N815 - http.server's names

        self.listen(Handler)

    def announce_interruption(self) -> None:
        notice = {"action": "terminate", "time": "2026-12-01T10:02:00Z"}
        self._found["spot/instance-action"] = json.dumps(notice)
