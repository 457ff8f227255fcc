from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.accounts.models import User
from crm.audit.models import ChangeSet
from crm.extensions import db
from crm.letters.actions import (
    ApprovalRefused,
    MailingRefused,
    WordingChanged,
    approve_wording,
    write_wording,
)
from crm.letters.models import APPROACH_TO, Approach, MailingState, Wording, WordingDraft, pick_wording
from crm.letters.queries import (
    is_outdated,
    newest_wording,
    newest_wordings,
    translations_by_language,
    translations_waiting,
    unapproved_texts,
    wanting_approval,
)
from crm.pipeline.models import Campaign
from crm.policy import Role
from crm.salutations.terms import Formality
from crm.stances.models import Stance
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.letters import approved, make_letter_target, make_mailing, make_wording, planned
from tests.factories.pipeline import make_campaign
from tests.factories.stances import make_statement
from tests.letters.test_starting import end_mandate


def test_a_reader_gets_the_wording_for_their_stance_or_the_one_for_everyone() -> None:
    assert APPROACH_TO.keys() == {*Stance}
    written = [("en", Approach.GENERAL), ("en", Approach.THANK), ("fr", Approach.PERSUADE), ("ar", Approach.GENERAL)]
    wordings = {key: Wording(language=key[0], approach=key[1]) for key in written}

    def picked(languages: list[str], stance: Stance) -> tuple[str, Approach] | None:
        found = pick_wording(wordings, languages, stance)
        return (found.language, found.approach) if found else None

    assert picked(["en"], Stance.CHAMPION) == ("en", Approach.THANK)
    assert picked(["en"], Stance.UNKNOWN) == ("en", Approach.GENERAL)
    assert picked(["fr"], Stance.OPPOSED) == ("fr", Approach.PERSUADE)
    # A language that has words for this reader comes before a better approach in another.
    assert picked(["fr", "ar", "en"], Stance.SUPPORTIVE) == ("ar", Approach.GENERAL)
    assert picked(["fr", "es"], Stance.UNDECIDED) is None


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    return make_campaign(owner=make_user(Role.LEAD))


def shown_words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def write(wording: Wording, body: str, author: User | None, language: str = "en", **more: Any) -> Wording:
    author_id = author.id if author else None
    with unit_of_work("write", actor="test"):
        return write_wording(wording.template_id, language, "s", body, author_id=author_id, **more)


def test_nobody_changes_words_that_somebody_relies_on(campaign: Campaign) -> None:
    officer, lead, other = make_user(Role.OFFICER), make_user(Role.LEAD), make_user(Role.OFFICER)
    first = make_wording(campaign)
    assert write(first, "mine", officer).version == 2  # another author
    assert write(first, "mine, better", officer).version == 2
    french = write(first, "à moi", other, "fr", source_id=write(first, "mine, better", officer).id)
    assert is_outdated(french, newest_wording(first.template_id, "en")) is False
    assert write(first, "mine, best", officer).version == 3  # translated
    assert is_outdated(french, newest_wording(first.template_id, "en")) is True
    newest = newest_wording(first.template_id, "en")
    assert newest is not None
    with pytest.raises(ApprovalRefused, match="own_wording"), unit_of_work("approve", actor="test"):
        approve_wording(newest.id, approver_id=officer.id)
    with pytest.raises(WordingChanged), unit_of_work("approve", actor="test"):
        approve_wording(newest.id, approver_id=lead.id, seen="1-another")
    with pytest.raises(ApprovalRefused, match="older_version"), unit_of_work("approve", actor="test"):
        approve_wording(first.id, approver_id=lead.id)
    with unit_of_work("approve", actor="test"):
        assert approve_wording(newest.id, approver_id=lead.id).approved_by_id == lead.id
    after = write(first, "mine, {{nope}}", officer)
    assert (after.version, after.approved_at) == (4, None)
    with pytest.raises(ApprovalRefused, match="faulty"), unit_of_work("approve", actor="test"):
        approve_wording(after.id, approver_id=lead.id)
    # The same words with a newer source are said to hold still.
    same = write(french, "à moi", other, "fr", source_id=after.id)
    assert (same.id, is_outdated(same, after)) == (french.id, False)
    assert set(newest_wordings(first.template_id)) == {("en", Approach.GENERAL), ("fr", Approach.GENERAL)}


def test_a_mailing_waits_for_its_wordings_where_two_may_approve(client: FlaskClient, campaign: Campaign) -> None:
    make_letter_target(campaign, "Ana Ruiz")
    wording = make_wording(campaign)
    assert wanting_approval(campaign.id, [wording]) == []
    mailing = make_mailing(campaign, wording=wording)
    lead = make_user(Role.LEAD)
    newer = write(wording, "another text", None)
    # Nobody of this campaign reads it: it keeps nothing from leaving.
    write(wording, "un autre texte", None, "fr")
    mailing = planned(mailing)
    (waiting,) = unapproved_texts(mailing.id)
    assert (waiting.wording.body, waiting.letters) == ("another text", 1)
    assert not waiting.superseded
    with pytest.raises(MailingRefused, match="unapproved_wording") as refused:
        approved(mailing, lead)
    assert [refused_for.body for refused_for in refused.value.wordings] == ["another text"]
    # Whoever approves it from the mailing comes back to that.
    mailing_id, seen = mailing.id, newer.revision
    sign_in(client, lead)
    text = f"/letters/templates/{newer.template_id}/en/general?mailing={mailing_id}"
    assert f'href="{text}"' in client.get(f"/mailings/{mailing_id}").text
    assert "Back to the mailing" in client.get(text).text
    assert "Back to the mailing" not in client.get(text.replace(f"={mailing_id}", "=999")).text
    answer = client.post(f"/letters/wordings/{newer.id}/approve", data={"seen": seen, "mailing": mailing_id})
    assert answer.location == f"/mailings/{mailing_id}#approval"
    assert approved(mailing, lead).state is MailingState.APPROVED
    # What is written anew since cannot be approved any more, and the page says what to do.
    write(newer, "a third text", None)
    stuck = planned(make_mailing(campaign, wording=wording))
    write(newer, "a fourth text", None)
    assert [each.superseded for each in unapproved_texts(stuck.id)] == [True]
    assert "Somebody wrote it anew since" in client.get(f"/mailings/{stuck.id}").text


def test_the_only_one_who_may_approve_approves_alone_and_the_audit_says_so(campaign: Campaign) -> None:
    wording = write(make_wording(campaign), "mine", db.session.get_one(User, campaign.owner_id))
    with unit_of_work("approve wording", actor="test"):
        approve_wording(wording.id, approver_id=campaign.owner_id)
    notes = db.session.scalars(sa.select(ChangeSet.notes).where(ChangeSet.action == "approve wording")).one()
    assert "approved alone" in notes


def test_drafts_are_kept_for_each_author_and_end_when_saved(client: FlaskClient, campaign: Campaign) -> None:
    wording = make_wording(campaign, body="saved")
    officer, other = make_user(Role.OFFICER, name="Olga Officer"), make_user(Role.OFFICER, name="Otto Other")
    address = f"/letters/templates/{wording.template_id}/en/general"
    typed = {"subject": wording.subject, "body": "half a thou", "formality": "standard", "seen": wording.revision}
    assert "Draft kept at" in sign_in(client, officer).post(f"{address}/draft", data=typed).text
    assert "half a thou</textarea>" in client.get(address).text
    theirs = sign_in(client, other).get(address).text
    assert "Olga Officer is writing on this text too" in theirs
    assert "saved</textarea>" in theirs
    assert "Olga Officer is writing" in client.post(f"{address}/draft", data={**typed, "body": "saved"}).text
    assert client.post(address, data={**typed, "body": "theirs"}).status_code == 302
    sign_in(client, officer)
    assert "Somebody saved this text since" in client.get(address).text
    assert client.post(address, data=typed).status_code == 409
    assert db.session.scalar(sa.select(sa.func.count(WordingDraft.id))) == 1
    assert client.post(f"{address}/discard").status_code == 302
    assert "theirs</textarea>" in client.get(address).text


def test_a_translator_is_told_what_waits_and_what_changed(client: FlaskClient, campaign: Campaign) -> None:
    officer, translator = make_user(Role.OFFICER), make_user(Role.TRANSLATOR)
    first = make_wording(campaign, body="We ask you today.")
    address = f"/letters/templates/{first.template_id}"
    sign_in(client, translator)
    data = {"subject": "s", "body": "Nous demandons", "formality": "standard", "source_id": first.id, "up_to_date": "y"}
    client.post(f"{address}/fr/general", data=data)
    assert translations_by_language() == {}
    newer = write(first, "We ask you tomorrow.", officer)
    asking = write(first, "Where do you stand?", officer, approach=Approach.ASK)
    assert translations_by_language() == {"fr": 2}
    listed = [(row.approach, row.written_at is None) for row in translations_waiting("fr")]
    assert listed == [(Approach.GENERAL, False), (Approach.ASK, True)]
    assert "Source changed" in client.get("/letters/translations").text
    page = client.get(f"{address}/fr/general").text
    assert "<del>today.</del><ins>tomorrow.</ins>" in page
    assert client.get(address).text.count("Source changed") == 1
    # A slip mended says nothing of the source; a tick does.
    seen = newest_wording(first.template_id, "fr")
    assert seen is not None
    mended = {**data, "body": "Nous demandons.", "seen": seen.revision, "source_id": newer.id}
    del mended["up_to_date"]
    client.post(f"{address}/fr/general", data=mended)
    assert translations_by_language() == {"fr": 2}
    client.post(f"{address}/fr/general", data={**mended, "up_to_date": "y"})
    assert [row.approach for row in translations_waiting("fr")] == [asking.approach]


def test_each_version_shows_what_it_changed(client: FlaskClient, campaign: Campaign) -> None:
    wording = make_wording(campaign, body="one <b> three")
    write(wording, "one <i> three four", make_user(Role.OFFICER, name="Olga Officer"))
    address = f"/letters/templates/{wording.template_id}/en/general/versions"
    page = sign_in(client, make_user(Role.VIEWER)).get(address).text
    assert "one <del>&lt;b&gt;</del><ins>&lt;i&gt;</ins> three<ins> four</ins>" in page
    assert "Olga Officer" in page
    assert "one &lt;b&gt; three</pre>" in client.get(f"{address}?version=1").text
    for nobody_wrote in ("fr/general", "en/thank", "xx/general", "en/shout"):
        assert client.get(f"/letters/templates/{wording.template_id}/{nobody_wrote}/versions").status_code == 404


def test_the_preview_says_which_text_its_reader_gets_and_why(client: FlaskClient, campaign: Campaign) -> None:
    friend, foe = make_letter_target(campaign, "Ana Ruiz"), make_letter_target(campaign, "Bo Lund")
    make_statement(friend.contact_id, Stance.CHAMPION, date(2026, 5, 3))
    make_statement(foe.contact_id, Stance.OPPOSED, date(2026, 5, 3))
    wording = make_wording(campaign, approach=Approach.THANK)
    address = f"/letters/templates/{wording.template_id}/en/"
    sign_in(client, make_user(Role.OFFICER))
    page = client.get(f"{address}thank").text
    assert "Ana Ruiz" in page
    assert "gets this text." in page
    assert "gets no letter in English" in client.get(f"{address}thank?reader={foe.id}").text
    persuade = client.get(f"{address}persuade").text
    assert "Bo Lund" in persuade
    assert "gets this text once it is saved" in persuade
    another = client.get(f"{address}persuade?reader={friend.id}").text
    assert f'{address}thank?reader={friend.id}">Thank</a>' in another
    # Without scripts, a button looks at the next reader and saves nothing.
    looked = client.post(f"{address}thank", data={"subject": "x", "body": "typed", "look": foe.id})
    assert looked.status_code == 200
    assert "typed</textarea>" in looked.text
    assert db.session.scalars(sa.select(Wording.subject)).one() == wording.subject
    # What stands in the way is said once: of a field without a value, or of somebody who gets no letter at all.
    typed = {"subject": "x", "body": "{{party}} {{role}}", "formality": "standard", "reader": friend.id}
    lacking = client.post(f"{address}thank/preview", data=typed).text
    assert ("Ana Ruiz has no value for “party”: this text cannot go to them." in lacking) is True
    assert ("gets no letter: A placeholder has no value." in lacking, "gets this text" in lacking) == (True, False)
    end_mandate("Ana Ruiz")
    ended = client.post(f"{address}thank/preview", data=typed).text
    assert "gets no letter: The mandate has ended." in ended
    assert ("has no value for" in ended, "gets this text" in ended) == (False, False)


def test_the_preview_is_the_letter_with_its_fields_marked(client: FlaskClient, campaign: Campaign) -> None:
    sign_in(client, make_user(Role.OFFICER))
    make_letter_target(campaign, "Ana Ruiz")
    make_letter_target(campaign, "Bo Lund")
    address = f"/letters/templates/{make_wording(campaign).template_id}/ar/general/preview"
    data = {"subject": "{{party}}", "body": "**{{name}}** {{nope}} <i>"}
    answer = client.post(address, data=data, headers={"X-Partial": "1"}).text
    assert '<strong><mark class="filled" title="{{name}}">Ana Ruiz</mark></strong>' in answer
    assert '<mark class="missing" title="{{nope}}">{{nope}}</mark> &lt;i&gt;' in answer
    assert 'dir="rtl"' in answer
    assert "Ana Ruiz has no value for “party”" in unescape(answer)
    assert "There is no placeholder “nope”" in unescape(answer)
    target_id = db.session.scalars(
        sa.text("SELECT target.id FROM target JOIN contact ON contact.id = contact_id WHERE contact.name = 'Bo Lund'")
    ).one()
    for asked in ({"reader": target_id}, {"reader_name": "bo lu"}, {"look": target_id, "reader_name": "Ana"}):
        assert "Bo Lund" in client.post(address, data={**data, **asked}).text
    other = make_letter_target(make_campaign(), "Stranger Elsewhere")
    assert "Stranger" not in client.post(address, data={**data, "reader": other.id}).text


@pytest.mark.sqlite_only
def test_a_wording_says_how_it_addresses_its_reader(client: FlaskClient, campaign: Campaign) -> None:
    sign_in(client, make_user(Role.OFFICER))
    make_letter_target(campaign, "Ana Ruiz")
    make_letter_target(campaign, "Bo Lund")
    data = {"subject": "s", "body": "{{salutation}}\n\n{{title}}, {{closing}}", "formality": "formal"}
    address = f"/letters/templates/{make_wording(campaign).template_id}/pl/general"
    shown = client.post(f"{address}/preview", data=data, headers={"X-Partial": "1"}).text
    assert "Wielce Szanowna Pani Poseł / Wielce Szanowny Panie Pośle," in shown_words(shown)
    client.post(address, data=data)
    page = shown_words(client.get(address).text)
    assert "minister Wielce Szanowna Pani Minister, woman Wielce Szanowny Panie Ministrze, man" in page
    formality = sa.select(Wording.formality).where(Wording.language == "pl")
    assert db.session.scalars(formality).one() is Formality.FORMAL
    empty = f"/letters/templates/{make_wording(make_campaign()).template_id}/pl/general"
    assert "Szanowna Pani Poseł," in shown_words(
        client.post(f"{empty}/preview", data={**data, "formality": "odd"}).text
    )
