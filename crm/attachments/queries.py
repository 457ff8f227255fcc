"""Reads of attachments, each for a team."""

from __future__ import annotations

import sqlalchemy as sa

from crm import policy
from crm.attachments.models import Attachment
from crm.extensions import db


def visible_to(team_id: int | None) -> sa.ColumnElement[bool]:
    """Attachments that a team may have: everybody's and its own. None stands for everybody's alone."""
    return policy.visible_to(Attachment.team_id, team_id)


def attachment(attachment_id: int, team_id: int) -> Attachment | None:
    """The attachment, if this team may have it."""
    return db.session.scalar(sa.select(Attachment).where(Attachment.id == attachment_id, visible_to(team_id)))
