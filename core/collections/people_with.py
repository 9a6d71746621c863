"""The people of a collection whose metadata say what a search asks for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from core.collections.consents import Consents


@dataclass(frozen=True, kw_only=True)
class PeopleWith:
    """The people whose metadata have all of some values; asks for each person once.

    For one search: what is known of a person is not read again.
    """

    consents: Consents
    collection_id: str
    metadata: Mapping[str, str]
    _known: dict[str, bool] = field(default_factory=dict)

    def among(self, people: Collection[str]) -> frozenset[str]:
        """Return those of the people.

        Raises
        ------
        ServiceUnavailable
            If what is known of them can't be read.
        """
        new = sorted(set(people) - self._known.keys())
        if new:
            records = self.consents.records(self.collection_id, new)
            wanted = self.metadata.items()
            self._known.update(
                (person, wanted <= record.metadata.items())
                for person, record in zip(new, records, strict=True)
            )
        return frozenset(person for person in people if self._known[person])
