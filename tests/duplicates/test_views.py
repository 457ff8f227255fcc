"""Comparing two contacts on screen, merging them, following an old link, taking the merge apart again."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.audit.models import ChangeSet
from crm.directory.actions import add_membership, add_point
from crm.directory.comparison import PERSON_FIELDS, Line, Side
from crm.directory.likeness import Reason
from crm.directory.models import Category, Contact, ContactKind, ContactMerge, Person, PointKind
from crm.duplicates.models import DuplicateProposal, ToldApart
from crm.extensions import db
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_organization, make_person
from tests.factories.pipeline import make_campaign, make_target


def officer(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_user(Role.OFFICER))


def make_pair() -> tuple[int, int]:
    """Two spellings of one person, proposed as such."""
    one = make_person("Ada Lovelace", country="ES", identifiers={"europarl": "7"})
    other = make_person("Ada Lovelase", country="FR")
    one_id, other_id = one.id, other.id
    with unit_of_work("propose", actor="worker:desk"):
        db.session.add(
            DuplicateProposal(
                one_id=one_id, other_id=other_id, kind=one.kind, score=75, reasons=[Reason.SIMILAR_NAME.value]
            )
        )
    return one_id, other_id


def test_two_are_compared_merged_and_taken_apart(client: FlaskClient) -> None:
    one, other = make_pair()
    gone = db.session.scalars(sa.select(DuplicateProposal.id)).one()
    bystander = make_person("Grace Hopper").id
    campaign = make_campaign("Both of them")
    make_target(campaign, db.session.get(Person, one))
    make_target(campaign, db.session.get(Person, other))
    officer(client)
    listed = client.get("/duplicates").text
    assert "Ada Lovelase" in listed
    assert "names alike" in listed
    page = client.get(f"/duplicates/{one}/{other}").text
    assert "1 target" in page
    assert "they become one" in page
    # What both are in is kept once and moves nowhere.
    assert "To <bdi>Ada Lovelace</bdi> move:" in page or "Nothing has to move" in page
    assert "Known of both, and kept once, with the sources of both: 1 office or membership." in page
    assert f'href="/duplicates/{other}/{one}?keep=first">Keep this one' in page
    asked = client.post(f"/duplicates/{one}/{other}", data={"country": "absorbed"}).text
    assert "Yes, merge them" in asked
    assert "France" in asked
    assert f"/duplicates/{one}/{other}?name=survivor" in asked
    assert f'href="/duplicates/{other}/{one}?name=absorbed' in asked
    assert db.session.get(Person, other) is not None
    confirmed = {"country": "absorbed", "confirmed": "yes"}
    merged = client.post(f"/duplicates/{one}/{other}", data=confirmed, follow_redirects=True)
    assert "Ada Lovelase is part of Ada Lovelace now" in merged.text
    # Pressed twice, or come back to.
    twice = client.post(f"/duplicates/{one}/{other}", data=confirmed, follow_redirects=True)
    assert "These two are one contact already." in twice.text
    assert twice.request.path == f"/contacts/{one}"
    assert db.session.get_one(Person, one).country == "FR"
    assert db.session.get_one(Person, one).name == "Ada Lovelace"
    moved = client.get(f"/contacts/{other}")
    assert (moved.status_code, moved.location) == (302, f"/contacts/{one}")
    assert "Merged with" in client.get(f"/contacts/{one}").text
    record = db.session.scalars(sa.select(ContactMerge.id)).one()
    assert f'action="/merges/{record}/unmerge"' in merged.text
    # The search has looked meanwhile, and proposes the pair as soon as there are two of them: nobody's change.
    with unit_of_work("propose", actor="worker:desk"):
        proposed = {"kind": ContactKind.PERSON, "score": 70, "reasons": []}
        db.session.add(DuplicateProposal(id=gone, one_id=one, other_id=bystander, **proposed))
    apart = client.post(f"/merges/{record}/unmerge", follow_redirects=True)
    assert "Ada Lovelase stands by itself again." in apart.text
    assert "changed since" not in apart.text
    assert db.session.get_one(Person, other).country == "FR"
    assert db.session.get_one(Person, one).country == "ES"
    assert client.get(f"/contacts/{other}").status_code == 200
    again = client.post(f"/merges/{record}/unmerge", follow_redirects=True)
    assert "taken apart already" in again.text


def test_the_trail_tells_of_a_merge_in_one_entry(client: FlaskClient) -> None:
    one, other = make_pair()
    officer(client).post(f"/duplicates/{one}/{other}", data={"confirmed": "yes"})
    merge = db.session.scalars(sa.select(ChangeSet).where(ChangeSet.action == "merge contacts")).one()
    assert merge.notes["merged"]["into"] == one
    assert merge.notes["merged"]["rows"]["membership"] == 1


def test_not_the_same_is_remembered_and_can_be_undone(client: FlaskClient) -> None:
    one, other = make_pair()
    officer(client)
    # The side-by-side view sends its choices of values along.
    chosen = {"country": "survivor"}
    answer = client.post(f"/duplicates/{other}/{one}/apart?country=ES", data=chosen, follow_redirects=True)
    assert answer.request.args["country"] == "ES"
    assert "will not be proposed again" in answer.text
    assert "Compare" not in client.get("/duplicates").text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ToldApart)) == 1
    undo = db.session.scalars(sa.select(ChangeSet.id).where(ChangeSet.action == "tell contacts apart")).one()
    client.post(f"/audit/{undo}/undo")
    assert "Compare" in client.get("/duplicates").text


def test_filters_narrow_the_list(client: FlaskClient) -> None:
    make_pair()
    officer(client)
    assert "Compare" in client.get("/duplicates?certainty=likely&kind=person&country=FR").text
    for nothing in ("certainty=certain", "kind=organization", "country=DE"):
        assert "No pair passes this filter" in client.get(f"/duplicates?{nothing}").text
    assert client.get("/duplicates?certainty=surely").status_code == 400


def test_a_person_and_an_organization_are_not_compared(client: FlaskClient) -> None:
    one, organization = make_person("Ada Lovelace").id, make_organization("Partner").id
    officer(client)
    assert client.get(f"/duplicates/{one}/{organization}").status_code == 404
    assert client.get(f"/duplicates/{one}/{one}").status_code == 404


def test_any_contact_of_that_kind_can_be_chosen_and_is_told_from_its_namesakes(client: FlaskClient) -> None:
    one, other = make_pair()
    minister = make_person("Ada King", country="FR", email="king@gov.example", parliament=None)
    ministry = make_organization("Ministry of Labour", category=Category.GOVERNMENT, country="FR")
    with unit_of_work("give an office", actor="test"):
        add_membership(minister, ministry, role="Minister of Labour")
    make_person("Ada Kingsley", country="PT", ended=date(2025, 3, 1), email=None)
    make_organization("Ada Partners")
    page = officer(client).get(f"/contacts/{one}/merge?q=king").text
    assert "Ada Partners" not in page
    for told in ("Minister of Labour, Ministry of Labour", "France", "king@", "until 1 Mar 2025"):
        assert told in page, told
    # The proposed one is there with the reasons, and on the contact's page too.
    assert "Ada Lovelase" in page
    assert "names alike" in page
    assert f'/duplicates/{one}/{other}"' in page
    notice = client.get(f"/contacts/{one}").text.partition("may be the same")[2].partition("</div>")[0]
    for told in ("Ada Lovelase", "MEP", "European Parliament", "France", "names alike"):
        assert told in notice, told


def test_readers_are_told_nothing_of_duplicates(app: Flask, client: FlaskClient) -> None:
    one, _other = make_pair()
    page = sign_in(client, make_user(Role.VIEWER)).get(f"/contacts/{one}").text
    assert "may be the same" not in page


@pytest.mark.sqlite_only
def test_two_ticked_contacts_are_compared_and_the_directory_tells_how_many_pairs_wait(client: FlaskClient) -> None:
    one, other = make_pair()
    organization = make_organization("Partner").id
    officer(client)
    assert '<span class="tab-count">1</span>' in client.get("/contacts").text
    answer = client.post("/contacts/bulk/compare", data={"contact": [other, one]})
    # Of the first more is known.
    assert answer.location == f"/duplicates/{one}/{other}"
    for ticked, said in (([one], "tick exactly two"), ([one, organization], "cannot become one")):
        assert said in client.post("/contacts/bulk/compare", data={"contact": ticked}, follow_redirects=True).text


def test_the_fuller_one_stays_and_reasons_are_those_of_now(client: FlaskClient) -> None:
    bare, full = (
        make_organization("Ministry of Labour", country="ES").id,
        make_organization("Ministry of Labour", country="ES").id,
    )
    with unit_of_work("add an address", actor="test"):
        add_point(db.session.get_one(Contact, full), PointKind.EMAIL, "labour@gov.example", source="")
    officer(client)
    page = client.get(f"/duplicates/{bare}/{full}", follow_redirects=True).text
    assert f'action="/duplicates/{full}/{bare}"' in page
    assert f'href="/duplicates/{bare}/{full}?keep=first">Keep this one' in page
    assert f'action="/duplicates/{bare}/{full}"' in client.get(f"/duplicates/{bare}/{full}?keep=first").text
    # Nobody has searched yet.
    assert "same name" in page


def test_of_two_equal_names_the_one_with_its_parts_told_stays() -> None:
    field = PERSON_FIELDS[0]
    whole = {"name": "Ada Zuniga", "given_name": None, "family_name": None}
    parts = {"name": "Ada Zuniga", "given_name": "Ada", "family_name": "Zuniga"}
    line = Line(field, whole, parts)
    assert (line.is_choice, line.chosen) == (False, Side.ABSORBED)
    line = Line(field, parts, {**parts, "name": "ZUNIGA Ada"})
    assert (line.is_choice, line.chosen) == (True, Side.SURVIVOR)
