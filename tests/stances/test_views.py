"""Recording a stance, asking why, taking it back and settling contradictions, on screen."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm import i18n
from crm.attachments.models import Attachment
from crm.audit.models import Change
from crm.extensions import db
from crm.policy import Role
from crm.stances.models import Confidence, SettledContradiction, Stance, Statement
from tests.factories.accounts import make_user, sign_in
from tests.factories.attachments import PDF, upload
from tests.factories.directory import make_person
from tests.factories.stances import SOURCE, make_statement
from tests.factories.treaties import icrmw

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def officer(app: Flask) -> FlaskClient:
    return sign_in(app.test_client(), make_user(Role.OFFICER, team="Geneva"))


def statements() -> list[Statement]:
    return list(db.session.scalars(sa.select(Statement).order_by(Statement.id)))


def test_a_stance_is_recorded_from_the_page_with_its_source(officer: FlaskClient) -> None:
    person, treaty = make_person("Ada Alverberg"), icrmw()
    treaty_id, address = treaty.id, f"/contacts/{person.id}/statements/new"
    page = officer.get(f"/contacts/{person.id}").text
    assert f'href="{address}?treaty={treaty_id}"' in page
    assert "Unknown" in page
    form = {
        "treaty_id": treaty_id,
        "stance": "supportive",
        "said_on": i18n.today().isoformat(),
        "confidence": "likely",
    }
    refused = officer.post(address, data=form | {"quote": "We should ratify."})
    assert refused.status_code == 422
    assert "never noted without its source" in refused.text
    assert "We should ratify." in refused.text
    assert officer.post(address, data=form | {"source_url": "javascript:alert(1)"}).status_code == 422
    assert officer.post(address, data=form | {"file": upload(b"<svg>", "x.svg")}).status_code == 422
    tomorrow = (i18n.today() + timedelta(days=1)).isoformat()
    assert officer.post(address, data=form | {"source_url": SOURCE, "said_on": tomorrow}).status_code == 422
    assert statements() == []
    answer = officer.post(address, data=form | {"source_url": SOURCE, "quote": "<b>We</b> should ratify."})
    assert answer.location == f"/contacts/{person.id}#stances"
    page = officer.get(f"/contacts/{person.id}").text
    for words in ("Supportive", "It is the only statement on record.", "minutes.example", "&lt;b&gt;We&lt;/b&gt;"):
        assert words in page
    assert 'rel="noopener noreferrer external"' in page


def test_a_private_file_is_the_teams_as_its_statement_is(app: Flask, officer: FlaskClient) -> None:
    person = make_person("Ada Alverberg")
    form = {
        "treaty_id": icrmw().id,
        "stance": "opposed",
        "said_on": i18n.today().isoformat(),
        "confidence": "certain",
        "private": "y",
        "file": upload(PDF),
    }
    officer.post(f"/contacts/{person.id}/statements/new", data=form)
    (said,) = statements()
    kept = db.session.get_one(Attachment, said.attachment_id)
    assert said.team_id == kept.team_id is not None
    pages = (f"/contacts/{person.id}", f"/contacts/{person.id}/stances/{said.treaty_id}")
    for page in pages:
        shown = officer.get(page).text
        assert "Opposed" in shown
        assert kept.sha256[:8] in shown
    foreign = sign_in(app.test_client(), make_user(Role.ADMIN, team="Brussels"))
    said_id, kept_id = said.id, kept.id
    for page in pages:
        shown = foreign.get(page).text
        assert "Certain" not in shown
        assert "minutes.pdf" not in shown
    assert foreign.get(f"/attachments/{kept_id}").status_code == 404
    assert foreign.get(f"/statements/{said_id}/withdraw").status_code == 404
    assert foreign.post(f"/statements/{said_id}/withdraw", data={"reason": "no"}).status_code == 404
    assert foreign.get(f"/contacts/{person.id}/statements/new?like={said_id}").text.count("checked") == 1
    # A lead of another team reads in the trail that something was written, and not what.
    officer.post(f"/statements/{said_id}/withdraw", data={"reason": "Told us in confidence."})
    own_lead = sign_in(app.test_client(), make_user(Role.LEAD, team="Geneva"))
    deeds = sorted(set(db.session.scalars(sa.select(Change.change_set_id).where(Change.table_name != "user"))))
    for reader, reads in ((foreign, False), (own_lead, True)):
        trail = "".join(reader.get(f"/audit/{deed}").text for deed in deeds)
        assert trail.count("statement_withdrawal") >= 1
        for words in ("minutes.pdf", "opposed", "Told us in confidence."):
            assert (words in trail) is reads, words


def test_a_statement_is_withdrawn_with_a_reason_and_written_down_again(officer: FlaskClient) -> None:
    person = make_person("Ada Alverberg")
    make_statement(person.id, Stance.SUPPORTIVE, i18n.today() - timedelta(days=90))
    wrong = make_statement(person.id, Stance.OPPOSED, i18n.today() - timedelta(days=9), quote="Never.")
    address, page = f"/statements/{wrong.id}/withdraw", f"/contacts/{person.id}/stances/{wrong.treaty_id}"
    wrong_id = wrong.id
    assert officer.post(address, data={"reason": " "}).status_code == 422
    again = officer.post(address, data={"reason": "She was misquoted.", "anew": "y"})
    assert again.location == f"/contacts/{person.id}/statements/new?like={wrong_id}"
    form = officer.get(again.location).text
    assert "Never." in form
    assert f'value="{SOURCE}"' in form
    shown = officer.get(page).text
    assert "She was misquoted." in shown
    assert officer.post(address, data={"reason": "once more"}).status_code == 422
    # A statement that never counted is gone from every day.
    day = (i18n.today() - timedelta(days=5)).isoformat()
    past = officer.get(f"{page}?as_of={day}").text
    assert "It is the only statement on record." in past
    for damaged in ("x", "0001-01-01", "9999-12-31"):
        assert officer.get(f"{page}?as_of={damaged}").status_code == 200


def test_a_contradiction_is_settled_on_its_list(officer: FlaskClient) -> None:
    person = make_person("Ada Alverberg")
    earlier = make_statement(person.id, Stance.SUPPORTIVE, i18n.today() - timedelta(days=30))
    later = make_statement(person.id, Stance.OPPOSED, i18n.today(), confidence=Confidence.UNSURE)
    address = f"/stances/contradictions/{earlier.id}/{later.id}"
    assert "Ada Alverberg" in officer.get("/stances/contradictions").text
    assert "Contradicts itself" in officer.get(f"/contacts/{person.id}").text
    officer.post(address, data={"note": "x" * 400})
    assert db.session.scalar(sa.select(SettledContradiction.id)) is None
    officer.post(address, data={"note": "told us so"})
    assert "Ada Alverberg" not in officer.get("/stances/contradictions").text
    assert "somebody was faster" in officer.post(f"{address}1", follow_redirects=True).text


def test_a_treatys_stances_are_counted_by_group_and_country_and_lead_to_the_lists(app: Flask) -> None:
    user = make_user(Role.OFFICER, team="Geneva")
    today = i18n.today()
    amber = [make_person(f"Ada {name}", country="ES", group="Amber") for name in ("Alver", "Brand", "Cass")]
    left = make_person("Ada Dom", country="FR", group="Birch", ended=today - timedelta(days=3))
    make_statement(amber[0].id, Stance.CHAMPION, today)
    make_statement(amber[1].id, Stance.OPPOSED, today, team_id=user.team_id)
    make_statement(left.id, Stance.SUPPORTIVE, today - timedelta(days=30))
    address = f"/treaties/{icrmw().code}/stances"

    def counts(client: FlaskClient, page: str) -> dict[str, list[str]]:
        """The figures of each line, by its name."""
        rows = re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", client.get(page).text, re.DOTALL)
        plain = [re.sub(r"<[^>]+>", " ", row).split() for row in rows]
        return {row[0]: row[1:] for row in plain}

    ours = sign_in(app.test_client(), user)
    foreign = sign_in(app.test_client(), make_user(Role.ADMIN, team="Brussels"))
    assert counts(ours, address) == {"Amber": list("100011"), "Spain": list("100011")}
    assert counts(foreign, address) == {"Amber": list("100002"), "Spain": list("100002")}
    everybody = counts(ours, f"{address}?whom=all")
    assert everybody["Birch"] == everybody["France"] == list("010000")
    links = re.findall(r'href="(/contacts\?[^"]+stance=[^"]+)">(\d+)</a>', ours.get(address).text)
    assert len(links) == 6
    for link, figure in links:
        shown = ours.get(link.replace("&amp;", "&")).text
        assert shown.count('<th scope="row">') == int(figure), link
