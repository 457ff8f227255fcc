"""The first page after signing in: figures, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user

from crm import i18n
from crm.overview.finding import recent_hits
from crm.overview.queries import HomeFigures, home_figures, mailings_to_approve, next_steps_of
from crm.overview.views.blueprint import blueprint
from crm.pipeline.queries import campaigns_page, figures
from crm.policy import Permission, can, requires
from crm.web import has_endpoint

_CAMPAIGNS_SHOWN = 3


@dataclass(frozen=True)
class Figure:
    """One number with where it comes from."""

    value: int
    label: str
    href: str | None
    tone: str | None = None


@dataclass(frozen=True)
class Step:
    """One thing to do on the way from an empty installation to a first mailing."""

    done: bool
    label: str
    text: str
    href: str | None


def _href(endpoint: str, permission: Permission) -> str | None:
    return url_for(endpoint) if has_endpoint(endpoint) and can(permission) else None


def _figures(found: HomeFigures) -> list[Figure]:
    held = Figure(
        found.letters_held,
        ngettext("letter held: did it arrive?", "letters held: did they arrive?", found.letters_held),
        _href("outbox.messages", Permission.ADMINISTER),
        "bad",
    )
    figures = [
        Figure(
            found.contacts, ngettext("contact", "contacts", found.contacts), url_for("overview.contacts", kind="all")
        ),
        Figure(
            found.campaigns,
            ngettext("campaign", "campaigns", found.campaigns),
            _href("pipeline.campaigns", Permission.READ),
        ),
        Figure(
            found.letters_waiting,
            ngettext("letter waiting to be sent", "letters waiting to be sent", found.letters_waiting),
            _href("letters.letters", Permission.READ),
        ),
    ]
    return [*figures, held] if found.letters_held else figures


def _steps(found: HomeFigures) -> list[Step]:
    """What leads to the first letters; nothing any more once they are on their way."""
    if found.has_mailing:
        return []
    return [
        Step(
            found.contacts > 0,
            gettext("Import contacts"),
            gettext("Bring in who you write to: the European Parliament's list, or any CSV file."),
            _href("roster_import.imports", Permission.IMPORT),
        ),
        Step(
            found.campaigns > 0,
            gettext("Start a campaign"),
            gettext("Choose the treaty, the goal and the people you pursue for it."),
            _href("pipeline.campaigns", Permission.READ),
        ),
        Step(
            False,
            gettext("Send the first letters"),
            gettext("Write a letter once, preview it for each reader, and have a second person approve it."),
            _href("letters.letters", Permission.READ),
        ),
    ]


def _begin() -> list[tuple[str, str, str]]:
    """What the reader may start: address, icon, words."""
    offered = [
        ("overview.contacts", "search", gettext("Find somebody"), Permission.READ),
        ("overview.new_contact", "plus", gettext("Add a contact"), Permission.LOBBY),
        ("roster_import.upload", "import", gettext("Import a roster"), Permission.IMPORT),
        ("letters.new_mailing", "letter", gettext("Plan a mailing"), Permission.LOBBY),
        ("overview.changes", "history", gettext("My recent changes"), Permission.LOBBY),
        ("reports.pipeline", "chart", gettext("See where we stand"), Permission.READ),
    ]
    found = [(_href(endpoint, permission), symbol, label) for endpoint, symbol, label, permission in offered]
    return [(href, symbol, label) for href, symbol, label in found if href]


@blueprint.get("/")
@requires(Permission.SIGNED_IN)
def home() -> ResponseReturnValue:
    """Where the work stands; until the first letters are out, the steps to get there."""
    found = home_figures()
    campaigns = campaigns_page(None).rows[:_CAMPAIGNS_SHOWN]
    return render_template(
        "overview/home.html",
        figures=_figures(found),
        steps=_steps(found),
        next_steps=next_steps_of(current_user.id),
        campaigns=campaigns,
        campaign_figures=figures([row.id for row in campaigns]),
        begin=_begin(),
        opened=recent_hits(),
        today=i18n.today(),
        to_approve=mailings_to_approve() if can(Permission.APPROVE) else [],
    )
