"""Changing many contacts of the list at once: tag, untag, assign, add to a campaign; by ids or by the filter."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.accounts.models import User
from crm.directory.models import Category, Contact, ContactTag, Tag
from crm.extensions import db
from crm.overview import jobs
from crm.overview.bulk import AT_ONCE
from crm.overview.models import BulkChange, BulkState
from crm.pipeline.models import Target
from crm.policy import Role
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_organization, make_person
from tests.factories.pipeline import make_campaign, make_contacts


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    officer = sign_in(client, make_user(name="Una User"))
    officer.get("/contacts")
    return officer


def tagged() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    rows = db.session.execute(
        sa.select(Tag.name, Contact.name.label("contact"))
        .join(ContactTag, ContactTag.tag_id == Tag.id)
        .join(Contact, Contact.id == ContactTag.contact_id)
    )
    for row in rows:
        found.setdefault(row.name, set()).add(row.contact)
    return found


def undo_of(page: str) -> str:
    found = re.search(r'action="(/audit/\d+/undo)"', page)
    assert found is not None
    return found[1]


def test_ticked_contacts_are_tagged_and_untagged_and_each_is_undone(officer: FlaskClient) -> None:
    ada, bo = make_person("Ada Álvaro").id, make_person("Bo Berg").id
    make_person("Cy Cohen")
    form = {"contact": [ada, bo], "the_tag": "Ally,  first   wave", "next": "/contacts?country=ES"}
    answer = officer.post("/contacts/bulk/tag", data=form)
    assert answer.location == "/contacts?country=ES#changed"
    assert tagged() == {"Ally": {"Ada Álvaro", "Bo Berg"}, "first wave": {"Ada Álvaro", "Bo Berg"}}
    page = officer.get("/contacts?country=ES").text
    assert "2 contacts are tagged “Ally, first wave”." in page
    # Another spelling is the same tag, and who has it keeps it.
    officer.post("/contacts/bulk/tag", data={"contact": [ada], "the_tag": "ALLY"})
    assert "Nothing had to be changed." in officer.get("/contacts").text
    officer.post("/contacts/bulk/untag", data={"contact": [ada], "the_tag": "ally"})
    assert tagged()["Ally"] == {"Bo Berg"}
    page_before = officer.get("/contacts").text
    officer.post("/contacts/bulk/tag", data={"contact": [ada, bo], "the_tag": "ally"})
    said = officer.get("/contacts").text
    assert "1 contact is tagged “ally”. 1 needed no change." in said
    officer.post(undo_of(said))
    officer.post(undo_of(page_before))
    assert tagged()["Ally"] == {"Ada Álvaro", "Bo Berg"}
    officer.get("/contacts")
    officer.post(undo_of(page))
    assert tagged() == {}


def test_contacts_are_assigned_to_one_of_us_or_to_nobody(officer: FlaskClient) -> None:
    user_id = db.session.scalars(sa.select(User.id)).one()
    ada, bo = make_person("Ada Álvaro").id, make_person("Bo Berg").id
    officer.post("/contacts/bulk/assign", data={"contact": [ada, bo], "the_owner": user_id})
    page = officer.get(f"/contacts?assigned={user_id}").text
    assert "2 contacts are looked after by Una User." in page
    assert len(re.findall(r'<td data-label="Owner"><bdi>Una User</bdi>', page)) == 2
    officer.post("/contacts/bulk/assign", data={"contact": [ada], "the_owner": "0"})
    assert db.session.get_one(Contact, ada).owner_id is None
    officer.post(undo_of(officer.get("/contacts").text))
    db.session.expire_all()
    assert db.session.get_one(Contact, ada).owner_id == user_id


def test_contacts_are_added_to_a_campaign(officer: FlaskClient) -> None:
    campaign_id = make_campaign("Malta ratifies").id
    ada = make_person("Ada Álvaro").id
    officer.post("/contacts/bulk/add_targets", data={"contact": [ada], "the_campaign": campaign_id})
    page = officer.get("/contacts").text
    assert "1 contact was added to Malta ratifies." in page
    assert db.session.scalars(sa.select(Target.contact_id)).all() == [ada]
    officer.post(undo_of(page))
    assert db.session.scalars(sa.select(Target.contact_id)).all() == []


def test_all_that_fit_are_the_filter_and_not_the_ticks_of_one_page(officer: FlaskClient) -> None:
    make_person("Ada Álvaro", country="ES")
    make_person("Bo Berg", country="SE")
    bo_too = make_person("Bo Bengt", country="ES").id
    form = {"all": "yes", "text": "bo", "kind": "person", "the_tag": "Ally", "contact": [bo_too]}
    officer.post("/contacts/bulk/tag", data=form)
    assert tagged() == {"Ally": {"Bo Berg", "Bo Bengt"}}
    tag_id = db.session.scalars(sa.select(Tag.id)).one()
    # The filter's own tag is not the one to put on.
    officer.post("/contacts/bulk/tag", data={"all": "yes", "tag": tag_id, "country": "SE", "the_tag": "Nordic"})
    assert tagged()["Nordic"] == {"Bo Berg"}


def test_ticked_contacts_are_put_into_a_country_or_region(officer: FlaskClient) -> None:
    ministry = make_organization("Consejería Inventada", category=Category.REGIONAL_GOVERNMENT, country="PT").id
    ada = make_person("Ada Álvaro", country="PT").id

    def places() -> list[tuple[str | None, str | None]]:
        db.session.rollback()
        rows = db.session.execute(sa.select(Contact.country, Contact.region).where(Contact.id.in_([ministry, ada])))
        return [(row.country, row.region) for row in rows]

    officer.post("/contacts/bulk/place", data={"contact": [ada, ministry], "the_place": "Andalucía"})
    said = officer.get("/contacts").text
    assert "2 contacts are of Andalusia, Spain now." in said
    assert places() == [("ES", "ES-AN")] * 2
    # The country alone leaves the region that lies in it.
    officer.post("/contacts/bulk/place", data={"contact": [ada, ministry], "the_place": "Spain"})
    assert "Nothing had to be changed." in officer.get("/contacts").text
    assert places() == [("ES", "ES-AN")] * 2
    officer.post("/contacts/bulk/place", data={"contact": [ada], "the_place": "FR"})
    officer.get("/contacts")
    assert sorted(places(), key=str) == [("ES", "ES-AN"), ("FR", None)]


@pytest.mark.parametrize(
    ("action", "form", "said"),
    [
        ("tag", {"contact": "1", "the_tag": " , "}, "write the tag first"),
        ("tag", {"contact": "1", "the_tag": "★"}, "write the tag first"),
        ("tag", {"the_tag": "Ally"}, "tick the contacts first"),
        ("assign", {"contact": "1", "the_owner": ""}, "choose who is to look after them first"),
        ("assign", {"contact": "1", "the_owner": "9" * 30}, "choose who is to look after them first"),
        ("place", {"contact": "1", "the_place": " "}, "write the country or region first"),
        ("place", {"contact": "1", "the_place": "Nowhere"}, "no country or region is known as “Nowhere”"),
        ("add_targets", {"contact": "1", "the_campaign": "4711"}, "choose the campaign first"),
    ],
)
def test_what_is_missing_is_said_and_nothing_changes(
    officer: FlaskClient, action: str, form: dict[str, str], said: str
) -> None:
    make_person("Ada Álvaro")
    answer = officer.post(f"/contacts/bulk/{action}", data=form)
    assert "#" not in answer.location
    assert said in officer.get("/contacts").text
    assert tagged() == {}


def test_many_contacts_are_changed_by_the_worker_with_one_undo(app: Flask, officer: FlaskClient) -> None:
    many = AT_ONCE + 7
    make_contacts(many)
    answer = officer.post("/contacts/bulk/tag", data={"all": "yes", "the_tag": "Crowd", "next": "/contacts?sort=-name"})
    assert re.fullmatch(r"/contacts/bulk/\d+", answer.location)
    assert tagged() == {}
    page = officer.get(answer.location).text
    assert "data-poll" in page
    assert "X-Poll" not in officer.get(f"{answer.location}/progress").headers
    change_id = int(answer.location.rpartition("/")[2])
    jobs.change_queued(change_id)
    db.session.remove()
    assert len(tagged()["Crowd"]) == many
    assert officer.get(f"{answer.location}/progress").headers["X-Poll"] == "stop"
    page = officer.get(answer.location).text
    assert f"{many} contacts are tagged “Crowd”." in page
    assert 'href="/contacts?sort=-name#changed"' in page
    # Made once, whoever rings again.
    jobs.change_queued(change_id)
    jobs.change_waiting()
    officer.post(undo_of(page))
    assert tagged() == {}


def test_a_change_that_cannot_be_made_is_refused_whole(app: Flask, officer: FlaskClient) -> None:
    campaign_id = make_campaign("Malta ratifies").id
    make_contacts(AT_ONCE + 1)
    answer = officer.post("/contacts/bulk/add_targets", data={"all": "yes", "the_campaign": campaign_id})
    change_id = int(answer.location.rpartition("/")[2])
    db.session.execute(sa.update(BulkChange).values(value="4711"))
    db.session.commit()
    with pytest.raises(Exception, match="choose the campaign"):
        jobs.change_queued(change_id)
    assert db.session.get_one(BulkChange, change_id).state is BulkState.REFUSED
    assert "nothing was changed" in officer.get(answer.location).text
    assert db.session.scalar(sa.select(sa.func.count(Target.id))) == 0


def test_a_change_is_shown_to_who_asked_for_it(app: Flask, officer: FlaskClient) -> None:
    make_contacts(AT_ONCE + 1)
    where = officer.post("/contacts/bulk/tag", data={"all": "yes", "the_tag": "Crowd"}).location
    other = sign_in(app.test_client(), make_user())
    assert other.get(where).status_code == 404
    assert other.get(f"{where}/progress").status_code == 404


def test_a_viewer_changes_nothing(client: FlaskClient) -> None:
    viewer = sign_in(client, make_user(Role.VIEWER))
    ada = make_person("Ada Álvaro").id
    assert 'name="contact"' not in viewer.get("/contacts").text
    assert viewer.post("/contacts/bulk/tag", data={"contact": ada, "the_tag": "Ally"}).status_code == 403
