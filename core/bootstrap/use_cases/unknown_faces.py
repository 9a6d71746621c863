"""Joins what keeps, groups and names unknown faces."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.enrolling import build_writer
from core.collections.registry import Collections
from core.collections.unknown.groups import Groups
from core.collections.unknown.keeping import UnknownKeeper
from core.collections.unknown.listing import GroupListing
from core.collections.unknown.naming import GroupNaming
from core.collections.unknown.retention import UnknownRetention
from core.jobs.results import Results


@dataclass(frozen=True)
class UnknownFaces:
    """What a realm's unknown faces need; each part is made when it is first used.

    ``groups`` holds vectors in memory, and ``keeper`` what waits to be written, so each realm
    has one of them.
    """

    shared: Shared

    @property
    def collections(self) -> Collections:
        return self.shared.collections

    @cached_property
    def groups(self) -> Groups:
        return Groups(
            store=self.shared.group_store,
            collections=self.shared.collections,
            index=self.shared.index,
            kept=self.shared.kept,
            max_distance=self.shared.settings.max_distance,
            outbox=self.shared.outbox,
        )

    @cached_property
    def listing(self) -> GroupListing:
        return GroupListing(
            groups=self.groups,
            index=self.shared.index,
            max_distance=self.shared.settings.match_max_distance,
        )

    @cached_property
    def naming(self) -> GroupNaming:
        return GroupNaming(
            store=self.shared.group_store,
            collections=self.shared.collections,
            index=self.shared.index,
            kept=self.shared.kept,
            people=self.shared.people,
            writer=build_writer(self.shared),
        )

    @cached_property
    def keeper(self) -> UnknownKeeper:
        settings, infrastructure = self.shared.settings, self.shared.infrastructure
        return UnknownKeeper(
            self.shared.collections,
            self.shared.index,
            self.shared.kept,
            self.shared.crops,
            Results(self.shared.outputs, self.shared.realm),
            by_default=settings.keep_unknown,
            min_quality=settings.min_enrol_quality,
            run_in_background=infrastructure.run_in_background,
            sleep=infrastructure.sleep,
            wall_clock=infrastructure.wall_clock,
        )

    @cached_property
    def retention(self) -> UnknownRetention:
        return UnknownRetention(
            kept=self.shared.kept,
            crops=self.shared.crops,
            groups=self.shared.group_store,
            kept_for=timedelta(days=self.shared.settings.keep_unknown_days),
        )
