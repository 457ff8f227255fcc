"""What the demo's invented people and groups said of the treaty: each with a day, a source and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from crm import clock
from crm.demo.directory import Contact
from crm.directory.models import Category, Organization
from crm.extensions import db
from crm.pipeline.models import Campaign, Stage
from crm.stances.actions import record_statement, withdraw_statement
from crm.stances.models import Confidence, Stance, Statement

MINUTES = "https://minutes.rehearsal.example/{day}/item-{number}"
ARTICLE = "https://news.rehearsal.example/{day}/{number}"


@dataclass(frozen=True)
class _Words:
    """One thing somebody may say."""

    stance: Stance
    confidence: Confidence
    source: str
    quote: str


_GREETING = _Words(
    Stance.UNDECIDED,
    Confidence.LIKELY,
    ARTICLE,
    "We are looking into what the convention would change for our labour inspectorate.",
)
# What those said who have only just been spoken to, by turns.
_OPENINGS = (
    _GREETING,
    _Words(Stance.SUPPORTIVE, Confidence.UNSURE, ARTICLE, ""),
    _Words(
        Stance.LEANING_AGAINST,
        Confidence.LIKELY,
        ARTICLE,
        "I fear that it ties the hands of whoever has to decide on entry.",
    ),
)
# What people said first, and last, by where they stand in the campaign now.
_COURSES: dict[Stage, tuple[_Words, ...]] = {
    Stage.IN_DIALOGUE: (
        _Words(Stance.LEANING_AGAINST, Confidence.UNSURE, ARTICLE, ""),
        _Words(
            Stance.UNDECIDED,
            Confidence.CERTAIN,
            MINUTES,
            "I would want to see an estimate of the costs before I take a side.",
        ),
    ),
    Stage.CONVINCED: (
        _GREETING,
        _Words(
            Stance.SUPPORTIVE,
            Confidence.CERTAIN,
            MINUTES,
            "Whoever works here has rights here. I see no good reason why our state has not ratified.",
        ),
    ),
    Stage.COMMITTED: (
        _Words(Stance.SUPPORTIVE, Confidence.LIKELY, ARTICLE, ""),
        _Words(
            Stance.CHAMPION,
            Confidence.CERTAIN,
            MINUTES,
            "I will ask the government for a date, and I will ask again every month until there is one.",
        ),
    ),
    Stage.DELIVERED: (
        _Words(
            Stance.CHAMPION,
            Confidence.CERTAIN,
            MINUTES,
            "The question is tabled, with signatures from four groups.",
        ),
    ),
    Stage.CLOSED: (
        _Words(
            Stance.OPPOSED,
            Confidence.CERTAIN,
            ARTICLE,
            "National law protects everybody already. We need no further convention.",
        ),
    ),
}
# Days ago of the first words and of the last ones.
_FIRST, _LAST = 300, 45
_LINES = {"Common Ground": Stance.SUPPORTIVE, "Green Meadow Alliance": Stance.CHAMPION}


def _record(contact_id: int, campaign: Campaign, words: _Words, days_ago: int, *, private: bool = False) -> Statement:
    day = clock.today() - timedelta(days=days_ago)
    return record_statement(
        contact_id,
        campaign.treaty_id,
        words.stance,
        day,
        confidence=words.confidence,
        source_url=words.source.format(day=day.isoformat(), number=contact_id),
        quote=words.quote,
        team_id=campaign.team_id if private else None,
    )


def record(campaign: Campaign, contacts: list[Contact]) -> None:
    """Write down what those said who have been spoken to, the lines of two groups, and what goes wrong in real life."""
    spoken = [(contact.person.id, Stage(contact.row["stage"])) for contact in contacts if contact.row["stage"]]
    courses = [(contact_id, _COURSES[stage]) for contact_id, stage in spoken if stage in _COURSES]
    contacted = [contact_id for contact_id, stage in spoken if stage is Stage.CONTACTED]
    courses += [(contact_id, (_OPENINGS[turn % len(_OPENINGS)],)) for turn, contact_id in enumerate(contacted)]
    for number, (contact_id, said) in enumerate(courses):
        for turn, words in enumerate(said):
            days_ago = _LAST + number * 7 % 30 if turn == len(said) - 1 else _FIRST - number * 11 % 90
            _record(contact_id, campaign, words, days_ago)
    _lines(campaign)
    silent = next(contact_id for contact_id, stage in spoken if stage is Stage.IDENTIFIED)
    (turned, _), (misquoted, _), (guarded, _) = courses[:3]
    # Nobody has asked again for years; two things within a month; words that were never said; told in confidence.
    old = _Words(Stance.SUPPORTIVE, Confidence.LIKELY, ARTICLE, "Of course we should join it one day.")
    _record(silent, campaign, old, 900)
    _record(turned, campaign, _Words(Stance.OPPOSED, Confidence.UNSURE, ARTICLE, ""), 20)
    wrong = _record(misquoted, campaign, _Words(Stance.OPPOSED, Confidence.LIKELY, ARTICLE, ""), 150)
    withdraw_statement(wrong.id, "The paper has corrected it: another member of the group said that.")
    told = "Off the record: the group's leader will not whip the vote."
    _record(guarded, campaign, _Words(Stance.UNDECIDED, Confidence.LIKELY, ARTICLE, told), 10, private=True)


def _lines(campaign: Campaign) -> None:
    groups = sa.select(Organization.id, Organization.name).where(
        Organization.category == Category.POLITICAL_GROUP, Organization.name.in_(_LINES)
    )
    for group in db.session.execute(groups).all():
        quote = "The group asks all member states to ratify."
        _record(group.id, campaign, _Words(_LINES[group.name], Confidence.CERTAIN, MINUTES, quote), 240)
