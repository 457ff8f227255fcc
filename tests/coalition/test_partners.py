"""Two organizations tell each other whom they wrote to, and neither writes to the same office within days."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm import clock
from crm.audit.models import Change
from crm.coalition import jobs
from crm.coalition.document import written
from crm.coalition.keys import key_of_address
from crm.coalition.models import Fetching, Partner, PartnerLetter
from crm.coalition.queries import Approached, partners_wrote
from crm.directory.models import Identifier, Restriction
from crm.extensions import db
from crm.history.actions import What, record_interaction
from crm.history.models import InteractionKind
from crm.job_queue import DESK, catching_up
from crm.letters.models import Letter, SkipReason
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.letters import make_letter_target, make_mailing, planned
from tests.factories.pipeline import make_campaign


@contextmanager
def serving(document: str) -> Iterator[tuple[str, list[str | None]]]:
    """A partner's server, and the tags it was asked with."""
    asked: list[str | None] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers.get("If-None-Match"))
            same = asked[-1] == '"v1"'
            self.send_response(304 if same else 200)
            self.send_header("ETag", '"v1"')
            self.end_headers()
            if not same:
                self.wfile.write(document.encode())

        def log_message(self, *_args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Server)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/feed/secret/letters.json", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _met(kind: InteractionKind, contact_id: int, days_ago: int, team_id: int | None = None) -> None:
    with unit_of_work("log", actor="test"):
        at = clock.now() - timedelta(days=days_ago)
        record_interaction(What(kind, at, "Secret words", [contact_id], team_id=team_id))


def test_our_feed_says_who_was_approached_and_nothing_else(app: Flask, client: FlaskClient) -> None:
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"controller": "The Alliance, 1 Street"})
    admin = make_user(Role.ADMIN)
    ana, bo, cy, di = (make_person(name, email=f"{name}@parliament.example") for name in ("Ana", "Bo", "Cy", "Di"))
    with unit_of_work("number", actor="test"):
        db.session.add(Identifier(contact_id=ana.id, scheme="europarl", value="1"))
        db.session.add(Restriction(contact_id=di.id, source="letter:1"))
    _met(InteractionKind.CALL, ana.id, 9)
    _met(InteractionKind.LETTER, ana.id, 2)
    _met(InteractionKind.NOTE, bo.id, 1)  # nobody has felt that
    _met(InteractionKind.LETTER, cy.id, 1, admin.team_id)  # the team keeps it to itself
    _met(InteractionKind.LETTER, di.id, 1)  # objects to the use of their data
    sign_in(client, admin)
    assert client.post("/coalition/feeds", data={"reader": " "}).status_code == 422
    page = client.post("/coalition/feeds", data={"reader": "Friends"}).text
    found = re.search(r"/feed/([\w-]+)/letters\.json", re.sub(r"<wbr/?>", "", page))
    assert found is not None
    assert found[1] not in client.get("/coalition").text, "it is shown once"
    stranger = app.test_client()
    answer = stranger.get(found[0])
    assert (answer.status_code, answer.mimetype) == (200, "application/feed+json")
    feed = json.loads(answer.text)
    day = (clock.today() - timedelta(days=2)).isoformat()
    assert feed["title"] == "The Alliance"
    assert feed["items"] == [
        {
            "id": f"europarl:1/{day}",
            "date_published": f"{day}T00:00:00Z",
            "content_text": "",
            "_approach": {"office": ["europarl:1", key_of_address("ANA@parliament.example")], "campaign": ""},
        }
    ]
    assert "Secret" not in answer.text
    assert stranger.get(found[0], headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert stranger.get("/feed/guessed/letters.json").status_code == 404
    assert client.post("/coalition/feeds/1/revoke").status_code == 302
    assert stranger.get(found[0]).status_code == 404
    assert client.post("/coalition/feeds/1/revoke").status_code == 404


def test_whom_a_partner_wrote_to_is_left_out_and_shown(app: Flask, client: FlaskClient) -> None:
    campaign = make_campaign("Ratify now")
    ana, bo, cy = (make_letter_target(campaign, name, email=f"{name}@p.example") for name in ("Ana", "Bo", "Cy"))
    with unit_of_work("number", actor="test"):
        db.session.add(Identifier(contact_id=ana.contact_id, scheme="europarl", value="1"))
    today = clock.today()
    told = [
        Approached(["europarl:1", key_of_address("elsewhere@p.example")], today - timedelta(days=3), "Spring letters"),
        Approached([key_of_address("bo@p.example")], today - timedelta(days=40), ""),
        Approached(["europarl:99"], today, ""),
    ]
    sign_in(client, make_user(Role.ADMIN))
    with serving(written("Friends", told)) as (url, asked):
        assert (
            client.post("/coalition/partners", data={"partner": "Friends", "url": "http://p.example/"}).status_code
            == 422
        )
        client.post("/coalition/partners", data={"partner": "Friends", "url": url})
        assert "followed already" in client.post("/coalition/partners", data={"partner": "friends", "url": url}).text
        assert "Not read yet" in client.get("/coalition").text
        jobs.follow_partners()
        jobs.follow_partners()
        assert asked == [None], "every few hours is enough"
        partner_id = db.session.scalars(sa.select(Partner.id)).one()
        client.post(f"/coalition/partners/{partner_id}/read")
        jobs.follow_partners()
        assert asked == [None, '"v1"'], "and only what is new is sent"
    page = client.get("/coalition").text
    assert "3 offices" in page
    assert url not in page
    assert url not in json.dumps([change.after for change in db.session.scalars(sa.select(Change))]), "it is a password"
    shown = client.get(f"/contacts/{ana.contact_id}").text
    assert ("A partner of the coalition" in shown, "Friends" in shown, "Spring letters" in shown) == (True, True, True)
    assert "A partner of the coalition" not in client.get(f"/contacts/{cy.contact_id}").text
    assert set(partners_wrote([ana.contact_id, bo.contact_id, cy.contact_id])) == {ana.contact_id, bo.contact_id}
    for rest_days, skipped in ((14, {ana.id}), (60, {ana.id, bo.id}), (0, set())):
        mailing = planned(make_mailing(campaign, rest_days=rest_days))
        letters = db.session.scalars(
            sa.select(Letter).where(Letter.mailing_id == mailing.id, Letter.skip_reason == SkipReason.PARTNER_WROTE)
        ).all()
        assert {each.target_id for each in letters} == skipped, rest_days
        for each in letters:
            if each.target_id == ana.id:
                assert each.skip_detail == f"Friends · Spring letters · {(today - timedelta(days=3)).isoformat()}"
        with unit_of_work("forget", actor="test"):
            db.session.execute(sa.delete(Letter))
    # The server is gone: its words are shown, what it said holds, and it is asked again after a while.
    with unit_of_work("later", actor="test"):
        db.session.execute(sa.update(Fetching).values(asked_at=clock.now() - timedelta(hours=4)))
    jobs.follow_partners()
    jobs.follow_partners()
    failing = db.session.scalars(sa.select(Fetching)).one()
    assert (failing.failures, "127.0.0.1" in failing.words) == (1, True)
    assert "cannot be read" in client.get("/coalition").text
    assert partners_wrote([ana.contact_id])
    client.post(f"/coalition/partners/{partner_id}/leave")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PartnerLetter)) == 0
    assert client.post(f"/coalition/partners/{partner_id}/leave").status_code == 404
    assert "crm.coalition.jobs.follow_partners" in catching_up(DESK)


@pytest.mark.sqlite_only
def test_a_document_that_is_no_feed_is_said_so(app: Flask) -> None:
    admin = make_user(Role.ADMIN)
    with serving("<html>sign in</html>") as (url, _asked):
        with unit_of_work("follow", actor="test"):
            partner = Partner(name="Friends", url=url, added_by_id=admin.id)
            db.session.add(partner)
            db.session.flush()
            db.session.add(Fetching(partner_id=partner.id))
        jobs.follow_partners()
    assert db.session.scalars(sa.select(Fetching.words)).one() == "it is no JSON"
