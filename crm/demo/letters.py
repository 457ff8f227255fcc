"""The demo's letters: a mailing that the worker sends as soon as it starts, and one that waits for a second person."""

from __future__ import annotations

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
from crm.letters.models import LetterTemplate, Mailing
from crm.letters.planning import plan_next
from crm.pipeline.filters import TargetFilter
from crm.pipeline.models import Campaign, Stage

FIRST_LETTER = {
    "en": (
        "A question on behalf of migrant workers, {{name}}",
        """\
{{salutation}}

The *{{treaty}}* has been open to the states of Europe since 1990. **No member state of the European Union has \
ratified it yet.**

We ask you for one thing: put a question to the government of {{country}} and name the day by which it will take a \
position. Our two-page briefing answers what ministries usually object:

- it creates no right to enter a country,
- it repeats what the Union's own law grants already,
- it protects nationals of {{country}} who work abroad.

We would gladly call at your office.

{{closing}}
{{sender_name}}
""",
    ),
    "fr": (
        "Une question au nom des travailleurs migrants, {{name}}",
        """\
{{salutation}}

La *{{treaty}}* est ouverte aux États d’Europe depuis 1990. **Aucun État membre de l’Union européenne ne l’a encore \
ratifiée.**

Nous vous demandons une chose : posez une question au gouvernement ({{country}}) et demandez la date à laquelle il \
prendra position.

{{closing}}
{{sender_name}}
""",
    ),
}
THANKS = {
    "en": (
        "Thank you, {{name}}",
        """\
{{salutation}}

Thank you for standing up for the *{{treaty}}*. Your support is what our next meeting with the ministry rests on.

{{closing}}
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


def write_templates(campaign: Campaign, author: User) -> dict[str, LetterTemplate]:
    """Add the templates, by their names."""
    return {
        "First letter": _template(
            campaign, "First letter", "Asks for a question to the government", FIRST_LETTER, author
        ),
        "Thanks": _template(campaign, "Thanks", "Keeps supporters warm before the next meeting", THANKS, author),
    }


def _mailing(campaign: Campaign, template: LetterTemplate, name: str, officer: User, *stages: Stage) -> Mailing:
    text = MailingText(
        name=name,
        template_id=template.id,
        language="en",
        audience=Audience(TargetFilter(stages=stages)),
        sender_name=officer.name,
        reply_to=officer.email,
    )
    mailing = create_mailing(campaign.id, text, planned_by_id=officer.id)
    plan_mailing(mailing.id, planned_by_id=officer.id)
    while plan_next(mailing.id):
        pass
    return mailing


def plan_mailings(campaign: Campaign, templates: dict[str, LetterTemplate], officer: User) -> dict[str, Mailing]:
    """Plan a mailing of each template, as the officer and the desk worker do."""
    first, thanks = templates["First letter"], templates["Thanks"]
    return {
        "First letter": _mailing(
            campaign, first, "First letter to members we have not reached", officer, Stage.IDENTIFIED
        ),
        "Thanks": _mailing(campaign, thanks, "Thanks to supporters", officer, Stage.CONVINCED, Stage.COMMITTED),
    }


def approve(mailings: dict[str, Mailing], lead: User) -> None:
    """Release the thanks; the first letter goes on waiting."""
    approve_mailing(mailings["Thanks"].id, approver_id=lead.id)
