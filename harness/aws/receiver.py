"""A receiver of webhooks that refuses for a while."""

from harness.collectors.http_thread import HttpThread, QuietHandler


class Receiver(HttpThread):
    """A receiver of webhooks that refuses while it is told to; from ``with`` on."""

    def __init__(self) -> None:
        self.refuses = True
        self.got = 0
        receiver = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:  # noqa: N802 - http.server's name
                self.body()
                receiver.got += not receiver.refuses
                self.answer(500 if receiver.refuses else 204)

        self.listen(Handler)

    @property
    def url(self) -> str:
        return f"{self.address}/events"
