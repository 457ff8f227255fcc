"""Templates, mailings and what becomes of their letters, for tests."""

from __future__ import annotations

import itertools
from collections.abc import Collection

import sqlalchemy as sa

from crm import clock
from crm.accounts.models import User
from crm.extensions import db
from crm.letters.actions import (
    MailingText,
    approve_mailing,
    create_mailing,
    create_template,
    look_again,
    open_letter,
    plan_mailing,
    write_wording,
)
from crm.letters.audience import Audience
from crm.letters.jobs import plan
from crm.letters.models import Approach, Mailing, Severity, Wording
from crm.letters.queries import findings_of_mailing, sample_of
from crm.outbox.actions import results_of
from crm.outbox.models import WAITING, MessageState, OutgoingMessage
from crm.outbox.reasons import Reason
from crm.outbox.results import announce
from crm.outbox.tallies import recount
from crm.pipeline.filters import TargetFilter
from crm.pipeline.models import Campaign, Target
from crm.policy import Role
from crm.salutations.terms import Formality
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user
from tests.factories.directory import make_person
from tests.factories.pipeline import make_campaign, make_target

_numbers = itertools.count(1)

SUBJECT = "A question to {{name}}"
BODY = "Dear **{{name}}**,\n\nwill you support the *{{treaty}}*?\n\n{{sender_name}}"


def make_wording(
    campaign: Campaign | None = None,
    *,
    subject: str = SUBJECT,
    body: str = BODY,
    language: str = "en",
    approach: Approach = Approach.GENERAL,
    formality: Formality = Formality.STANDARD,
) -> Wording:
    """A template of the campaign with one wording."""
    campaign_id = (campaign or make_campaign()).id
    with unit_of_work("make wording", actor="test"):
        template = create_template(campaign_id, f"Template {next(_numbers)}")
        return write_wording(
            template.id, language, subject, body, author_id=None, approach=approach, formality=formality
        )


def make_letter_target(campaign: Campaign, name: str, **person: object) -> Target:
    """A target whose contact is a member of a parliament of that name, with an address unless `email` is None."""
    return make_target(campaign, make_person(name, **person))  # type: ignore[arg-type]


def make_mailing(
    campaign: Campaign | None = None,
    *,
    wording: Wording | None = None,
    officer: User | None = None,
    audience: Audience | TargetFilter | None = None,
    sender_name: str = "Jo Martin",
    **more: object,
) -> Mailing:
    """A draft of a mailing to all targets of the campaign."""
    campaign = campaign or make_campaign()
    wording = wording or make_wording(campaign)
    officer_id = (officer or make_user(Role.OFFICER)).id
    text = MailingText(
        name=f"Mailing {next(_numbers)}",
        template_id=wording.template_id,
        language=wording.language,
        audience=audience if isinstance(audience, Audience) else Audience(audience or TargetFilter()),
        **more,  # type: ignore[arg-type]
        sender_name=sender_name,
        reply_to="jo@campaign.example",
    )
    with unit_of_work("make mailing", actor="test"):
        # As if a second person had read it: a mailing uses nothing else where the team has two who may approve.
        db.session.get_one(Wording, wording.id).approved_at = clock.now()
        return create_mailing(campaign.id, text, planned_by_id=officer_id)


def planned(mailing: Mailing) -> Mailing:
    """The mailing with its letters planned, as the desk worker does it."""
    with unit_of_work("plan mailing", actor="test"):
        plan_mailing(mailing.id, planned_by_id=mailing.planned_by_id)
    plan(mailing.id)
    return db.session.get_one(Mailing, mailing.id)


def read(mailing: Mailing, user_id: int) -> int:
    """Have the user open every letter of the sample; how many they are."""
    sample = sample_of(db.session.get_one(Mailing, mailing.id), user_id)
    with unit_of_work("open letters", actor="test"):
        for letter in sample:
            open_letter(letter.letter_id, user_id)
    return len(sample)


def approved(mailing: Mailing, lead: User | None = None) -> Mailing:
    """The planned mailing, released by a lead who has read a sample of it, and what the check warned of."""
    lead_id = (lead or make_user(Role.LEAD)).id
    read(mailing, lead_id)
    with unit_of_work("look again", actor="test"):
        look_again(mailing.id)
    found = findings_of_mailing(mailing.id)
    warnings = sum(each.letters for each in found if each.severity is Severity.WARNING)
    with unit_of_work("approve mailing", actor="test"):
        return approve_mailing(mailing.id, approver_id=lead_id, warnings_read=warnings)


def deliver(mailing: Mailing, state: MessageState, names: Collection[str] | None = None, reply: str = "") -> int:
    """Bring waiting letters (to these names, or all) to a state as the sender does, without a server."""
    waiting = WAITING | {MessageState.HELD}
    statement = sa.select(OutgoingMessage.id).where(
        OutgoingMessage.batch_id == mailing.batch_id, OutgoingMessage.state.in_(waiting)
    )
    if names is not None:
        statement = statement.where(OutgoingMessage.to_name.in_(names))
    with unit_of_work("send", actor="worker:mail"):
        ids = list(db.session.scalars(statement))
        at = clock.now()
        db.session.execute(
            sa.update(OutgoingMessage)
            .where(OutgoingMessage.id.in_(ids))
            .values(
                state=state,
                next_attempt_at=at if state in WAITING else None,
                finished_at=None if state in WAITING else at,
                reason=Reason.RECIPIENT_REFUSED if state is MessageState.FAILED else None,
                reply_text=reply,
            )
        )
        recount([mailing.batch_id or 0])
        announce(results_of(ids))
    return len(ids)
