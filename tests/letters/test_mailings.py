from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from urllib.parse import parse_qsl

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from crm import clock
from crm.audit.models import ChangeSet
from crm.extensions import db
from crm.letters.actions import (
    MailingRefused,
    WordingChanged,
    approve_mailing,
    cancel_mailing,
    pause_mailing,
    plan_mailing,
    resume_mailing,
    write_wording,
)
from crm.letters.delivery import Outcome, outcome_of
from crm.letters.jobs import start_due
from crm.letters.ledger import LedgerFilter, ledger_page, ledger_rows, ledger_size
from crm.letters.models import ALLOWED_MOVES, Ledger, Letter, Mailing, MailingState, Standing, standing_of
from crm.letters.queries import ledgers, mailings
from crm.outbox.actions import results_of, suppress
from crm.outbox.models import Batch, BatchState, MessageState, OutgoingMessage, SuppressionReason
from crm.outbox.results import announce
from crm.paging import page
from crm.pipeline.models import Campaign, Stage, Target
from crm.policy import Role
from crm.timeline.models import EntryKind, TimelineEntry
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user
from tests.factories.letters import approved, deliver, make_letter_target, make_mailing, make_wording, planned
from tests.factories.pipeline import make_campaign
from tests.letters.test_planning import count_queries

NAMES = ("Ana Ruiz", "Bo Lund", "Cy Roth", "Di Popa", "Ed Sato", "Flo Weiss")


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    campaign = make_campaign()
    for name in NAMES:
        make_letter_target(campaign, name)
    make_letter_target(campaign, "No Address", email=None)
    return campaign


def ledger_of(mailing: Mailing) -> Ledger:
    return ledgers([mailing.id])[mailing.id]


def counts(mailing: Mailing) -> tuple[int, ...]:
    ledger = ledger_of(mailing)
    assert ledger.adds_up
    parts = (ledger.skipped, ledger.waiting, ledger.sent, ledger.failed, ledger.held, ledger.cancelled)
    assert ledger.planned == sum(parts)
    return (ledger.planned, *parts)


def standing(mailing: Mailing) -> Standing:
    db.session.rollback()
    mailing = db.session.get_one(Mailing, mailing.id)
    batch = mailing.batch.state if mailing.batch else None
    return standing_of(mailing.state, batch, ledger_of(mailing).waiting, mailing.look_at, mailing.agreed)


def test_the_ledger_adds_up_at_every_state(campaign: Campaign) -> None:
    mailing = make_mailing(campaign)
    assert counts(mailing) == (0, 0, 0, 0, 0, 0, 0)
    assert standing(mailing) is Standing.DRAFT
    mailing = planned(mailing)
    assert counts(mailing) == (7, 1, 6, 0, 0, 0, 0)
    assert standing(mailing) is Standing.AWAITING_APPROVAL
    mailing = approved(mailing)
    assert counts(mailing) == (7, 1, 6, 0, 0, 0, 0)
    assert standing(mailing) is Standing.SENDING
    deliver(mailing, MessageState.SENT, ["Ana Ruiz"])
    deliver(mailing, MessageState.DEFERRED, ["Bo Lund"])
    deliver(mailing, MessageState.FAILED, ["Cy Roth"], reply="550 no such user")
    deliver(mailing, MessageState.HELD, ["Di Popa"])
    assert counts(mailing) == (7, 1, 3, 1, 1, 1, 0)
    with unit_of_work("pause", actor="test"):
        pause_mailing(mailing.id)
    assert standing(mailing) is Standing.PAUSED
    with unit_of_work("resume", actor="test"):
        resume_mailing(mailing.id)
    start_due()
    assert standing(mailing) is Standing.SENDING
    with unit_of_work("cancel", actor="test"):
        cancel_mailing(mailing.id)
    assert counts(mailing) == (7, 1, 0, 1, 1, 1, 3)
    assert standing(mailing) is Standing.CANCELLED


def test_a_mailing_is_finished_when_nothing_waits(campaign: Campaign) -> None:
    mailing = approved(planned(make_mailing(campaign)))
    assert deliver(mailing, MessageState.SENT) == 6
    assert counts(mailing) == (7, 1, 0, 6, 0, 0, 0)
    assert standing(mailing) is Standing.FINISHED


def test_what_the_outbox_decides_shows_in_the_standing(campaign: Campaign) -> None:
    mailing = approved(planned(make_mailing(campaign)))
    for state, expected in ((BatchState.PAUSED, Standing.PAUSED), (BatchState.CANCELLED, Standing.CANCELLED)):
        with unit_of_work("outbox", actor="test"):
            db.session.execute(sa.update(Batch).where(Batch.id == mailing.batch_id).values(state=state))
        assert standing(mailing) is expected


def test_a_second_person_approves(campaign: Campaign) -> None:
    lead, other = make_user(Role.LEAD), make_user(Role.LEAD)
    with unit_of_work("team", actor="test"):
        campaign = db.session.merge(campaign)
        campaign.team_id = lead.team_id
    mailing = planned(make_mailing(campaign, officer=lead))
    with pytest.raises(MailingRefused, match="own_mailing"):
        approved(mailing, lead)
    mailing = approved(mailing, other)
    assert (mailing.state, mailing.approved_by_id) == (MailingState.APPROVED, other.id)
    assert mailing.batch is not None
    assert mailing.batch.state is BatchState.RUNNING


def test_the_only_lead_of_a_team_approves_alone_and_the_audit_says_so(campaign: Campaign) -> None:
    lead = make_user(Role.LEAD, team="Small team")
    make_user(Role.LEAD, team="Another team")
    make_user(Role.OFFICER, team="Small team")
    invited = make_user(Role.LEAD, team="Small team")
    with unit_of_work("team", actor="test"):
        campaign = db.session.merge(campaign)
        campaign.team_id = lead.team_id
        db.session.merge(invited).password_hash = None  # who never came cannot approve
    mailing = planned(make_mailing(campaign, officer=lead))
    with pytest.raises(MailingRefused, match="cooling"):
        approved(mailing, lead)
    with clock.pretend(clock.now() + timedelta(hours=13)):
        mailing = approved(mailing, lead)
    assert mailing.state is MailingState.APPROVED
    notes = db.session.scalars(sa.select(ChangeSet.notes).where(ChangeSet.action == "approve mailing")).one()
    assert "approved alone" in notes


def test_nothing_leaves_before_approval(campaign: Campaign) -> None:
    mailing = planned(make_mailing(campaign))
    assert mailing.batch is not None
    assert mailing.batch.state is BatchState.UNRELEASED


def test_a_mailing_with_nobody_to_write_to_is_not_approved(app: Flask) -> None:
    campaign = make_campaign()
    make_letter_target(campaign, "No Address", email=None)
    mailing = planned(make_mailing(campaign))
    with pytest.raises(MailingRefused, match="nothing_to_send"):
        approved(mailing)
    assert db.session.get_one(Mailing, mailing.id).state is MailingState.AWAITING_APPROVAL


ACTIONS: dict[MailingState, Callable[[int], object]] = {
    MailingState.PLANNING: lambda mailing_id: plan_mailing(mailing_id, planned_by_id=1),
    MailingState.APPROVED: lambda mailing_id: approve_mailing(mailing_id, approver_id=0),
    MailingState.CANCELLED: cancel_mailing,
}


@pytest.mark.parametrize("state", MailingState)
def test_only_allowed_moves_are_made(campaign: Campaign, state: MailingState) -> None:
    mailing = make_mailing(campaign)
    with unit_of_work("set", actor="test"):
        db.session.execute(sa.update(Mailing).where(Mailing.id == mailing.id).values(state=state))
    for to, action in ACTIONS.items():
        if to in ALLOWED_MOVES[state]:
            continue
        with pytest.raises(MailingRefused, match="not_allowed"), unit_of_work("move", actor="test"):
            action(mailing.id)
        assert db.session.get_one(Mailing, mailing.id).state is state


def test_a_sent_letter_stands_on_the_timeline_once_and_its_target_is_contacted(campaign: Campaign) -> None:
    mailing = approved(planned(make_mailing(campaign)))
    deliver(mailing, MessageState.HELD, ["Ana Ruiz"])
    deliver(mailing, MessageState.FAILED, ["Bo Lund"], reply="550 no such user")
    assert entries(EntryKind.LETTER_SENT) == []
    deliver(mailing, MessageState.SENT, ["Ana Ruiz"])
    with unit_of_work("again", actor="worker:mail"):
        sent = OutgoingMessage.state == MessageState.SENT
        announce(results_of(list(db.session.scalars(sa.select(OutgoingMessage.id).where(sent)))))
    letter_id, target_id = db.session.execute(
        sa.select(Letter.id, Letter.target_id)
        .join(OutgoingMessage, OutgoingMessage.id == Letter.message_id)
        .where(OutgoingMessage.to_name == "Ana Ruiz")
    ).one()
    assert entries(EntryKind.LETTER_SENT) == [(f"letter:{letter_id}", "A question to Ana Ruiz", "")]
    assert [row[1:] for row in entries(EntryKind.LETTER_FAILED)] == [("A question to Bo Lund", "550 no such user")]
    assert db.session.get_one(Target, target_id).stage is Stage.CONTACTED
    assert db.session.scalar(sa.select(sa.func.count(Target.id)).where(Target.stage == Stage.CONTACTED)) == 1


def entries(kind: EntryKind) -> list[tuple[str, str, str]]:
    found = db.session.execute(
        sa.select(TimelineEntry.reference, TimelineEntry.summary, TimelineEntry.details).where(
            TimelineEntry.kind == kind
        )
    )
    return [(row.reference, row.summary, row.details["reply"]) for row in found]


def test_a_result_costs_the_same_few_statements_for_one_letter_and_for_many(campaign: Campaign) -> None:
    costs = []
    for names in (["Ana Ruiz"], ["Bo Lund", "Cy Roth", "Di Popa"]):
        mailing = approved(planned(make_mailing(campaign)))
        with count_queries() as statements:
            deliver(mailing, MessageState.SENT, names)
        costs.append(len(statements))
    assert costs[0] == costs[1]


def test_letters_are_listed_by_what_became_of_them(campaign: Campaign) -> None:
    mailing = approved(planned(make_mailing(campaign)))
    deliver(mailing, MessageState.SENT, ["Ana Ruiz", "Bo Lund"])
    deliver(mailing, MessageState.FAILED, ["Cy Roth"])
    deliver(mailing, MessageState.HELD, ["Di Popa"])
    mailing = db.session.get_one(Mailing, mailing.id)
    listed = {
        outcome: [row.name for row in ledger_page(mailing, LedgerFilter(outcome), None).rows] for outcome in Outcome
    }
    assert listed == {
        Outcome.SKIPPED: ["No Address"],
        Outcome.WAITING: ["Ed Sato", "Flo Weiss"],
        Outcome.SENT: ["Ana Ruiz", "Bo Lund"],
        Outcome.FAILED: ["Cy Roth"],
        Outcome.HELD: ["Di Popa"],
        Outcome.CANCELLED: [],
    }
    everyone = list(ledger_rows(mailing, LedgerFilter()))
    assert [row.name for row in everyone] == [*NAMES, "No Address"]
    ledger = ledger_of(mailing)
    for outcome in Outcome:
        outcomes = [outcome_of(row.skip_reason, row.state) for row in everyone]
        assert outcomes.count(outcome) == getattr(ledger, outcome.value)
        assert ledger_size(mailing, LedgerFilter(outcome)) == getattr(ledger, outcome.value)


def test_rows_of_a_ledger_are_found_by_all_that_is_asked_of_them(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_letter_target(campaign, "Zoë Ødegård", country="NO", email="zoe@storting.example")
    make_letter_target(campaign, "Ana Ødegård", country="NO", email="ana@storting.example")
    mailing = approved(planned(make_mailing(campaign)))
    deliver(mailing, MessageState.SENT, ["Ana Ruiz", "Zoë Ødegård"])
    deliver(mailing, MessageState.FAILED, ["Cy Roth"])
    mailing = db.session.get_one(Mailing, mailing.id)
    expected = {
        "country=no": ["Zoë Ødegård", "Ana Ødegård"],
        "country=NO&outcome=waiting": ["Ana Ødegård"],
        "country=NO&outcome=sent": ["Zoë Ødegård"],
        "text=odegard": ["Zoë Ødegård", "Ana Ødegård"],
        "text=ANA": ["Ana Ruiz", "Ana Ødegård"],
        "text=ana&outcome=sent": ["Ana Ruiz"],
        "text=Zoe@": ["Zoë Ødegård"],
        "text=zoe@storting.example&outcome=waiting": [],
        "text=odegard&country=NO&language=en&outcome=waiting": ["Ana Ødegård"],
        "language=fr": [],
        "language=en&outcome=failed": ["Cy Roth"],
        "reason=recipient_refused": ["Cy Roth"],
        "outcome=failed&reason=recipient_refused": ["Cy Roth"],
        "outcome=failed&reason=expired": [],
        "reason=no_address": ["No Address"],
        "outcome=skipped&reason=no_address": ["No Address"],
        "outcome=skipped&text=address": ["No Address"],
    }
    # Few are looked at one by one, many are walked past: what is found is the same.
    for few in (3000, 0):
        monkeypatch.setattr("crm.letters.ledger.FEW", few)
        for asked, names in expected.items():
            chosen = LedgerFilter.from_args(MultiDict(parse_qsl(asked)))
            assert [row.name for row in ledger_page(mailing, chosen, None).rows] == names, asked
            assert ledger_size(mailing, chosen) == len(names), asked
            assert LedgerFilter.from_args(chosen.to_args()) == chosen
    for nonsense in ("outcome=lost", "outcome=sent&reason=no_address", "country=ZZ", "language=..", "reason=weather"):
        with pytest.raises(BadRequest):
            LedgerFilter.from_args(MultiDict(parse_qsl(nonsense)))


def test_what_waits_is_paged_without_a_gap(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    mailing = approved(planned(make_mailing(campaign)))
    deliver(mailing, MessageState.DEFERRED, ["Bo Lund", "Flo Weiss"])
    mailing = db.session.get_one(Mailing, mailing.id)
    monkeypatch.setattr("crm.letters.ledger.page", partial(page, size=2))
    found, cursor = [], None
    while True:
        part = ledger_page(mailing, LedgerFilter(Outcome.WAITING), cursor)
        found += [row.name for row in part.rows]
        if (cursor := part.next) is None:
            break
    assert found == ["Bo Lund", "Flo Weiss", "Ana Ruiz", "Cy Roth", "Di Popa", "Ed Sato"]


def test_a_list_of_mailings_costs_the_same_queries_for_one_and_for_many(campaign: Campaign) -> None:
    costs = []
    for _round in range(2):
        for _number in range(3):
            planned(make_mailing(campaign))
        db.session.rollback()
        with count_queries() as statements:
            rows = mailings(None).rows
            assert all(ledger.adds_up for ledger in ledgers([row.id for row in rows]).values())
        costs.append(len(statements))
    # The begin of SQLite's transaction counts as one.
    assert costs[0] == costs[1] <= 3


def test_two_authors_do_not_overwrite_each_other(app: Flask) -> None:
    wording = make_wording(body="first")
    seen = wording.revision
    with unit_of_work("write", actor="test"):
        newer = write_wording(wording.template_id, "en", "s", "second", author_id=None, seen=seen).revision
    with pytest.raises(WordingChanged) as changed, unit_of_work("write", actor="test"):
        write_wording(wording.template_id, "en", "s", "third", author_id=None, seen=seen)
    assert changed.value.current.body == "second"
    with unit_of_work("write", actor="test"):
        write_wording(wording.template_id, "en", "s", "third", author_id=None, seen=newer)


def test_an_address_suppressed_after_planning_still_adds_up(campaign: Campaign) -> None:
    mailing = approved(planned(make_mailing(campaign)))
    address = db.session.scalars(sa.select(Letter.address).where(Letter.address.is_not(None)).limit(1)).one()
    assert address is not None
    with unit_of_work("suppress", actor="test"):
        suppress(address, SuppressionReason.OBJECTION)
    deliver(mailing, MessageState.CANCELLED, ["Ana Ruiz"])
    assert counts(mailing) == (7, 1, 5, 0, 0, 0, 1)
