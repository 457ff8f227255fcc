"""Writes of mailings: what people decide about them."""

from __future__ import annotations

from dataclasses import dataclass

from crm import clock
from crm.extensions import db
from crm.letters.models import ALLOWED_MOVES, Mailing, MailingState
from crm.letters.queries import audience_size, ledgers, may_approve, newest_wording
from crm.letters.rendering import compile_wording
from crm.outbox import actions as outbox
from crm.pipeline.filters import TargetFilter
from crm.unit_of_work import current_unit_of_work

# The kind of a mailing's batch in the outbox, by which its results are told apart.
BATCH_KIND = "mailing"


class MailingRefused(Exception):
    """The mailing stays as it is; `reason` is a code.

    not_allowed (its state), no_wording, faulty_wording, empty_audience, nothing_to_send, own_mailing
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class MailingText:
    """What a person fills in for a mailing."""

    name: str
    template_id: int
    language: str
    audience: TargetFilter
    sender_name: str
    reply_to: str


def create_mailing(campaign_id: int, text: MailingText, *, planned_by_id: int) -> Mailing:
    """A new mailing as a draft."""
    mailing = Mailing(campaign_id=campaign_id, planned_by_id=planned_by_id)
    _fill_in(mailing, text)
    db.session.add(mailing)
    db.session.flush()
    return mailing


def update_mailing(mailing_id: int, text: MailingText, *, planned_by_id: int) -> Mailing:
    """Change a draft. Raises MailingRefused once it is planned."""
    mailing = _locked(mailing_id)
    if mailing.state is not MailingState.DRAFT:
        raise MailingRefused("not_allowed")
    _fill_in(mailing, text)
    mailing.planned_by_id = planned_by_id
    db.session.flush()
    return mailing


def _fill_in(mailing: Mailing, text: MailingText) -> None:
    mailing.name, mailing.template_id, mailing.language = text.name, text.template_id, text.language
    mailing.audience = text.audience.to_args()
    mailing.sender_name, mailing.reply_to = text.sender_name, text.reply_to


def _locked(mailing_id: int) -> Mailing:
    return db.session.get_one(Mailing, mailing_id, with_for_update=True)


def _move(mailing: Mailing, to: MailingState) -> None:
    if to not in ALLOWED_MOVES[mailing.state]:
        raise MailingRefused("not_allowed")
    mailing.state = to


def plan_mailing(mailing_id: int, *, planned_by_id: int) -> Mailing:
    """Have the letters of a draft written by the desk worker, with the newest version of its wording, now frozen."""
    mailing = _locked(mailing_id)
    _move(mailing, MailingState.PLANNING)
    wording = newest_wording(mailing.template_id, mailing.language)
    if wording is None:
        raise MailingRefused("no_wording")
    if compile_wording(wording.subject, wording.body, wording.language).problems:
        raise MailingRefused("faulty_wording")
    mailing.audience_size = audience_size(mailing.campaign_id, TargetFilter.from_args(mailing.audience))
    if not mailing.audience_size:
        raise MailingRefused("empty_audience")
    wording.frozen_at = wording.frozen_at or clock.now()
    mailing.wording_id = wording.id
    mailing.planned_by_id = planned_by_id
    mailing.batch_id = outbox.open_batch(BATCH_KIND, f"mailing:{mailing.id}").id
    db.session.flush()
    current_unit_of_work().ring("crm.letters.jobs.plan", mailing.id)
    return mailing


def approve_mailing(mailing_id: int, *, approver_id: int) -> Mailing:
    """Release a planned mailing's letters, in the name of a second person.

    Who planned it approves it only where nobody else of the campaign's team may; the audit says so.
    """
    mailing = _locked(mailing_id)
    if not may_approve(mailing, approver_id):
        raise MailingRefused("own_mailing")
    _move(mailing, MailingState.APPROVED)
    if not ledgers([mailing.id])[mailing.id].waiting or mailing.batch_id is None:
        raise MailingRefused("nothing_to_send")
    mailing.approved_by_id, mailing.approved_at = approver_id, clock.now()
    if approver_id == mailing.planned_by_id:
        current_unit_of_work().notes["approved alone"] = "nobody else in the team may approve"
    db.session.flush()
    outbox.release(mailing.batch_id)
    return mailing


def pause_mailing(mailing_id: int) -> Mailing:
    """Let no further letter leave until it is resumed."""
    mailing, batch_id = _running(mailing_id)
    outbox.pause(batch_id)
    return mailing


def resume_mailing(mailing_id: int) -> Mailing:
    """Let the letters of a paused mailing leave again."""
    mailing, batch_id = _running(mailing_id)
    outbox.resume(batch_id)
    return mailing


def _running(mailing_id: int) -> tuple[Mailing, int]:
    mailing = _locked(mailing_id)
    if mailing.state is not MailingState.APPROVED or mailing.batch_id is None:
        raise MailingRefused("not_allowed")
    return mailing, mailing.batch_id


def cancel_mailing(mailing_id: int) -> Mailing:
    """Stop a mailing for good: what waits never leaves, what was sent stays sent."""
    mailing = _locked(mailing_id)
    _move(mailing, MailingState.CANCELLED)
    db.session.flush()
    if mailing.batch_id is not None:
        outbox.cancel(mailing.batch_id)
    return mailing
