"""The demo's letters in four languages: mailings sent weeks ago and just now, one that waits for a second person."""

from __future__ import annotations

from pathlib import Path

from crm.accounts.models import User
from crm.letters.actions import (
    MailingText,
    Typed,
    approve_mailing,
    approve_wording,
    create_mailing,
    create_template,
    keep_draft,
    open_letter,
    plan_mailing,
    write_wording,
)
from crm.letters.audience import Audience
from crm.letters.lint.checking import check_next
from crm.letters.models import Approach, LetterTemplate, Mailing, Wording
from crm.letters.planning import plan_next
from crm.letters.queries import findings_of_mailing, newest_wording, newest_wordings, sample_of
from crm.letters.schedule import Schedule
from crm.pipeline.filters import TargetFilter
from crm.pipeline.models import Campaign, Stage
from crm.policy import Role
from crm.salutations.terms import Formality

# One file a text, named by language and approach: the subject, an empty line, the letter.
_TEXTS = Path(__file__).parent / "wordings"
_FIRST = "en"
# What the lead has not read yet.
_UNREAD = {("es", Approach.PERSUADE), ("ar", Approach.ASK), ("ar", Approach.PERSUADE)}
# Said since the letter was translated: its translations know nothing of it.
_ADDED = (
    "If you would like to read first, we will send it to you today.",
    "If you would like to read first, we will send it to you today, in the language you prefer.",
)


def _texts(folder: str) -> dict[tuple[str, Approach], tuple[str, str]]:
    """Subject and body of each text of a letter, those in the first language before their translations."""
    found = {}
    for file in sorted((_TEXTS / folder).glob("*.md"), key=lambda file: not file.name.startswith(_FIRST)):
        language, approach = file.stem.split("-")
        subject, _, body = file.read_text(encoding="utf-8").partition("\n\n")
        found[language, Approach(approach)] = (subject, body)
    return found


def _template(campaign: Campaign, name: str, purpose: str, folder: str, users: dict[Role, User]) -> LetterTemplate:
    """A letter with the texts that the lead has approved."""
    template = create_template(campaign.id, name, purpose, source_language=_FIRST)
    for place, text in _texts(folder).items():
        if place not in _UNREAD:
            wording = _write(template.id, place, text, users)
            approve_wording(wording.id, approver_id=users[Role.LEAD].id)
    return template


def _write(template_id: int, place: tuple[str, Approach], text: tuple[str, str], users: dict[Role, User]) -> Wording:
    language, approach = place
    source = newest_wording(template_id, _FIRST, approach)
    author = users[Role.OFFICER if language == _FIRST else Role.TRANSLATOR]
    source_id = source.id if source else None
    return write_wording(template_id, language, *text, author_id=author.id, approach=approach, source_id=source_id)


def write_templates(campaign: Campaign, users: dict[Role, User]) -> dict[str, LetterTemplate]:
    """Add the templates, by their names, with the texts the lead has approved."""
    asks = "Asks for a question to the government"
    return {
        "First letter": _template(campaign, "First letter", asks, "first", users),
        "Thanks": _template(campaign, "Thanks", "Keeps supporters warm before the next meeting", "thanks", users),
    }


def write_on(template: LetterTemplate, users: dict[Role, User]) -> None:
    """What was written since the mailings were planned: texts nobody has read yet, a newer source, and a draft."""
    texts = _texts("first")
    for place in sorted(_UNREAD):
        _write(template.id, place, texts[place], users)
    ask = newest_wordings(template.id)[_FIRST, Approach.ASK]
    newer = (ask.subject, ask.body.replace(*_ADDED))
    approve_wording(_write(template.id, (_FIRST, Approach.ASK), newer, users).id, approver_id=users[Role.LEAD].id)
    spanish = Typed("Una pregunta en nombre de los trabajadores migratorios", "{{salutation}}\n\n", Formality.STANDARD)
    keep_draft(template.id, "es", Approach.GENERAL, spanish, author_id=users[Role.TRANSLATOR].id)


def _mailing(campaign: Campaign, template: LetterTemplate, name: str, officer: User, *stages: Stage) -> Mailing:
    text = MailingText(
        name=name,
        template_id=template.id,
        language="en",
        audience=Audience(TargetFilter(stages=stages)),
        sender_name=officer.name,
        reply_to=officer.email,
        schedule=Schedule(zone=officer.timezone),
    )
    mailing = create_mailing(campaign.id, text, planned_by_id=officer.id)
    plan_mailing(mailing.id, planned_by_id=officer.id)
    while plan_next(mailing.id):
        pass
    while check_next(mailing.id):
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


def plan_past_mailing(campaign: Campaign, templates: dict[str, LetterTemplate], officer: User) -> Mailing:
    """The mailing of three weeks ago, to those who had been called before."""
    stages = (Stage.CONTACTED, Stage.CLOSED)
    return _mailing(campaign, templates["First letter"], "After the first calls", officer, *stages)


def approve(mailings: dict[str, Mailing], lead: User) -> None:
    """Release the thanks; the first letter goes on waiting."""
    approve_one(mailings["Thanks"], lead)


def approve_one(mailing: Mailing, lead: User) -> None:
    """Release a mailing, in the name of the lead, who has read a sample of it and what the check warned of."""
    for letter in sample_of(mailing, lead.id):
        open_letter(letter.letter_id, lead.id)
    warnings = sum(each.letters for each in findings_of_mailing(mailing.id))
    approve_mailing(mailing.id, approver_id=lead.id, warnings_read=warnings)
