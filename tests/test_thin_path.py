"""The thin path, whole: real rosters in, one letter to every member through real workers and a real mail server."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from config import Settings, load_settings
from crm.directory.models import OPEN_END, Category, Contact, Person
from crm.extensions import db
from crm.letters.footers import footer_in
from crm.letters.models import Letter, LetterTemplate, Mailing, MailingState, SkipReason
from crm.letters.queries import ledgers
from crm.outbox.models import MessageState, OutgoingMessage
from crm.pipeline.models import Campaign, Stage, Target
from crm.policy import Role
from crm.salutations.names import display_name
from crm.timeline.models import EntryKind, TimelineEntry
from crm.treaties.actions import load_facts
from crm.treaties.models import Treaty
from crm.unit_of_work import unit_of_work
from tests.conftest import SHARED_DATA
from tests.factories.accounts import make_user, sign_in
from tests.factories.roster_import import import_file
from tests.servers.processes import UNPACED, Workers, environment_of
from tests.servers.smtp import SmtpServer

MEP = SHARED_DATA / "mep"
ROSTERS = (MEP / "ep_full_list_term10_2025-08.xml", MEP / "ttp_meps.csv")
MEMBERS_WITH_ADDRESS, PAST_MEMBERS, WITHOUT_ADDRESS = 712, 6, 6

SUBJECT = "A question to {{name}}"
BODY = """\
Dear **{{name}}**,

will you, {{given_name}} {{family_name}}, support the *{{treaty}}*?

{{sender_name}}"""

pytestmark = pytest.mark.skipif(
    not MEP.exists(), reason=f"{MEP} is not there: real rosters are not part of the project"
)


@pytest.fixture
def settings(settings: Settings, smtp_server: SmtpServer) -> Settings:
    """Mail goes to the recording server."""
    return load_settings(
        RATIFY_ENV="test",
        RATIFY_DATA=str(settings.data),
        DATABASE_URL=settings.database_url,
        REDIS_URL=settings.redis_url,
        SECRET_KEY=settings.secret_key.get_secret_value(),
        MAIL_SERVER=smtp_server.host,
        MAIL_PORT=str(smtp_server.port),
        **UNPACED,
    )


@pytest.fixture
def members(app: Flask) -> None:
    """The real rosters, in the directory before a worker could take them up."""
    for roster in ROSTERS:
        import_file(roster)


@pytest.fixture
def workers(members: None, settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Both workers, as processes of their own."""
    logs = {queue: tmp_path / f"{queue}.log" for queue in ("mail", "desk")}
    both = [Workers(environment_of(settings), log, queue) for queue, log in logs.items()]
    for each in both:
        each.ensure()
    yield
    for each in both:
        each.stop()
    assert [pid for each in both for pid in each.left_over()] == []


def wait_until(done: Callable[[], bool], what: str) -> None:
    patience = time.monotonic() + 120
    while not done():
        assert time.monotonic() < patience, f"{what}: not within two minutes"
        time.sleep(0.1)
        db.session.rollback()


def start_campaign(lead: FlaskClient, owner_id: int) -> int:
    with unit_of_work("load facts", actor="test"):
        load_facts()
    treaty_id = db.session.scalars(sa.select(Treaty.id).where(Treaty.code == "ICRMW")).one()
    form = {"name": "Ratify", "treaty_id": treaty_id, "goal": "One more", "owner_id": owner_id}
    assert lead.post("/campaigns/new", data=form).status_code == 302
    return db.session.scalars(sa.select(Campaign.id)).one()


def plan_a_mailing(officer: FlaskClient, campaign_id: int) -> int:
    letter = {"name": "First letter", "source_language": "en", "approach": "general", "campaign_id": campaign_id}
    editor = officer.post("/letters/templates/new", data=letter).location
    assert officer.post(editor, data={"subject": SUBJECT, "body": BODY, "formality": "standard"}).status_code == 302
    template_id = db.session.scalars(sa.select(LetterTemplate.id)).one()
    mailing = {
        "campaign": campaign_id,
        "name": "To all members",
        "template": template_id,
        "fallback": "en",
        "zone": "UTC",
        "sender_name": "Zoë Čapek, officer",
        "reply_to": "zoe@campaign.example",
        "plan": "yes",
    }
    assert officer.post("/mailings/new", data=mailing).status_code == 302
    return db.session.scalars(sa.select(Mailing.id)).one()


def test_every_member_gets_exactly_one_letter(
    app: Flask, smtp_server: SmtpServer, workers: None, settings: Settings
) -> None:
    lead_user = make_user(Role.LEAD)
    lead, officer = sign_in(app.test_client(), lead_user), sign_in(app.test_client(), make_user(Role.OFFICER))
    campaign_id = start_campaign(lead, lead_user.id)
    assert officer.post(f"/campaigns/{campaign_id}/targets/add", data={"category": "mep"}).status_code == 302
    # So many are added by the desk worker.
    everybody = MEMBERS_WITH_ADDRESS + PAST_MEMBERS + WITHOUT_ADDRESS
    wait_until(lambda: db.session.scalar(sa.select(sa.func.count(Target.id))) == everybody, "adding the targets")

    mailing_id = plan_a_mailing(officer, campaign_id)
    wait_until(
        lambda: db.session.get_one(Mailing, mailing_id).checked_at is not None, "planning and checking the letters"
    )
    assert db.session.get_one(Mailing, mailing_id).state is MailingState.AWAITING_APPROVAL
    assert smtp_server.received == []
    assert officer.post(f"/mailings/{mailing_id}/approve").status_code == 403
    read_the_sample(lead, mailing_id)
    assert lead.post(f"/mailings/{mailing_id}/approve").status_code == 302
    assert db.session.get_one(Mailing, mailing_id, populate_existing=True).state is MailingState.APPROVED
    wait_until(lambda: ledgers([mailing_id])[mailing_id].waiting == 0, "sending the letters")
    wait_until(lambda: letters_told_of() >= MEMBERS_WITH_ADDRESS, "telling of the last letters")

    check_ledger(mailing_id)
    check_letters_received(smtp_server)
    check_server_log(smtp_server)
    check_what_the_contacts_pages_show(officer, mailing_id)


def read_the_sample(lead: FlaskClient, mailing_id: int) -> None:
    """Open one letter after the other, until the button leads back to the mailing."""
    for _letter in range(5):
        following = lead.get(f"/mailings/{mailing_id}/sample").location
        if following.startswith("/mailings"):
            return
        assert lead.get(following).status_code == 200
    pytest.fail("the sample has no end")


def letters_told_of() -> int:
    told = sa.select(sa.func.count(TimelineEntry.id)).where(TimelineEntry.kind == EntryKind.LETTER_SENT)
    return db.session.scalar(told) or 0


def check_ledger(mailing_id: int) -> None:
    ledger = ledgers([mailing_id])[mailing_id]
    assert ledger.adds_up
    assert ledger.planned == MEMBERS_WITH_ADDRESS + PAST_MEMBERS + WITHOUT_ADDRESS
    assert ledger.skipped_by_reason == {
        SkipReason.MANDATE_ENDED: PAST_MEMBERS,
        SkipReason.NO_ADDRESS: WITHOUT_ADDRESS,
    }
    assert (ledger.sent, ledger.settled) == (MEMBERS_WITH_ADDRESS, MEMBERS_WITH_ADDRESS)
    past = sa.select(Person.id).where(Person.category == Category.MEP, Person.mandate_end != OPEN_END)
    skipped = sa.select(Letter.contact_id).where(Letter.skip_reason == SkipReason.MANDATE_ENDED)
    assert set(db.session.scalars(skipped)) == set(db.session.scalars(past))


def check_letters_received(server: SmtpServer) -> None:
    """One letter each; every name in it is the directory's, out of capitals and else letter for letter."""
    members = {
        row.email: row
        for row in db.session.execute(
            sa.select(Person.email, Person.name, Person.given_name, Person.family_name, Person.country).where(
                Person.email.is_not(None), Person.mandate_end == OPEN_END
            )
        )
    }
    assert Counter(letter.recipient for letter in server.received) == dict.fromkeys(members, 1)
    assert len(members) == MEMBERS_WITH_ADDRESS
    treaty = db.session.scalars(sa.select(Treaty.name).where(Treaty.code == "ICRMW")).one()
    for letter in server.received:
        message, person = letter.message, members[letter.recipient]
        name, given_name, family_name = (
            display_name(each, person.country) for each in (person.name, person.given_name, person.family_name)
        )
        (to,) = message["To"].addresses
        (sender,) = message["From"].addresses
        assert (to.display_name, to.addr_spec) == (name, letter.recipient)
        assert sender.display_name == "Zoë Čapek, officer"
        assert message["Subject"] == f"A question to {name}"
        assert message["Reply-To"] == "zoe@campaign.example"
        link = message["List-Unsubscribe"].strip("<>")
        assert part(message, "plain") == (
            f"Dear {name},\n\nwill you, {given_name} {family_name}, support the {treaty}?\n\nZoë Čapek, officer\n"
            f"\n-- \n{footer_in('en')}\n{link}\n"
        )
        assert f'href="{link}"' in part(message, "html")
        assert f"<strong>{name}</strong>" in part(message, "html").replace("&#x27;", "'")


def part(message: EmailMessage, subtype: str) -> str:
    body = message.get_body((subtype,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def check_server_log(server: SmtpServer) -> None:
    """What the ledger calls sent is what the server says it took, by Message-ID."""
    sent = sa.select(OutgoingMessage.message_id_header).where(OutgoingMessage.state == MessageState.SENT)
    assert sorted(db.session.scalars(sent)) == sorted(str(letter.message["Message-ID"]) for letter in server.received)


def check_what_the_contacts_pages_show(officer: FlaskClient, mailing_id: int) -> None:
    letters = db.session.execute(
        sa.select(Letter.id, Letter.contact_id, Contact.name, Contact.country)
        .join(Contact, Contact.id == Letter.contact_id)
        .where(Letter.mailing_id == mailing_id, Letter.skip_reason.is_(None))
    ).all()
    told = sa.select(TimelineEntry.contact_id, TimelineEntry.reference).where(
        TimelineEntry.kind == EntryKind.LETTER_SENT
    )
    assert Counter(map(tuple, db.session.execute(told))) == Counter(
        (row.contact_id, f"letter:{row.id}") for row in letters
    )
    contacted = sa.select(Target.contact_id).where(Target.stage == Stage.CONTACTED)
    assert set(db.session.scalars(contacted)) == {row.contact_id for row in letters}
    for row in (letters[0], letters[len(letters) // 2], letters[-1]):
        page = officer.get(f"/contacts/{row.contact_id}").text
        assert f"/letters/{row.id}" in page
        assert display_name(row.name, row.country) in officer.get(f"/letters/{row.id}").text
