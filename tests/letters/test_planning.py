from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from config import Settings
from crm import clock
from crm.audit.models import ChangeSet
from crm.directory.filters import ContactFilter
from crm.directory.models import Category, Contact, Membership, Person
from crm.extensions import db
from crm.job_queue import DESK, catching_up
from crm.letters import jobs, planning
from crm.letters.actions import MailingRefused, cancel_mailing, plan_mailing, write_wording
from crm.letters.jobs import plan, plan_waiting
from crm.letters.models import Letter, Mailing, MailingState, SkipReason, Wording
from crm.letters.queries import ledgers, wordings_of
from crm.letters.recipients import recipients
from crm.outbox.actions import cancel, suppress
from crm.outbox.models import MessageState, OutgoingMessage, SuppressionReason
from crm.pipeline.actions import close_target, move_target
from crm.pipeline.filters import TargetFilter
from crm.pipeline.models import CloseReason, Stage
from crm.salutations.terms import Formality
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_organization
from tests.factories.letters import make_letter_target, make_mailing, make_wording, planned
from tests.factories.pipeline import make_campaign, make_target
from tests.servers.processes import Workers, environment_of


def letters_by_name(mailing: Mailing) -> dict[str, Letter]:
    statement = sa.select(Letter).where(Letter.mailing_id == mailing.id).order_by(Letter.id)
    names = dict(db.session.execute(sa.select(Contact.id, Contact.name)).all())
    return {names[letter.contact_id]: letter for letter in db.session.scalars(statement)}


@contextmanager
def count_queries() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


def test_the_role_is_the_mandate_not_a_seat_in_a_committee(app: Flask) -> None:
    campaign = make_campaign()
    target = make_letter_target(campaign, "Ana Ruiz", email="ana@parliament.example")
    committee = make_organization("Petitions", category=Category.COMMITTEE)
    with unit_of_work("seat", actor="test"):
        db.session.add(Membership(person_id=target.contact_id, organization_id=committee.id, role="substitute"))
    (found,) = recipients(campaign.id, TargetFilter(), after=0, limit=10)
    assert found.role == "member"


def test_every_target_becomes_a_letter_or_a_skip_with_its_reason(app: Flask) -> None:
    campaign = make_campaign()
    make_letter_target(campaign, "Ana Ruiz", email="ana@parliament.example")
    make_letter_target(campaign, "Past Member", ended=clock.today() - timedelta(days=1))
    make_letter_target(campaign, "Last Day", ended=clock.today())
    make_letter_target(campaign, "No Address", email=None)
    make_letter_target(campaign, "Office Mate", email="Ana@parliament.example")
    make_letter_target(campaign, "Opted Out", email="out@parliament.example")
    make_letter_target(campaign, "Objector", email="objects@parliament.example")
    make_letter_target(campaign, "No Group", group=None)
    closed = make_letter_target(campaign, "Closed Case")
    with unit_of_work("prepare", actor="test"):
        suppress("OUT@parliament.example", SuppressionReason.UNSUBSCRIBED)
        suppress("objects@parliament.example", SuppressionReason.OBJECTION)
        close_target(closed.id, CloseReason.DECLINED)
    wording = make_wording(campaign, body="Dear {{name}} of {{group}}: {{treaty}}, {{campaign}}")
    mailing = planned(make_mailing(campaign, wording=wording))

    letters = letters_by_name(mailing)
    assert {name: letter.skip_reason for name, letter in letters.items()} == {
        "Ana Ruiz": None,
        "Last Day": None,
        "Past Member": SkipReason.MANDATE_ENDED,
        "No Address": SkipReason.NO_ADDRESS,
        "Office Mate": SkipReason.DUPLICATE_ADDRESS,
        "Opted Out": SkipReason.SUPPRESSED,
        "Objector": SkipReason.RESTRICTED,
        "No Group": SkipReason.EMPTY_VALUE,
        "Closed Case": SkipReason.CLOSED,
    }
    assert letters["No Group"].skip_detail == "group"
    assert letters["Office Mate"].skip_detail == "Ana Ruiz"
    assert mailing.state is MailingState.AWAITING_APPROVAL
    message = db.session.get_one(OutgoingMessage, letters["Ana Ruiz"].message_id)
    assert (message.to_address, message.to_name) == ("ana@parliament.example", "Ana Ruiz")
    assert message.text == "Dear Ana Ruiz of Green Group: Migrant Workers Convention, " + campaign.name + "\n"
    assert message.sender == '"Jo Martin" <ratify@ratify.example>'
    assert message.reply_to == "jo@campaign.example"
    assert message.state is MessageState.QUEUED
    assert all(letter.message_id is None for letter in letters.values() if letter.skip_reason)


def test_a_ledger_adds_up_while_it_is_planned(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "CHUNK", 3)
    campaign = make_campaign()
    for number in range(8):
        make_letter_target(campaign, f"Member N{number}", email=None if number % 4 == 0 else "")
    mailing = make_mailing(campaign)
    with unit_of_work("plan mailing", actor="test"):
        plan_mailing(mailing.id, planned_by_id=mailing.planned_by_id)
    sizes = []
    more = True
    while more:
        with unit_of_work("plan letters", actor="worker:desk"):
            more = planning.plan_next(mailing.id)
        ledger = ledgers([mailing.id])[mailing.id]
        assert ledger.adds_up
        sizes.append((ledger.planned, ledger.skipped, ledger.waiting))
    assert sizes == [(3, 1, 2), (6, 2, 4), (8, 2, 6), (8, 2, 6)]
    assert ledgers([mailing.id])[mailing.id].skipped_by_reason == {SkipReason.NO_ADDRESS: 2}
    assert db.session.get_one(Mailing, mailing.id).audience_size == 8


def test_a_lost_job_goes_on_where_it_stopped_and_a_second_one_adds_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "CHUNK", 2)
    campaign = make_campaign()
    for number in range(5):
        make_letter_target(campaign, f"Member N{number}")
    mailing = make_mailing(campaign)
    with unit_of_work("plan mailing", actor="test") as work:
        plan_mailing(mailing.id, planned_by_id=mailing.planned_by_id)
    assert [doorbell.name for doorbell in work.doorbells] == ["crm.letters.jobs.plan"]
    with unit_of_work("plan letters", actor="worker:desk"):
        assert planning.plan_next(mailing.id)
    plan(mailing.id)
    plan(mailing.id)
    assert db.session.scalar(sa.select(sa.func.count(Letter.id))) == 5
    assert db.session.scalar(sa.select(sa.func.count(OutgoingMessage.id))) == 5


def test_a_planning_whose_bell_was_lost_is_caught_up_with(app: Flask) -> None:
    campaign = make_campaign()
    make_letter_target(campaign, "Ana Ruiz")
    forgotten, draft = make_mailing(campaign), make_mailing(campaign)
    with unit_of_work("plan mailing", actor="test") as work:
        plan_mailing(forgotten.id, planned_by_id=forgotten.planned_by_id)
        work.doorbells.clear()
    assert "crm.letters.jobs.plan_waiting" in catching_up(DESK)
    plan_waiting()
    assert db.session.get_one(Mailing, forgotten.id).state is MailingState.AWAITING_APPROVAL
    assert db.session.get_one(Mailing, draft.id).state is MailingState.DRAFT


def test_an_address_is_used_once_across_chunks(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "CHUNK", 1)
    campaign = make_campaign()
    for number in range(3):
        make_letter_target(campaign, f"Member N{number}", email="office@parliament.example")
    mailing = planned(make_mailing(campaign))
    assert [letter.skip_reason for letter in letters_by_name(mailing).values()] == [
        None,
        SkipReason.DUPLICATE_ADDRESS,
        SkipReason.DUPLICATE_ADDRESS,
    ]


def test_the_audience_narrows_the_targets(app: Flask) -> None:
    campaign, other = make_campaign(), make_campaign()
    make_letter_target(campaign, "Spanish New", country="ES")
    make_letter_target(campaign, "French New", country="FR")
    known = make_letter_target(campaign, "Spanish Known", country="ES")
    make_letter_target(other, "Spanish Elsewhere", country="ES")
    with unit_of_work("prepare", actor="test"):
        move_target(known.id, Stage.IN_DIALOGUE)
    audience = TargetFilter(stages=(Stage.IDENTIFIED, Stage.CONTACTED), contact=ContactFilter(country=("ES",)))
    mailing = planned(make_mailing(campaign, audience=audience))
    assert set(letters_by_name(mailing)) == {"Spanish New"}
    assert TargetFilter.from_args(mailing.audience) == audience
    assert mailing.audience_size == 1


def test_cancelling_stops_a_planning_half_way(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "CHUNK", 2)
    campaign = make_campaign()
    for number in range(5):
        make_letter_target(campaign, f"Member N{number}")
    mailing = make_mailing(campaign)
    with unit_of_work("plan mailing", actor="test"):
        plan_mailing(mailing.id, planned_by_id=mailing.planned_by_id)
    with unit_of_work("plan letters", actor="worker:desk"):
        planning.plan_next(mailing.id)
    with unit_of_work("cancel", actor="test"):
        cancel_mailing(mailing.id)
    plan(mailing.id)
    ledger = ledgers([mailing.id])[mailing.id]
    assert (ledger.planned, ledger.cancelled, ledger.adds_up) == (2, 2, True)
    assert db.session.get_one(Mailing, mailing.id).state is MailingState.CANCELLED


def test_a_batch_cancelled_in_the_outbox_ends_its_planning_and_no_other(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign()
    make_letter_target(campaign, "Ana Ruiz")
    stopped, broken, healthy = (make_mailing(campaign) for _ in range(3))
    for mailing in (stopped, broken, healthy):
        with unit_of_work("plan mailing", actor="test"):
            plan_mailing(mailing.id, planned_by_id=mailing.planned_by_id)
    assert stopped.batch_id is not None
    with unit_of_work("cancel outgoing batch", actor="test"):
        cancel(stopped.batch_id)

    def plan_but_one(mailing_id: int) -> bool:
        if mailing_id == broken.id:
            raise RuntimeError("broken")
        return planning.plan_next(mailing_id)

    monkeypatch.setattr(jobs, "plan_next", plan_but_one)
    plan_waiting()
    found = dict(db.session.execute(sa.select(Mailing.id, Mailing.state)).all())
    assert found == {
        stopped.id: MailingState.CANCELLED,
        broken.id: MailingState.PLANNING,
        healthy.id: MailingState.AWAITING_APPROVAL,
    }


@pytest.mark.parametrize(
    ("body", "targets", "reason"),
    [("Dear {{nobody}}", 1, "faulty_wording"), ("Dear {{name}}", 0, "empty_audience")],
)
def test_planning_is_refused_with_a_reason(app: Flask, body: str, targets: int, reason: str) -> None:
    campaign = make_campaign()
    for number in range(targets):
        make_letter_target(campaign, f"Member N{number}")
    mailing = make_mailing(campaign, wording=make_wording(campaign, body=body))
    with pytest.raises(MailingRefused) as refused, unit_of_work("plan mailing", actor="test"):
        plan_mailing(mailing.id, planned_by_id=mailing.planned_by_id)
    assert refused.value.reason == reason
    assert db.session.get_one(Mailing, mailing.id).state is MailingState.DRAFT


def test_a_planned_wording_never_changes(app: Flask) -> None:
    campaign = make_campaign()
    make_letter_target(campaign, "Ana Ruiz")
    wording = make_wording(campaign, body="first")
    with unit_of_work("write", actor="test"):
        assert write_wording(wording.template_id, "en", "s", "second", author_id=None).version == 1
    mailing = planned(make_mailing(campaign, wording=wording))
    with unit_of_work("write", actor="test"):
        assert write_wording(wording.template_id, "en", "s", "third", author_id=None).version == 2
    versions = db.session.execute(sa.select(Wording.version, Wording.body).order_by(Wording.version)).all()
    assert [tuple(row) for row in versions] == [(1, "second"), (2, "third")]
    assert [wording.body for wording in wordings_of(mailing.id).values()] == ["second"]


def test_the_audit_tells_the_counts_of_each_chunk(app: Flask) -> None:
    campaign = make_campaign()
    make_letter_target(campaign, "Ana Ruiz")
    make_letter_target(campaign, "No Address", email=None)
    mailing = planned(make_mailing(campaign))
    notes = db.session.scalars(sa.select(ChangeSet.notes).where(ChangeSet.action == "plan letters")).first()
    assert notes is not None
    assert notes["letters planned"] == {"mailing_id": mailing.id, "count": 2, "skipped": {"no_address": 1}}


def test_a_chunk_costs_the_same_queries_whatever_its_size(app: Flask) -> None:
    counts = []
    for size in (2, 12):
        campaign = make_campaign()
        for number in range(size):
            make_letter_target(campaign, f"Member N{number}", start=date(2024, 7, 16))
        mailing = make_mailing(campaign)
        with unit_of_work("plan mailing", actor="test"):
            plan_mailing(mailing.id, planned_by_id=mailing.planned_by_id)
        with count_queries() as statements, unit_of_work("plan letters", actor="worker:desk"):
            planning.plan_next(mailing.id)
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_a_starting_worker_catches_up(app: Flask, settings: Settings, tmp_path: Path) -> None:
    campaign = make_campaign()
    make_letter_target(campaign, "Ana Ruiz")
    mailing = make_mailing(campaign)
    mailing_id, officer_id = mailing.id, mailing.planned_by_id
    with unit_of_work("plan mailing", actor="test") as work:
        plan_mailing(mailing_id, planned_by_id=officer_id)
        work.doorbells.clear()
    worker = Workers(environment_of(settings), tmp_path / "worker.log", "desk")
    worker.ensure()
    patience = time.monotonic() + 60
    while db.session.get_one(Mailing, mailing_id).state is MailingState.PLANNING and time.monotonic() < patience:
        time.sleep(0.1)
        db.session.rollback()
    worker.stop()
    assert db.session.get_one(Mailing, mailing_id).state is MailingState.AWAITING_APPROVAL


def test_each_reader_is_addressed_by_office_and_nobody_is_skipped_for_it(app: Flask) -> None:
    campaign = make_campaign()
    woman = make_letter_target(campaign, "Ana ABADÍA", email="ana@parliament.example")
    make_letter_target(campaign, "Bo LUND", country="SE")
    own = make_letter_target(campaign, "Cy ROTH")
    minister = make_letter_target(campaign, "Di MORE", parliament=None, category=Category.NATIONAL_OFFICIAL)
    ministry = make_organization("Ministry of Invention", category=Category.GOVERNMENT, email="office@ministry.example")
    make_target(campaign, ministry)
    with unit_of_work("prepare", actor="test"):
        db.session.get_one(Person, woman.contact_id).gender = "female"
        db.session.get_one(Person, minister.contact_id).gender = "male"
        db.session.get_one(Person, own.contact_id).forms_of_address = {"es": "Querido Cy"}
        db.session.add(
            Membership(person_id=minister.contact_id, organization_id=ministry.id, role="Ministro de Invenciones")
        )
    body = "{{salutation}}\n\n{{name}} {{family_name}}, {{title}}.\n\n{{closing}}"
    wording = make_wording(campaign, subject="s", body=body, language="es", formality=Formality.FORMAL)
    campaign_id = campaign.id
    with count_queries() as statements:
        assert len(recipients(campaign_id, TargetFilter())) == 5
    assert len([statement for statement in statements if statement.startswith("SELECT")]) == 2
    mailing = planned(make_mailing(campaign, wording=wording))
    assert mailing.skipped == {"empty_value": 1}  # the ministry has no family name
    said = db.session.scalars(sa.select(OutgoingMessage.text).order_by(OutgoingMessage.id)).all()
    assert [text.split("\n\n")[:2] for text in said] == [
        ["Excelentísima señora diputada:", "Ana Abadía Abadía, señora diputada."],
        ["Señoría:", "Bo Lund Lund, Señoría."],
        ["Querido Cy:", "Cy Roth Roth, Señoría."],
        ["Excelentísimo señor ministro:", "Di More More, señor ministro."],
    ]
    assert said[0].endswith("Le ruego acepte, señora diputada, el testimonio de mi más alta consideración.\n")
    assert db.session.get_one(Person, woman.contact_id).name == "Ana ABADÍA"
    only = make_wording(campaign, subject="s", body="{{salutation}}\n\n{{closing}}", language="es")
    assert planned(make_mailing(campaign, wording=only)).skipped == {}
