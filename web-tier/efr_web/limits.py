"""Charges requests to the limits of their callers, and tells callers how they stand."""

import math
from collections.abc import Sequence
from typing import Final

from flask import Flask, Response, g, request

from core.access.limits.request_limits import RequestLimits, Standing
from core.errors import RateLimited
from core.ground.rates import Kind, Subject
from core.host.metrics import metrics
from efr_web.addresses import Network, caller_address
from efr_web.caller import caller

POLICY: Final = "RateLimit-Policy"
STATE: Final = "RateLimit"
"""Header fields of draft-ietf-httpapi-ratelimit-headers-10."""


class Meter:
    """Charges the request that is being answered.

    Parameters
    ----------
    trusted_proxies : sequence of networks
        Whose word on a caller's address is taken.
    """

    def __init__(self, limits: RequestLimits, trusted_proxies: Sequence[Network] = ()) -> None:
        self._limits = limits
        self._trusted = trusted_proxies

    def charge(self, kind: Kind | None, *, cost: int = 1) -> None:
        """Charge the request; nothing for no kind.

        Raises
        ------
        RateLimited
            If a limit of the caller's key or address would be passed; nothing is charged then.
        """
        if kind is None:
            return
        subjects: dict[Subject, str] = {"address": self.address()}
        key = caller().key
        if key is not None:
            subjects["key"] = key.key_id
        standings = self._limits.charge(kind, subjects, cost=cost)
        g.standings = [*g.get("standings", []), *standings]
        short = [each for each in standings if each.level.wait_s]
        if short:
            worst = max(short, key=lambda each: each.level.wait_s)
            metrics().rate_limited.labels(kind).inc()
            raise RateLimited(f"over the limit of {worst.text}", wait_s=worst.level.wait_s)

    def caller_name(self) -> str:
        """Return what tells callers apart: the key, and the address."""
        key = caller().key
        return f"{key.key_id if key else ''}@{self.address()}"

    def address(self) -> str:
        """Return the address that the request counts for."""
        forwarded = request.headers.get("X-Forwarded-For", "")
        return caller_address(request.remote_addr, forwarded, self._trusted)


def show_limits(app: Flask) -> None:
    """Tell in every answer that was charged for how its caller stands."""

    @app.after_request
    def show(response: Response) -> Response:
        standings: list[Standing] = g.get("standings", [])
        if standings:
            response.headers[POLICY] = ", ".join(map(_policy, standings))
            response.headers[STATE] = ", ".join(map(_state, standings))
        return response


def _policy(standing: Standing) -> str:
    return f'"{standing.name}";q={standing.rate.count};w={standing.rate.period_s}'


def _state(standing: Standing) -> str:
    level = standing.level
    return f'"{standing.name}";r={level.left};t={math.ceil(level.full_in_s)}'
