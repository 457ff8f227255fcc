"""Who of a campaign's team may approve what is written in its name, and from when on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app

from config import Settings
from crm import clock
from crm.accounts.models import User
from crm.extensions import db
from crm.letters.models import Letter, Mailing, Wording
from crm.pipeline.models import Campaign
from crm.policy import POLICY, Permission

_ROLES = [role for role, permissions in POLICY.items() if Permission.APPROVE in permissions]


def may_decide(user: type[User]) -> sa.ColumnElement[bool]:
    """Users (the table or an alias of it) who may approve; who was invited and never came cannot."""
    return sa.and_(user.active, user.password_hash.is_not(None), user.role.in_(_ROLES))


def approver_names(campaign_id: int) -> Sequence[tuple[int, str]]:
    """Id and name of those in the campaign's team who may approve."""
    statement = (
        sa.select(User.id, User.name)
        .join(Campaign, Campaign.team_id == User.team_id)
        .where(Campaign.id == campaign_id, may_decide(User))
        .order_by(User.id)
    )
    return [(row.id, row.name) for row in db.session.execute(statement)]


def approvers(campaign_id: int) -> list[int]:
    """Ids of the same."""
    return [user_id for user_id, _name in approver_names(campaign_id)]


def is_only_approver(campaign_id: int, user_id: int) -> bool:
    """Whether nobody but the user could approve."""
    return not [approver for approver in approvers(campaign_id) if approver != user_id]


def wanting_approval(campaign_id: int, wordings: Iterable[Wording]) -> list[Wording]:
    """Those of the wordings that a mailing of the campaign may not use yet; none where one person alone decides."""
    unapproved = [wording for wording in wordings if wording.approved_at is None]
    return unapproved if unapproved and len(approvers(campaign_id)) > 1 else []


@dataclass(frozen=True)
class Permit:
    """Whether a user who holds the permission may approve a mailing.

    `others` are the names of those who may. Who planned it may only where there are none (`alone`), and not before the
    moment in `cooling_until` (null once it is over).
    """

    own: bool
    others: Sequence[str] = ()
    cooling_until: datetime | None = None

    @property
    def alone(self) -> bool:
        """Whether nobody else could approve what the user has planned."""
        return self.own and not self.others

    @property
    def refusal(self) -> str | None:
        """Why not, as a code of MailingRefused."""
        if not self.own:
            return None
        return "own_mailing" if self.others else "cooling" if self.cooling_until else None


def permit_of(mailing: Mailing, user_id: int) -> Permit:
    """Whether and when the user may approve a planned mailing."""
    others = [
        name
        for approver, name in approver_names(mailing.campaign_id)
        if approver not in (user_id, mailing.planned_by_id)
    ]
    own = mailing.planned_by_id == user_id
    return Permit(own, others, _cooling_until(mailing) if own and not others else None)


def _cooling_until(mailing: Mailing) -> datetime | None:
    """When who planned it has slept on it: some hours after the last letter was written, changed or taken in again."""
    settings: Settings = current_app.extensions["settings"]
    touched = db.session.execute(
        sa.select(sa.func.max(Letter.edited_at), sa.func.max(Letter.taken_in_at)).where(Letter.mailing_id == mailing.id)
    ).one()
    changed = max(filter(None, (mailing.planned_at, *touched)), default=clock.now())
    until = changed + timedelta(hours=settings.approval_cooling_hours)
    return until if until > clock.now() else None
