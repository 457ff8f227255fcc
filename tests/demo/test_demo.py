"""The demo is whole, made of invented people, and has a past."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from crm import clock
from crm.accounts.models import User
from crm.demo.actions import load_demo
from crm.demo.users import USERS, demo_users_exist, no_users_yet
from crm.directory.models import Contact, ContactPoint, Organization, PointKind
from crm.extensions import db
from crm.history.queries import Whose
from crm.inbox.models import ReaderRequest, RequestKind
from crm.letters.models import Letter, Mailing, MailingState, SkipReason
from crm.outbox.models import MessageState, OutgoingMessage
from crm.overview.agenda import Reader, Section, first_of
from crm.pipeline.models import Stage, StageMove, Target
from crm.policy import Role
from crm.treaties.actions import load_facts
from crm.unit_of_work import unit_of_work

# What a first look at Today shows to each.
WAITING = {
    Role.OFFICER: (
        Section.DUE,
        Section.REQUESTS,
        Section.COMMITMENTS,
        Section.ENDED,
        Section.CONTRADICTIONS,
        Section.QUIET,
    ),
    Role.LEAD: (Section.DUE, Section.APPROVALS),
    Role.TRANSLATOR: (Section.DUE, Section.WORDINGS),
    Role.ADMIN: (Section.HELD,),
}


def test_the_demo_fills_an_empty_database(app: Flask) -> None:
    with unit_of_work("load facts", actor="test"):
        load_facts()
    assert no_users_yet()
    load_demo()
    assert not no_users_yet()
    assert demo_users_exist()
    assert {user.role for user in db.session.scalars(sa.select(User))} == set(Role) == {user.role for user in USERS}
    # Enough for a second page of the list, and a target in every stage of the board.
    assert (db.session.scalar(sa.select(sa.func.count(Contact.id))) or 0) > 50
    assert set(db.session.scalars(sa.select(Target.stage))) == set(Stage)
    addresses = db.session.scalars(sa.select(ContactPoint.value).where(ContactPoint.kind == PointKind.EMAIL)).all()
    assert len(addresses) > 50
    assert all(address.endswith(".example") for address in addresses)
    # A real roster, imported into the demo, must not meet the invented members.
    assert "European Parliament" not in set(db.session.scalars(sa.select(Organization.name)))
    assert set(db.session.scalars(sa.select(Mailing.state))) == {MailingState.AWAITING_APPROVAL, MailingState.APPROVED}
    states = set(db.session.scalars(sa.select(OutgoingMessage.state)))
    assert states == {MessageState.QUEUED, MessageState.SENT, MessageState.FAILED, MessageState.HELD}
    reasons = set(db.session.scalars(sa.select(Letter.skip_reason)))
    assert reasons >= {SkipReason.CLOSED, SkipReason.NO_ADDRESS, SkipReason.SUPPRESSED}
    assert set(db.session.scalars(sa.select(ReaderRequest.kind))) == {RequestKind.CORRECTION, RequestKind.NO_LETTERS}
    for role, sections in WAITING.items():
        user = db.session.scalars(sa.select(User).where(User.role == role)).one()
        for section in sections:
            reader = Reader(user.id, user.team_id, role, Whose.MINE, clock.today())
            assert first_of(section, reader).rows, f"nothing {section} for the {role}"
    moments = db.session.scalars(sa.select(StageMove.at)).all()
    assert max(moments) <= clock.now()
    assert (max(moments) - min(moments)).days > 60
