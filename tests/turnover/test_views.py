"""Who holds an ended mandate as a target is told, closes it or goes on with the successor, and can take that back."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.accounts.models import User
from crm.audit.models import ChangeSet
from crm.extensions import db
from crm.pipeline.actions import update_target
from crm.pipeline.models import CloseReason, Priority, Stage, StageMove, Target
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.pipeline import make_campaign, make_target


def make_turnover(owner: User) -> tuple[int, int, int]:
    """The target whose mandate ended, its contact, and who came after."""
    ada = make_person("Ada Gone", party="Blue Party", ended=date(2025, 3, 10))
    bea = make_person("Bea Come", party="Blue Party", start=date(2025, 3, 11))
    ada_id, bea_id, owner_id = ada.id, bea.id, owner.id
    target = make_target(
        make_campaign("Ratify"), ada, stage=Stage.IN_DIALOGUE, owner_id=owner_id, priority=Priority.HIGH
    )
    with unit_of_work("ask", actor="test"):
        update_target(target.id, ask="Speak in the plenary")
    return target.id, ada_id, bea_id


def test_the_owner_is_told_and_hands_the_target_over(client: FlaskClient) -> None:
    officer = make_user(Role.OFFICER)
    target_id, ada, bea = make_turnover(officer)
    officer_id = officer.id
    sign_in(client, officer)
    assert "Go on with them" in client.get("/").text
    assert "Who came after:" in client.get(f"/contacts/{ada}").text
    page = client.get("/turnover").text
    assert "Bea Come" in page
    assert "took a seat of the same country and party" in page
    answer = client.post(f"/turnover/{target_id}/hand-over/{bea}", follow_redirects=True)
    assert "Bea Come is pursued in the place of Ada Gone." in answer.text
    following = db.session.scalars(sa.select(Target).where(Target.contact_id == bea)).one()
    assert (following.owner_id, following.ask, following.priority, following.stage) == (
        officer_id,
        "Speak in the plenary",
        Priority.HIGH,
        Stage.IDENTIFIED,
    )
    gone = db.session.get_one(Target, target_id)
    assert (gone.stage, gone.close_reason) == (Stage.CLOSED, CloseReason.MANDATE_ENDED)
    assert db.session.scalars(sa.select(StageMove.note).order_by(StageMove.id.desc())).first() == "→ Bea Come"
    assert "No target has lost its mandate" in client.get("/turnover").text
    deed = db.session.scalars(sa.select(ChangeSet.id).where(ChangeSet.action == "hand target over")).one()
    client.post(f"/audit/{deed}/undo")
    assert db.session.get_one(Target, target_id).stage is Stage.IN_DIALOGUE
    assert db.session.scalar(sa.select(Target.id).where(Target.contact_id == bea)) is None


def test_a_successor_who_is_a_target_already_keeps_what_is_said_there(client: FlaskClient) -> None:
    officer = make_user(Role.OFFICER)
    target_id, _ada, bea = make_turnover(officer)
    campaign_id = db.session.get_one(Target, target_id).campaign_id
    officer_id = officer.id
    with unit_of_work("add", actor="test"):
        db.session.add(Target(campaign_id=campaign_id, contact_id=bea, ask="Another ask", stage=Stage.CONTACTED))
    sign_in(client, db.session.get_one(User, officer_id)).post(f"/turnover/{target_id}/hand-over/{bea}")
    following = db.session.scalars(sa.select(Target).where(Target.contact_id == bea)).one()
    assert (following.ask, following.stage, following.owner_id) == ("Another ask", Stage.CONTACTED, officer_id)


def test_a_target_is_closed_once(client: FlaskClient) -> None:
    officer = make_user(Role.OFFICER)
    target_id, _ada, bea = make_turnover(officer)
    sign_in(client, officer)
    assert "Ada Gone is closed." in client.post(f"/turnover/{target_id}/close", follow_redirects=True).text
    assert "was closed already" in client.post(f"/turnover/{target_id}/close", follow_redirects=True).text
    assert "was closed already" in client.post(f"/turnover/{target_id}/hand-over/{bea}", follow_redirects=True).text


def test_whose_targets_are_shown(client: FlaskClient) -> None:
    officer, other = make_user(Role.OFFICER), make_user(Role.OFFICER)
    _target, ada, bea = make_turnover(officer)
    sign_in(client, other)
    assert "of your targets" not in client.get("/").text
    for path, shown in {
        "/turnover": False,
        "/turnover?whose=nobody": False,
        "/turnover?whose=all": True,
        f"/turnover?contact={ada}": True,
        f"/turnover?contact={bea}": False,
    }.items():
        assert ("Go on with them" in client.get(path).text) is shown, path


def test_viewers_are_offered_nothing(app: Flask, client: FlaskClient) -> None:
    _target, ada, _bea = make_turnover(make_user(Role.OFFICER))
    page = sign_in(client, make_user(Role.VIEWER)).get(f"/contacts/{ada}").text
    assert "Hand the targets over" not in page
