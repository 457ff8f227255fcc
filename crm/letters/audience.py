"""Whom a mailing is for: a filter of targets, of the whole directory, or who has not answered an earlier mailing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from crm import clock
from crm.database import read_id
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.models import Letter
from crm.outbox.models import MessageState, OutgoingMessage
from crm.pipeline.filters import TargetFilter
from crm.pipeline.models import Target
from crm.policy import visible_to
from crm.timeline.models import EntryKind, TimelineEntry

# In place of a campaign's targets: contacts of the directory, which become targets when the mailing is planned.
DIRECTORY = "directory"
FOLLOW_UP_DAYS = 14
# What came from them; a meeting too, as it takes both. A call or a letter of ours is no answer.
_HEARD = (EntryKind.REPLY, EntryKind.PROMISE_ANSWERED, EntryKind.PROMISED, EntryKind.MEETING)
_MOST_DAYS = 365


def has_not_answered(mailing_id: int, days: int, team_id: int | None) -> sa.Select[int]:
    """Target ids of a mailing's letters sent so many days ago or earlier, after which nothing came from them."""
    reply = sa.exists().where(
        TimelineEntry.contact_id == Letter.contact_id,
        TimelineEntry.at > OutgoingMessage.finished_at,
        TimelineEntry.kind.in_(_HEARD),
        visible_to(TimelineEntry.team_id, team_id),
    )
    # What left has a moment; said so that no database reads everything ever sent by it to find one mailing's.
    left_at = sa.func.coalesce(OutgoingMessage.finished_at, OutgoingMessage.created_at)
    return (
        sa.select(Letter.target_id)
        .join(OutgoingMessage, OutgoingMessage.id == Letter.message_id)
        .where(
            Letter.mailing_id == mailing_id,
            OutgoingMessage.state == MessageState.SENT,
            left_at <= clock.now() - timedelta(days=days),
            ~reply,
        )
    )


@dataclass(frozen=True)
class Audience:
    """A filter in the URL's own terms; with `everyone`, of all contacts and not of the campaign's targets alone.

    `unanswered` is an earlier mailing: those it was sent to at least `days` days ago who have not answered since.
    `team_id` is whose private entries count, and stands in no address.
    """

    targets: TargetFilter = field(default_factory=TargetFilter)
    everyone: bool = False
    unanswered: int | None = None
    days: int = FOLLOW_UP_DAYS
    team_id: int | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str] | MultiDict[str, str], team_id: int | None = None) -> Self:
        """Read it from query arguments or from a mailing. Raises BadRequest for nonsense in the filter itself."""
        try:
            unanswered = read_id(args.get("unanswered") or "")
        except ValueError:
            unanswered = None
        days = str(args.get("after") or "")
        targets, everyone = TargetFilter.from_args(args, team=team_id), args.get("of") == DIRECTORY
        return cls(
            # Of contacts that are no targets, nothing else can be asked.
            TargetFilter(contact=targets.contact, held=targets.held, team=team_id) if everyone else targets,
            everyone,
            unanswered,
            min(int(days), _MOST_DAYS) if days.isascii() and days[:6].isdigit() else FOLLOW_UP_DAYS,
            team_id,
        )

    def to_args(self) -> dict[str, str]:
        """Query arguments that `from_args` reads back."""
        args = self.targets.to_args()
        if self.everyone:
            args |= {"of": DIRECTORY}
        if self.unanswered is not None:
            args |= {"unanswered": str(self.unanswered), "after": str(self.days)}
        return args

    def apply(self, statement: sa.Select[*tuple[Any, ...]], *, joined: bool = False) -> sa.Select[*tuple[Any, ...]]:
        """Narrow a select that has `Target` in it (and `Contact`, where `joined`)."""
        if self.unanswered is not None:
            statement = statement.where(Target.id.in_(has_not_answered(self.unanswered, self.days, self.team_id)))
        return self.targets.apply(statement, joined=joined)

    def apply_to_contacts(self, statement: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
        """Narrow a select that has `Contact` in it: those of the directory that are meant, targets or not."""
        held = self.targets.held.clauses(Contact.id, self.team_id, None)
        return self.targets.contact.apply(statement).where(*held)

    def size(self, campaign_id: int) -> int:
        """How many it holds."""
        counted: sa.Select[*tuple[Any, ...]] = sa.select(sa.func.count(Target.id)).where(
            Target.campaign_id == campaign_id
        )
        if not self.everyone:
            return db.session.scalar(self.apply(counted)) or 0
        everyone: sa.Select[*tuple[Any, ...]] = sa.select(sa.func.count(Contact.id))
        return db.session.scalar(self.apply_to_contacts(everyone)) or 0

    def newcomers(self, campaign_id: int, limit: int | None = None) -> sa.Select[int]:
        """Ids of the contacts of the directory it means that are no targets of the campaign yet."""
        inside = sa.exists().where(Target.campaign_id == campaign_id, Target.contact_id == Contact.id)
        statement: sa.Select[int] = sa.select(Contact.id).where(~inside).order_by(Contact.id).limit(limit)
        return self.apply_to_contacts(statement)
