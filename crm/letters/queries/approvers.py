"""Who of a campaign's team may approve what is written in its name."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from crm.accounts.models import User
from crm.extensions import db
from crm.letters.models import Wording
from crm.pipeline.models import Campaign
from crm.policy import POLICY, Permission

_ROLES = [role for role, permissions in POLICY.items() if Permission.APPROVE in permissions]


def approvers(campaign_id: int) -> list[int]:
    """Ids of those in the campaign's team who may approve; who was invited and never came cannot."""
    statement = (
        sa.select(User.id)
        .join(Campaign, Campaign.team_id == User.team_id)
        .where(Campaign.id == campaign_id, User.active, User.password_hash.is_not(None), User.role.in_(_ROLES))
        .order_by(User.id)
    )
    return list(db.session.scalars(statement))


def is_only_approver(campaign_id: int, user_id: int) -> bool:
    """Whether nobody but the user could approve."""
    return not [approver for approver in approvers(campaign_id) if approver != user_id]


def wanting_approval(campaign_id: int, wordings: Iterable[Wording]) -> list[Wording]:
    """Those of the wordings that a mailing of the campaign may not use yet; none where one person alone decides."""
    if len(approvers(campaign_id)) < 2:
        return []
    return [wording for wording in wordings if wording.approved_at is None]
