"""The demo's letters: a mailing that the worker sends as soon as it starts, and one that waits for a second person."""

from __future__ import annotations

from datetime import datetime, timedelta

from crm import clock
from crm.accounts.models import User
from crm.letters.actions import (
    MailingText,
    approve_mailing,
    create_mailing,
    create_template,
    plan_mailing,
    write_wording,
)
from crm.letters.audience import Audience
from crm.letters.jobs import plan
from crm.letters.models import LetterTemplate, Mailing
from crm.pipeline.models import Campaign, Stage
from crm.policy import Role
from crm.unit_of_work import unit_of_work

FIRST_LETTER = {
    "en": (
        "A question on behalf of migrant workers, {{name}}",
        """\
Dear {{name}},

the *{{treaty}}* has been open to the states of Europe since 1990. **No member state of the European Union has
ratified it yet.**

We ask you for one thing: put a question to the government of {{country}} and name the day by which it will take a
position. Our two-page briefing answers what ministries usually object:

- it creates no right to enter a country,
- it repeats what the Union's own law grants already,
- it protects nationals of {{country}} who work abroad.

We would gladly call at your office.

With kind regards
{{sender_name}}
""",
    ),
    "fr": (
        "Une question au nom des travailleurs migrants, {{name}}",
        """\
Bonjour {{name}},

la *{{treaty}}* est ouverte aux États d'Europe depuis 1990. **Aucun État membre de l'Union européenne ne l'a encore
ratifiée.**

Nous vous demandons une chose : posez une question au gouvernement ({{country}}) et demandez la date à laquelle il
prendra position.

Avec nos salutations cordiales
{{sender_name}}
""",
    ),
}
THANKS = {
    "en": (
        "Thank you, {{name}}",
        """\
Dear {{name}},

thank you for standing up for the *{{treaty}}*. Your support is what our next meeting with the ministry rests on.

With kind regards
{{sender_name}}
""",
    ),
}


def _template(
    campaign: Campaign, name: str, purpose: str, words: dict[str, tuple[str, str]], author: User
) -> LetterTemplate:
    template = create_template(campaign.id, name, purpose)
    for language, (subject, body) in words.items():
        write_wording(template.id, language, subject, body, author_id=author.id)
    return template


def _mailing(campaign: Campaign, template: LetterTemplate, name: str, officer: User, *stages: Stage) -> Mailing:
    text = MailingText(
        name=name,
        template_id=template.id,
        language="en",
        audience=Audience(stages=stages),
        sender_name=officer.name,
        reply_to=officer.email,
    )
    mailing = create_mailing(campaign.id, text, planned_by_id=officer.id)
    plan_mailing(mailing.id, planned_by_id=officer.id)
    return mailing


def write(campaign: Campaign, users: dict[Role, User], moment: datetime) -> None:
    """Add templates and mailings. No bell is rung: the workers look around when they start."""
    lead, officer = users[Role.LEAD], users[Role.OFFICER]
    with clock.pretend(moment - timedelta(days=30)), unit_of_work("write letters", actor=f"user:{officer.id}"):
        first = _template(campaign, "First letter", "Asks for a question to the government", FIRST_LETTER, officer)
        thanks = _template(campaign, "Thanks", "Keeps supporters warm before the next meeting", THANKS, officer)
    with clock.pretend(moment - timedelta(days=1)):
        with unit_of_work("plan mailings", actor=f"user:{officer.id}") as work:
            ask = _mailing(campaign, first, "First letter to members we have not reached", officer, Stage.IDENTIFIED)
            thank = _mailing(campaign, thanks, "Thanks to supporters", officer, Stage.CONVINCED, Stage.COMMITTED)
            mailing_ids = (ask.id, thank.id)
            work.doorbells.clear()
        for mailing_id in mailing_ids:
            plan(mailing_id)
    with unit_of_work("approve mailing", actor=f"user:{lead.id}") as work:
        approve_mailing(mailing_ids[1], approver_id=lead.id)
        work.doorbells.clear()
