"""What a reader can do by the link in a letter, and how one of us hears of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from crm import clock
from crm.directory.models import ContactPoint, PointKind, Restriction
from crm.extensions import db
from crm.inbox.models import MOST_WORDS, ReaderRequest, RequestKind
from crm.letters.models import Letter, SkipReason
from crm.outbox import queries
from crm.outbox.models import MessageState, OutgoingMessage, Suppression
from crm.outbox.unsubscribing import unsubscribe_token
from crm.pipeline.models import Campaign
from crm.policy import Role
from crm.timeline.models import TimelineEntry
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.letters import approved, deliver, make_letter_target, make_mailing, make_wording, planned
from tests.factories.pipeline import make_campaign

ADDRESS = "ann@parliament.example"


def sent_letter(campaign: Campaign | None = None, language: str = "en") -> Letter:
    """A letter to Ann that was sent."""
    campaign = campaign or make_campaign()
    make_letter_target(campaign, "Ann Ardent", email=ADDRESS)
    mailing = approved(planned(make_mailing(campaign, wording=make_wording(campaign, language=language))))
    deliver(mailing, MessageState.SENT)
    return db.session.scalars(sa.select(Letter).where(Letter.mailing_id == mailing.id)).one()


def link_of(letter: Letter) -> str:
    assert letter.message_id is not None
    return f"/unsubscribe/{unsubscribe_token(letter.message_id, ADDRESS)}"


def requests() -> list[ReaderRequest]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(ReaderRequest).order_by(ReaderRequest.id)))


def notices() -> list[str]:
    db.session.rollback()
    texts = sa.select(OutgoingMessage.subject).where(
        OutgoingMessage.reference.startswith("request:") | OutgoingMessage.reference.startswith("again:")
    )
    return list(db.session.scalars(texts.order_by(OutgoingMessage.id)))


def test_a_reader_ends_all_letters_and_takes_it_back(client: FlaskClient) -> None:
    letter = sent_letter()
    path = link_of(letter)
    page = client.get(path)
    assert page.status_code == 200
    assert ADDRESS not in page.text
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert queries.suppressed([ADDRESS]) == set(), "opening the link is not enough: scanners open links"
    client.sends_csrf_token = False  # type: ignore[attr-defined]
    answer = client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "You will get no more letters" in answer.text
    assert client.post(path).status_code == 200
    kept = db.session.scalars(sa.select(Suppression)).one()
    assert (kept.reason, kept.source) == ("unsubscribed", f"outgoing_message:{letter.message_id}")
    (request,) = requests()
    assert (request.kind, request.contact_id) == (RequestKind.NO_LETTERS, letter.contact_id)
    assert notices() == ["Ann Ardent: Wants no more letters"]
    for other in ("again", "objection", "correction"):
        assert client.post(f"{path}/{other}", data={"words": "x"}).status_code == 400, "a form of ours was not sent"
    client.sends_csrf_token = True  # type: ignore[attr-defined]
    back = client.post(f"{path}/again")
    assert "You can get letters from us again." in back.text
    assert queries.suppressed([ADDRESS]) == set()
    assert requests()[0].taken_back_at is not None
    assert len(notices()) == 2
    kinds = list(db.session.scalars(sa.select(TimelineEntry.kind).order_by(TimelineEntry.id)))
    assert kinds[-2:] == ["letters_refused", "letters_wanted_again"]


def test_an_objection_holds_for_every_address_and_every_plan(client: FlaskClient) -> None:
    campaign = make_campaign()
    letter = sent_letter(campaign)
    with unit_of_work("another address", actor="test"):
        for value in ("ann@home.example", "office@parliament.example"):
            db.session.add(ContactPoint(contact_id=letter.contact_id, kind=PointKind.EMAIL, value=value))
    target = make_letter_target(campaign, "Bo Berg", email="office@parliament.example")
    assert target
    path = link_of(letter)
    client.post(path)
    answer = client.post(f"{path}/objection")
    assert "Your objection holds" in answer.text
    assert client.post(f"{path}/objection").status_code == 200
    assert [each.kind for each in requests()] == [RequestKind.NO_LETTERS, RequestKind.OBJECTION]
    asked = [ADDRESS, "ann@home.example", "office@parliament.example"]
    assert queries.suppressed(asked) == {ADDRESS, "ann@home.example"}, "the office's address is somebody else's too"
    # Whatever address comes in later: the contact is left out.
    with unit_of_work("a new address", actor="test"):
        db.session.execute(sa.delete(Suppression))
    again = planned(make_mailing(campaign))
    skipped = {
        each.contact_id: each.skip_reason
        for each in db.session.scalars(sa.select(Letter).where(Letter.mailing_id == again.id))
    }
    assert skipped[letter.contact_id] is SkipReason.RESTRICTED
    officer = sign_in(client, make_user(Role.OFFICER))
    assert "They objected to the use of their data" in officer.get(f"/contacts/{letter.contact_id}").text
    assert "letters again" not in officer.get(f"/contacts/{letter.contact_id}").text
    client.post(f"{path}/again")
    assert db.session.scalar(sa.select(Restriction.id)) is None


def test_a_correction_comes_to_who_looks_after_them_and_is_settled(client: FlaskClient) -> None:
    letter = sent_letter()
    path = link_of(letter)
    assert client.post(f"{path}/correction", data={"words": "  "}).status_code == 422
    too_long = client.post(f"{path}/correction", data={"words": "é" * (MOST_WORDS + 1)})
    assert too_long.status_code == 422
    assert "é" * (MOST_WORDS + 1) in too_long.text, "what was typed is kept"
    words = "I left the <committee> in May."
    for _twice in range(2):
        assert "your words have arrived" in client.post(f"{path}/correction", data={"words": words}).text
    (request,) = requests()
    assert request.words == words
    owner = db.session.get_one(type(make_user(Role.LEAD)), request.owner_id)
    signed_in = sign_in(client, owner)
    today = signed_in.get("/today").text
    assert "I left the &lt;committee&gt; in May." in today
    assert "I left the &lt;committee&gt; in May." in signed_in.get(f"/contacts/{letter.contact_id}").text
    settled = signed_in.post(f"/reader-requests/{request.id}/settled", follow_redirects=True)
    assert "it is seen to" in settled.text
    assert "in May" not in signed_in.get("/today").text
    twice = signed_in.post(f"/reader-requests/{request.id}/settled", follow_redirects=True)
    assert "seen to it already" in twice.text
    assert requests()[0].settled_by_id == owner.id


@pytest.mark.sqlite_only
def test_the_page_speaks_the_language_of_the_letter(client: FlaskClient) -> None:
    letter = sent_letter(language="fr")
    path = link_of(letter)
    assert 'lang="fr" dir="ltr"' in client.get(path, headers={"Accept-Language": "de"}).text
    arabic = client.get(f"{path}?language=ar").text
    assert 'lang="ar" dir="rtl"' in arabic
    assert f'action="{path}/objection?language=ar"' in arabic
    assert "وصلتم" in arabic
    page = client.get("/unsubscribe/nonsense", headers={"Accept-Language": "pl,en;q=0.5"})
    assert page.status_code == 404
    assert 'lang="pl"' in page.text


def test_the_link_of_an_erased_or_old_letter_only_ends_letters(client: FlaskClient) -> None:
    path = f"/unsubscribe/{unsubscribe_token(12345, 'gone@parliament.example')}"
    assert "more than a year old" in client.get(path).text
    assert client.post(path).status_code == 200
    assert queries.suppressed(["gone@parliament.example"]) == {"gone@parliament.example"}
    letter = sent_letter()
    with unit_of_work("a year goes by", actor="test"):
        db.session.execute(sa.update(OutgoingMessage).values(finished_at=clock.now() - timedelta(days=366)))
    old = link_of(letter)
    for act in ("objection", "again", "correction"):
        assert "more than a year old" in client.post(f"{old}/{act}", data={"words": "wrong"}).text
    assert client.post(old).status_code == 200
    assert queries.suppressed([ADDRESS]) == {ADDRESS}
    with unit_of_work("the letter is new", actor="test"):
        db.session.execute(sa.update(OutgoingMessage).values(finished_at=clock.now()))
    assert letter.message_id is not None
    of_another = f"/unsubscribe/{unsubscribe_token(letter.message_id, 'bo@parliament.example')}"
    assert "more than a year old" in client.post(f"{of_another}/objection").text, "the number is somebody else's letter"
    assert requests() == []


def test_a_forged_link_changes_nothing(client: FlaskClient) -> None:
    token = unsubscribe_token(1, ADDRESS)
    for wrong in (token[:-1], "x" + token, "nonsense"):
        assert client.get(f"/unsubscribe/{wrong}").status_code == 404
        for act in ("", "/again", "/objection", "/correction"):
            assert client.post(f"/unsubscribe/{wrong}{act}", data={"words": "x"}).status_code == 404
    assert db.session.scalars(sa.select(Suppression)).all() == []
