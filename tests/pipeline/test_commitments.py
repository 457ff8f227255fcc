"""Commitments are the ground some stages stand on, are judged with a trace, and are answered by a link, once."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm import clock
from crm.audit.actions import undo
from crm.directory.merging import merge
from crm.directory.unmerging import unmerge
from crm.extensions import db
from crm.pipeline.actions import (
    LinkSpent,
    MoveRefused,
    Promise,
    Verdict,
    VerdictRefused,
    answer,
    create_link,
    give_verdict,
    move_target,
    move_targets,
    record_commitment,
    revoke_link,
)
from crm.pipeline.models import (
    AnswerKind,
    Commitment,
    CommitmentAnswer,
    CommitmentLink,
    CommitmentState,
    CommitmentVerdict,
    Stage,
    Target,
)
from crm.pipeline.queries import commitments_of_contact, falls_due, target
from crm.policy import Role
from crm.timeline.models import EntryKind, TimelineEntry
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.pipeline import KEPT, PROMISE, make_campaign, make_target


def kinds_of(contact_id: int) -> list[EntryKind]:
    entry = TimelineEntry
    return list(db.session.scalars(sa.select(entry.kind).where(entry.contact_id == contact_id).order_by(entry.id)))


def make_commitment(target: Target, promise: Promise = PROMISE) -> int:
    with unit_of_work("record", actor="test"):
        return record_commitment(target.id, promise).id


def make_link(commitment_id: int, **given: timedelta) -> str:
    user_id = make_user().id
    with unit_of_work("link", actor="test"):
        return create_link(commitment_id, user_id, **given)


def test_committed_and_delivered_stand_on_what_was_promised_and_kept(app: Flask) -> None:
    target = make_target(stage=Stage.CONVINCED)
    for to, reason in ((Stage.COMMITTED, "words_needed"), (Stage.DELIVERED, "kept_needed")):
        with pytest.raises(MoveRefused) as refused, unit_of_work("move", actor="test"):
            move_target(target.id, to)
        assert refused.value.reason == reason
    with unit_of_work("move", actor="test") as work:
        move_target(target.id, Stage.COMMITTED, promise=PROMISE)
    assert target.last_contact_at is not None
    promised = db.session.scalars(sa.select(Commitment)).one()
    assert (promised.words, promised.remind_on) == (PROMISE.words, date(2030, 5, 18))
    with pytest.raises(MoveRefused), unit_of_work("move", actor="test"):
        move_target(target.id, Stage.DELIVERED)
    with unit_of_work("move", actor="test") as delivered:
        move_target(target.id, Stage.DELIVERED, kept=(promised.id, KEPT))
    assert (promised.state, promised.settled_on) == (CommitmentState.KEPT, KEPT.found_on)
    assert kinds_of(target.contact_id)[-4:] == [
        EntryKind.PROMISED,
        EntryKind.STAGE_MOVED,
        EntryKind.PROMISE_SETTLED,
        EntryKind.STAGE_MOVED,
    ]
    # One click takes back the move with what was written down on the way.
    for change_set_id in (delivered.change_set_id, work.change_set_id):
        assert change_set_id is not None
        with unit_of_work("undo", actor="test"):
            undo(change_set_id)
    db.session.expire_all()
    assert target.stage is Stage.CONVINCED
    assert target.last_contact_at is None
    assert db.session.scalars(sa.select(Commitment)).all() == []
    assert db.session.scalars(sa.select(CommitmentVerdict)).all() == []
    assert EntryKind.PROMISED not in kinds_of(target.contact_id)


def test_many_move_to_committed_where_words_are_on_record(app: Flask) -> None:
    campaign = make_campaign()
    promised, other = make_target(campaign), make_target(campaign)
    make_commitment(promised)
    with unit_of_work("move", actor="test"):
        moved = move_targets([promised.id, other.id], Stage.COMMITTED)
    assert (moved.moved, moved.stayed, moved.unfounded) == (1, 1, 1)
    assert (promised.stage, other.stage) == (Stage.COMMITTED, Stage.IDENTIFIED)


def test_what_falls_due_comes_to_mind_until_it_is_judged(app: Flask) -> None:
    target = make_target()
    today = clock.today()
    late = make_commitment(target, Promise("Soon.", "Ask", date(2026, 1, 1), due_on=today - timedelta(days=1)))
    near = make_commitment(target, Promise("Yes.", "Vote", date(2026, 1, 1), due_on=today + timedelta(days=10)))
    make_commitment(target, Promise("One day.", "Sign", date(2026, 1, 1), due_on=today + timedelta(days=90)))
    make_commitment(target, Promise("Some day.", "Speak", date(2026, 1, 1)))
    falling = sa.select(Commitment.id).where(falls_due(today)).order_by(Commitment.due_order)
    assert db.session.scalars(falling).all() == [late, near]
    with unit_of_work("judge", actor="test"):
        give_verdict(late, Verdict(CommitmentState.BROKEN, today))
    assert db.session.scalars(falling).all() == [near]
    with pytest.raises(VerdictRefused), unit_of_work("judge", actor="test"):
        give_verdict(late, Verdict(CommitmentState.BROKEN, today))


def test_what_was_promised_follows_its_contact_into_a_merge_and_out_of_it(app: Flask) -> None:
    campaign = make_campaign()
    kept, absorbed = make_target(campaign), make_target(campaign)
    commitment_id = make_commitment(absorbed)
    survivor_id, absorbed_id = kept.contact_id, absorbed.contact_id

    def promised() -> list[tuple[int, bool]]:
        db.session.expire_all()
        return [
            (row.contact_id, target(row.target_id).last_contact_at is not None)  # type: ignore[union-attr]
            for contact_id in (survivor_id, absorbed_id)
            for row in commitments_of_contact(contact_id)
        ]

    with unit_of_work("merge", actor="test"):
        merge_id = merge(survivor_id, absorbed_id).id
    assert promised() == [(survivor_id, True)]
    with unit_of_work("unmerge", actor="test"):
        unmerge(merge_id)
    assert promised() == [(absorbed_id, True)]
    assert db.session.get_one(Commitment, commitment_id).target_id == absorbed.id
    assert db.session.get_one(Target, kept.id).last_contact_at is None


def test_a_link_takes_one_answer_while_it_lasts(app: Flask) -> None:
    commitment_id = make_commitment(make_target())
    token = make_link(commitment_id)
    with unit_of_work("answer", actor="official:1"):
        answer(token, AnswerKind.CORRECTED, "I said perhaps.")
    given = db.session.scalars(sa.select(CommitmentAnswer)).one()
    assert (given.asked, given.words, given.seen_at) == (PROMISE.words, "I said perhaps.", None)
    revoked = make_link(commitment_id)
    with unit_of_work("revoke", actor="test"):
        revoke_link(db.session.scalars(sa.select(sa.func.max(CommitmentLink.id))).one())
    expired = make_link(commitment_id, lifetime=timedelta(seconds=-1))
    for spent in (token, revoked, expired, "nobody's"):
        with pytest.raises(LinkSpent), unit_of_work("answer", actor="official:1"):
            answer(spent, AnswerKind.CONFIRMED, "")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CommitmentAnswer)) == 1


@pytest.mark.sqlite_only
def test_an_official_corrects_what_is_on_record_without_an_account(app: Flask, client: FlaskClient) -> None:
    target = make_target()
    board, commitment_id = f"/campaigns/{target.campaign_id}/board", make_commitment(target)
    officer = sign_in(client, make_user(Role.OFFICER))
    page = f"/commitments/{commitment_id}"
    shown = officer.post(f"{page}/links", follow_redirects=True).text
    link = re.search(r'value="[^"]*(/promised/[^"]+)"', shown)
    assert link is not None
    assert "/promised/" not in officer.get(page).text
    official = app.test_client()
    official.sends_csrf_token = False  # type: ignore[attr-defined]  # they come by the link, from no page of ours
    for _ in range(2):
        assert PROMISE.words in official.get(link[1]).text
    unsaid = official.post(link[1], data={"kind": "corrected"})
    assert (unsaid.status_code, "Write what you would like" in unsaid.text) == (422, True)
    assert "Thank you" in official.post(link[1], data={"kind": "corrected", "words": "I said <perhaps>."}).text
    assert "Thank you" in official.post(link[1], data={"kind": "confirmed"}).text
    assert db.session.scalars(sa.select(CommitmentAnswer.words)).all() == ["I said <perhaps>."]
    assert "I said &lt;perhaps&gt;." in officer.get(page).text
    assert "New answer</span>" in officer.get("/commitments?unseen=yes").text
    assert "I shall vote for it." in officer.get("/commitments.csv?unseen=yes").text
    for asked, shown_there in (
        (f"promised_since={PROMISE.promised_on}", 1),
        ("promised_since=2999-01-01", 0),
        ("country=xx", 0),
    ):
        assert officer.get(f"/commitments?{asked}").text.count("New answer</span>") == shown_there, asked
    assert "New answer</span>" in officer.get(board).text
    answer_id = db.session.scalars(sa.select(CommitmentAnswer.id)).one()
    officer.post(f"/commitments/answers/{answer_id}/take-over")
    db.session.expire_all()
    assert db.session.get_one(Commitment, commitment_id).words == "I said <perhaps>."
    assert "New answer</span>" not in officer.get("/commitments").text
    assert "New answer</span>" not in officer.get(board).text


@pytest.mark.sqlite_only
def test_what_a_stage_asks_for_is_asked_on_the_way(client: FlaskClient) -> None:
    target = make_target(stage=Stage.CONVINCED)
    officer = sign_in(client, make_user(Role.OFFICER))
    board = f"/campaigns/{target.campaign_id}/board?country=ES"
    asked = officer.post(f"/targets/{target.id}/move", data={"stage": "committed", "next": board})
    assert asked.location.startswith(f"/targets/{target.id}/to/committed?next=")
    form = {"act": "Vote", "promised_on": "2026-01-02", "source_url": "javascript:alert(1)", "next": board}
    refused = officer.post(f"/targets/{target.id}/to/committed", data=form)
    assert refused.status_code == 422
    assert "word for word" in refused.text
    assert "Write the whole address" in refused.text
    form |= {"words": "You have my vote.", "source_url": "https://minutes.example/1"}
    assert officer.post(f"/targets/{target.id}/to/committed", data=form).location == board
    promised = db.session.scalars(sa.select(Commitment)).one()
    assert (promised.words, promised.target.stage) == ("You have my vote.", Stage.COMMITTED)
    asked = officer.post(f"/targets/{target.id}/move", data={"stage": "delivered"})
    assert "You have my vote." in officer.get(asked.location).text
    unsaid = officer.post(asked.location, data={"found_on": "2026-02-01"})
    assert "Choose the commitment that was kept." in unsaid.text
    officer.post(asked.location, data={"found_on": "2026-02-01", "commitment_id": promised.id})
    db.session.expire_all()
    assert (promised.state, promised.target.stage) == (CommitmentState.KEPT, Stage.DELIVERED)


def test_the_list_offers_the_countries_of_those_who_promised(client: FlaskClient) -> None:
    sign_in(client, make_user(Role.OFFICER))
    spain, _france = (make_target(contact=make_person(name, country=name)) for name in ("ES", "FR"))
    make_commitment(spain)
    menu = client.get("/commitments").text.partition('id="of-country"')[2].partition("</select>")[0]
    assert re.findall(r'value="(\w+)"', menu) == ["ES"]
    kept = client.get("/commitments?country=FR").text
    assert '<option value="FR" selected' in kept
