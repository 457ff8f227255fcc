"""The running sums of an import, and what they tell of the whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from crm.roster_import.diffing import Plan
from crm.roster_import.models import Alarm, RowKind

# Fewer than these are ordinary turnover, however few people the institution has.
_ALARMING = 5
_ALARMING_SHARE = 0.1


@dataclass
class Tally:
    """The running sums of an import: rows by kind, and what tells that something is wrong with the whole."""

    counts: Counter[RowKind] = field(default_factory=Counter)
    skipped: int = 0
    joined: int = 0
    renamed: int = 0
    members: int = 0
    unsettled: int = 0
    before: int = 0
    stayed: int = 0
    alike: int = 0
    twins: int = 0

    def add(self, plan: Plan, *, skipped: bool = False, joined: bool = False) -> None:
        """Count one row; one that is part of another comes to nothing itself."""
        if joined:
            self.joined += 1
            return
        if skipped:
            self.skipped += 1
            return
        self.counts[plan.kind] += 1
        doubtful = plan.kind is RowKind.SUSPICIOUS and plan.reason is not None
        self.unsettled += plan.kind is RowKind.UNREADABLE or doubtful
        self.renamed += any(one.field == "name" and one.before is not None for one in plan.differences)

    @classmethod
    def of(cls, by_kind: dict[str, int]) -> Tally:
        """The sums so far, as `by_kind` gave them."""
        return cls(
            Counter({kind: by_kind[kind] for kind in RowKind}),
            skipped=by_kind["skipped"],
            joined=by_kind.get("joined", 0),
        )

    def by_kind(self) -> dict[str, int]:
        """Every kind with its number, none left out, and those `skipped` and `joined` to others."""
        return {kind.value: self.counts[kind] for kind in RowKind} | {"skipped": self.skipped, "joined": self.joined}

    def seen(self) -> dict[str, int]:
        """The figures behind the alarms, as `Import.survey` keeps them."""
        return {
            "members": self.members,
            "before": self.before,
            "stayed": self.stayed,
            "renamed": self.renamed,
            "unsettled": self.unsettled,
            "alike": self.alike,
            "twins": self.twins,
        }

    def alarms(self) -> list[Alarm]:
        """What a person has to confirm before the import may be applied."""

        def alarming(number: int, of: int) -> bool:
            return number >= _ALARMING and number > of * _ALARMING_SHARE

        known = self.counts[RowKind.CHANGED] + self.counts[RowKind.UNCHANGED] + self.counts[RowKind.SUSPICIOUS]
        found = []
        if alarming(self.counts[RowKind.ENDED], self.members):
            found.append(Alarm.DROP)
        if alarming(self.renamed, known):
            found.append(Alarm.RENAMES)
        # One such line is enough to end the mandate of somebody who is in the file.
        if self.counts[RowKind.ENDED] and self.unsettled:
            found.append(Alarm.UNSETTLED)
        return found
