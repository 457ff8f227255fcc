"""One letter changed, one sent to oneself, and those that nobody answered."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from crm import clock
from crm.directory.filters import ContactFilter
from crm.directory.models import ContactLanguage
from crm.extensions import db
from crm.letters.actions import MailingRefused, write_wording
from crm.letters.audience import Audience
from crm.letters.footers import footer_in
from crm.letters.jobs import check
from crm.letters.models import Approach, LanguageReason, LetterEdit, Mailing, SkipReason, Wording
from crm.letters.queries import ledgers
from crm.letters.recipients import recipients
from crm.letters.schedule import Schedule
from crm.outbox.models import MessageState, OutgoingMessage
from crm.pipeline.filters import TargetFilter
from crm.pipeline.models import Campaign, Target
from crm.stances.models import Stance
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_person
from tests.factories.letters import approved, deliver, make_letter_target, make_mailing, make_wording, planned
from tests.factories.stances import make_statement
from tests.letters.test_mailing_form import words
from tests.letters.test_planning import letters_by_name


def message_of(mailing: Mailing, name: str) -> OutgoingMessage:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(OutgoingMessage, letters_by_name(mailing)[name].message_id)


def test_one_letter_is_changed_before_approval_and_what_stood_there_is_kept(
    as_officer: FlaskClient, campaign: Campaign
) -> None:
    mailing = planned(make_mailing(campaign))
    number = letters_by_name(mailing)["Ana Ruiz"].id
    form = as_officer.get(f"/letters/{number}/edit").text
    assert "Dear **Ana Ruiz**," in form
    data = {"subject": "Only for {{name}}", "body": "Dear *Ana*,\n\n{{nope}}"}
    refused = as_officer.post(f"/letters/{number}/edit", data=data)
    assert (refused.status_code, "There is no placeholder “nope”" in refused.text) == (422, True)
    assert as_officer.post(f"/letters/{number}/edit", data={**data, "body": "Dear *Ana*!"}).status_code == 302
    changed, other = message_of(mailing, "Ana Ruiz"), message_of(mailing, "Bo Lund")
    assert (changed.subject, changed.text) == ("Only for Ana Ruiz", "Dear Ana!\n")
    assert "<em>Ana</em>" in (changed.html or "")
    assert other.text.startswith("Dear Bo Lund")
    edit = db.session.scalars(sa.select(LetterEdit)).one()
    assert edit.text_before.startswith("Dear Ana Ruiz,")
    assert "Dear *Ana*!" in as_officer.get(f"/letters/{number}/edit").text
    shown = as_officer.get(f"/letters/{number}").text
    assert "Changed by hand" in shown
    for told in (shown, as_officer.get(f"/letters/{number}/document").text):
        assert (changed.footer or "no footer") in told
        assert "own link]" in told
        assert "/unsubscribe/" not in told
    assert "Edited" in as_officer.get(f"/mailings/{mailing.id}").text
    with pytest.raises(MailingRefused, match="unchecked"):
        approved(mailing)
    check(mailing.id)
    approved(mailing)
    assert as_officer.post(f"/letters/{number}/edit", data={**data, "body": "Too late"}).status_code == 302
    assert message_of(mailing, "Ana Ruiz").text == "Dear Ana!\n"


def test_a_test_letter_goes_to_oneself_and_stands_in_no_ledger(as_officer: FlaskClient, campaign: Campaign) -> None:
    mailing = planned(make_mailing(campaign))
    letter = letters_by_name(mailing)["Ana Ruiz"]
    before = ledgers([mailing.id])[mailing.id]
    assert as_officer.post(f"/letters/{letter.id}/test").status_code == 302
    statement = sa.select(OutgoingMessage).where(OutgoingMessage.batch_id != mailing.batch_id)
    test = db.session.scalars(statement).one()
    assert (test.to_address, test.subject) == ("olga@team.example", "[Test] A question to Ana Ruiz")
    original = message_of(mailing, "Ana Ruiz")
    assert test.text == f"{original.text}\n-- \n{original.footer}\n[the reader's own link]\n"
    assert (original.footer or "") in (test.html or "")
    assert "unsubscribe" not in test.text + (test.html or "")
    assert not test.one_click_unsubscribe
    assert ledgers([mailing.id])[mailing.id] == before


def test_those_who_have_not_answered_are_the_next_audience(as_officer: FlaskClient, campaign: Campaign) -> None:
    make_letter_target(campaign, "Met Since")
    first = approved(planned(make_mailing(campaign)))
    with clock.pretend(clock.now() - timedelta(days=20)):
        deliver(first, MessageState.SENT, ["Ana Ruiz", "Bo Lund", "Met Since"])
    deliver(first, MessageState.SENT, ["Cy Roth"])
    with unit_of_work("reply", actor="test"):
        of = {name: letter.contact_id for name, letter in letters_by_name(first).items()}
        replied = Event(of["Ana Ruiz"], clock.now(), EntryKind.REPLY, "interaction:1", "Thank you")
        noted = Event(of["Bo Lund"], clock.now(), EntryKind.NOTE, "interaction:2", "Ask again")
        called = Event(of["Bo Lund"], clock.now(), EntryKind.CALL, "interaction:4", "Called the office")
        met = Event(of["Met Since"], clock.now(), EntryKind.MEETING, "interaction:3", "Tea")
        add_events([replied, noted, called, met])
    page = as_officer.get(f"/mailings/{first.id}/unanswered").text
    assert "A call, a letter or a note of ours is none" in page
    later = words(as_officer.get(f"/mailings/{first.id}/unanswered?after=60").text)
    assert "So far 2 have not answered; the first letter left" in later
    shown = [name for name in ("Bo Lund", "Ana Ruiz", "Cy Roth", "Met Since") if name in page]
    assert shown == ["Bo Lund"]
    link = f"/mailings/new?campaign={campaign.id}&like={first.id}&unanswered={first.id}&after=14"
    assert link in page.replace("&amp;", "&")
    form = as_officer.get(link).text
    assert f"Follow-up: {first.name}" in form
    assert "They got “" in form
    assert '<option selected value="0">Choose a letter</option>' in form
    asked = {"campaign": campaign.id, "unanswered": first.id, "after": 14}
    assert "would read the same words again" in words(
        as_officer.post("/mailings/forecast", data={**asked, "template": first.template_id}).text
    )
    assert "Choose the letter they get" in words(
        as_officer.post("/mailings/forecast", data={**asked, "template": 0}).text
    )
    refused = as_officer.post("/mailings/new", data={**asked, "template": 0, "name": "Again"})
    assert (refused.status_code, "Choose a letter." in refused.text) == (422, True)
    assert '<option selected value="0">' in refused.text
    with unit_of_work("name", actor="test"):
        db.session.get_one(Mailing, first.id).name = "Follow-up: First"
    assert "Follow-up: Follow-up:" not in as_officer.get(link).text
    audience = Audience(unanswered=first.id, days=14)
    again = planned(make_mailing(campaign, audience=audience, rest_days=14))
    assert set(letters_by_name(again)) == {"Bo Lund"}
    assert Audience.from_args(again.audience) == audience
    reminder = make_wording(campaign)
    planned(make_mailing(campaign, audience=audience, wording=reminder))
    assert f'<option selected value="{reminder.template_id}">' in as_officer.get(link).text


def test_who_was_written_to_lately_or_is_about_to_be_is_left_out_and_it_says_by_whom(campaign: Campaign) -> None:
    first = approved(planned(make_mailing(campaign, audience=TargetFilter(), sender_name="Jo Martin")))
    deliver(first, MessageState.SENT, ["Ana Ruiz"])
    letters = letters_by_name(planned(make_mailing(campaign, rest_days=10)))
    skipped = {name: letter.skip_detail for name, letter in letters.items() if letter.skip_reason}
    today = clock.today().isoformat()
    assert skipped == {
        "Ana Ruiz": f"{first.name} · Jo Martin · {today}",
        "Bo Lund": f"{first.name} · Jo Martin",
        "Cy Roth": f"{first.name} · Jo Martin",
        "No Address": "",
    }
    assert letters["Bo Lund"].skip_reason is SkipReason.RECENTLY_WRITTEN


def test_each_reader_gets_a_language_they_read_and_the_letter_says_why(campaign: Campaign) -> None:
    belgian = make_letter_target(campaign, "Di Peeters", country="BE")
    reader = make_letter_target(campaign, "Ed Weber", country="AT")
    with unit_of_work("languages", actor="test"):
        db.session.add(ContactLanguage(contact_id=reader.contact_id, language="fr-FR"))
    wording = make_wording(campaign)
    with unit_of_work("write", actor="test"):
        write_wording(wording.template_id, "fr", "Question", "Bonjour {{name}}", author_id=None)
    letters = letters_by_name(planned(make_mailing(campaign, wording=wording)))
    told = {name: (letter.language, letter.language_reason) for name, letter in letters.items()}
    assert told["Di Peeters"] == ("fr", LanguageReason.COUNTRY)
    assert told["Ed Weber"] == ("fr", LanguageReason.PERSON)
    assert told["Ana Ruiz"] == ("en", LanguageReason.FALLBACK)
    below = {
        name: db.session.get_one(OutgoingMessage, letters[name].message_id).footer for name in ("Ed Weber", "Ana Ruiz")
    }
    assert below == {"Ed Weber": footer_in("fr"), "Ana Ruiz": footer_in("en")}
    assert belgian.id != reader.id
    thanks = make_wording(campaign)
    with unit_of_work("write", actor="test"):
        db.session.execute(sa.update(Wording).where(Wording.id == thanks.id).values(approach=Approach.THANK))
    unfit = letters_by_name(planned(make_mailing(campaign, wording=thanks))).values()
    assert {letter.skip_reason for letter in unfit} == {SkipReason.NO_APPROACH, SkipReason.NO_ADDRESS}
    unread = make_mailing(campaign, wording=thanks)
    with unit_of_work("write", actor="test"):
        db.session.execute(sa.update(Mailing).where(Mailing.id == unread.id).values(language=""))
    assert letters_by_name(planned(unread))["Ana Ruiz"].skip_reason is SkipReason.NO_WORDING


def test_contacts_of_the_directory_become_targets_when_it_is_planned(campaign: Campaign) -> None:
    comer = make_person("New Comer", country="SE")
    make_letter_target(campaign, "Old Target", country="SE")
    make_person("Somebody Else", country="FI")
    # What they hold can be asked of them, a stage cannot: not all are targets.
    make_statement(comer.id, Stance.CHAMPION)
    asked = {"of": "directory", "stance": "champion", "treaty": str(campaign.treaty_id)}
    of_champions = Audience.from_args({**asked, "stage": "closed"})
    assert (of_champions.to_args(), of_champions.size(campaign.id)) == (asked, 1)
    found = recipients(campaign.id, of_champions, as_planned=False)
    assert [reader.name for reader in found] == ["New Comer"]
    audience = Audience(TargetFilter(contact=ContactFilter(country=("SE",))), everyone=True)
    mailing = planned(make_mailing(campaign, audience=audience))
    assert set(letters_by_name(mailing)) == {"New Comer", "Old Target"}
    assert mailing.audience_size == 2
    assert db.session.scalar(sa.select(sa.func.count(Target.id)).where(Target.campaign_id == campaign.id)) == 6


def test_letters_wait_for_the_time_of_their_readers(campaign: Campaign) -> None:
    make_letter_target(campaign, "Di Silva", country="PT")
    day = clock.today() + timedelta(days=30)
    schedule = Schedule(day, None, "Europe/Brussels", readers_zone=True)
    mailing = planned(make_mailing(campaign, schedule=schedule))
    now = clock.now()
    mailing = approved(mailing)
    for name, country in (("Di Silva", "PT"), ("Ana Ruiz", "ES")):
        found = message_of(mailing, name)
        assert found.next_attempt_at == schedule.moment(country, now)
        assert found.late_after == schedule.moment(country, now) + timedelta(hours=12)
    assert message_of(mailing, "Di Silva").next_attempt_at != message_of(mailing, "Ana Ruiz").next_attempt_at
