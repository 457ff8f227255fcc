"""What an import would do to one person: the differences people review, and the writes that carry them out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from crm.audit.bulk import RowUpdate
from crm.directory.models import PointKind, PointStatus
from crm.roster_import.known import Known, KnownContact, KnownMembership
from crm.roster_import.known_facts import KnownFacts
from crm.roster_import.labels import Body
from crm.roster_import.models import Reason
from crm.roster_import.records import Problem, Record
from crm.roster_import.told import ToldName, ToldPost, ToldSource, ToldStatement, ToldTie


@dataclass(frozen=True)
class Setting:
    """What all rows of an import are compared under.

    `as_of` is the day the roster describes, `source` how its facts are labelled in the directory. `later_rosters` has,
    by name of the institution, the later days on which complete rosters of it are known. `organizations` has the ids
    of the bodies (by `Body.key`) that the directory knows, `aliases` the names of those it knows by another
    one, which a person has given them. `refs` has the contacts behind the ids of the document, as far as the directory
    knows them; `facts` what is known of contacts that only our own exports tell, where such a record is compared.
    """

    as_of: date
    today: date
    source: str
    later_rosters: Mapping[str, list[date]] = field(default_factory=dict)
    organizations: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    aliases: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    refs: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[int, KnownFacts] = field(default_factory=dict)

    def organization_id(self, body: Body | None) -> int | None:
        """The body's organization, None where it will have to be made."""
        return None if body is None else self.organizations.get(body.key)

    def known_as(self, body: Body) -> str:
        """What the directory calls the body in lists: its own name where the roster has another one."""
        return self.aliases.get(body.key) or body.short


@dataclass(frozen=True)
class Difference:
    """One difference between roster and directory, in words to be read; `held` says why it waits for a decision."""

    field: str
    before: str | None
    after: str | None
    held: Reason | Problem | None = None

    def as_json(self) -> dict[str, str | None]:
        """As it is kept in ImportRow.diff."""
        return {"field": self.field, "before": self.before, "after": self.after, "held": self.held}


@dataclass(eq=False)
class NewMembership:
    """A membership to write; its organizations and its post (by label) are made where they are missing.

    `note` is what the source says of how far this is to be trusted; it is kept with the source. `source` is where it
    comes from, None for the file itself.
    """

    organization: Body
    role: str
    on_behalf_of: Body | None = None
    country: str | None = None
    term: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    ended_by: date | None = None
    region: str | None = None
    constituency: str | None = None
    post: str = ""
    note: str = ""
    source: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether no end of it is known."""
        return self.end_date is None and self.ended_by is None


@dataclass(frozen=True)
class NewPoint:
    """A contact point to write; `office` is the membership it belongs to, by id or to be written itself.

    `source` is where it comes from, None for the file itself.
    """

    kind: PointKind
    value: str
    status: PointStatus
    office: int | NewMembership | None
    label: str = ""
    source: str | None = None


@dataclass(frozen=True)
class MembershipUpdate:
    """New values for a membership; `on_behalf_of` and `post` are a group and a post that may have to be made first."""

    row: RowUpdate
    on_behalf_of: Body | None = None
    post: tuple[Body, str] | None = None


@dataclass
class Writes:
    """Everything to write for one contact. `columns` are a new contact's, or replace those in `replaced`.

    `parent` is the document's id of the organization it is now part of, beside the one it was part of.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    replaced: dict[str, Any] = field(default_factory=dict)
    identifiers: list[tuple[str, str]] = field(default_factory=list)
    other_names: list[ToldName] = field(default_factory=list)
    languages: list[tuple[str, int]] = field(default_factory=list)
    points: list[NewPoint] = field(default_factory=list)
    point_updates: list[RowUpdate] = field(default_factory=list)
    memberships: list[NewMembership] = field(default_factory=list)
    membership_updates: list[MembershipUpdate] = field(default_factory=list)
    sources: list[ToldSource] = field(default_factory=list)
    posts: list[ToldPost] = field(default_factory=list)
    post_updates: list[RowUpdate] = field(default_factory=list)
    ties: list[ToldTie] = field(default_factory=list)
    statements: list[ToldStatement] = field(default_factory=list)
    parent: tuple[str, int | None] | None = None

    @property
    def anything(self) -> bool:
        """Whether there is something to write."""
        return any(vars(self).values())


@dataclass
class Changes:
    """The differences of one person and their writes. With `accepted`, what is held is written too."""

    accepted: bool = False
    differences: list[Difference] = field(default_factory=list)
    writes: Writes = field(default_factory=Writes)

    def add(self, name: str, before: object, after: object, held: Reason | Problem | None = None) -> bool:
        """Note a difference and say whether it is to be written."""
        self.differences.append(Difference(name, _shown(before), _shown(after), None if self.accepted else held))
        return held is None or self.accepted

    def update_membership(
        self,
        membership: KnownMembership,
        after: dict[str, Any],
        behalf: Body | None = None,
        post: tuple[Body, str] | None = None,
    ) -> None:
        """Give a known membership new values, and a group or a post that may have to be made first."""
        before = {name: getattr(membership, name) for name in after}
        self.writes.membership_updates.append(MembershipUpdate(RowUpdate(membership.id, before, after), behalf, post))

    @property
    def held(self) -> bool:
        """Whether a difference waits for a decision."""
        return any(difference.held for difference in self.differences)


@dataclass
class Beside:
    """The contact a record is about (None for somebody new), and what comes out of comparing them."""

    known: KnownContact | None
    setting: Setting
    changes: Changes

    @property
    def is_older(self) -> bool:
        """Whether a roster of a later day has described the contact already."""
        return self.known is not None and self.known.as_of is not None and self.setting.as_of < self.known.as_of

    def compare_column(self, name: str, after: str | date, in_words: tuple[str | None, str] | None = None) -> None:
        """Fill or replace a column of the contact; an older roster only fills."""
        before = getattr(self.known, name) if self.known else None
        if after == before or (before is not None and self.is_older):
            return
        by_hand = self.known is not None and name in self.known.by_hand
        shown_before, shown_after = in_words or (before, after)
        if self.changes.add(name, shown_before, shown_after, Reason.HAND_MADE if by_hand else None):
            self.changes.writes.columns[name] = after
            self.changes.writes.replaced[name] = before

    def compare_identifiers(self, identifiers: Iterable[tuple[str, str]]) -> None:
        """Identifiers are only ever added."""
        for scheme, value in identifiers:
            if self.known is None or (scheme, value) not in self.known.identifiers:
                self.changes.add("identifier", None, f"{scheme} {value}")
                self.changes.writes.identifiers.append((scheme, value))

    def compare_languages(self, told: Iterable[str]) -> None:
        """Languages are only ever added: that one source leaves some out says nothing."""
        languages = self.known.languages if self.known else frozenset()
        writes = self.changes.writes
        for language in dict.fromkeys(told):
            if language not in languages:
                self.changes.add("language", None, language)
                writes.languages.append((language, len(languages) + len(writes.languages)))


@dataclass(kw_only=True)
class Comparison(Beside):
    """One record beside the person it is about.

    `country` is the ISO code of the record's country, or the known one where the record tells none. `taken` are the
    known memberships that something of the record has been compared with already: each is one thing.
    """

    record: Record
    known: Known | None
    country: str | None = None
    taken: set[int] = field(default_factory=set)

    @property
    def memberships(self) -> tuple[KnownMembership, ...]:
        """What the person is known to belong to."""
        return self.known.memberships if self.known else ()

    @property
    def is_newer(self) -> bool:
        """Whether no roster of this day or a later one has described the person yet."""
        return self.known is None or self.known.as_of is None or self.setting.as_of > self.known.as_of

    def said_later(self, topic: str) -> bool:
        """Whether a later roster has spoken on a topic (a field of Record), so that this one has nothing to add."""
        return self.known is not None and self.is_older and topic in self.known.said_later


def _shown(value: object) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)
