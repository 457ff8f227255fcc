"""Today, the first page after signing in: what waits, section by section, and where to begin on a day without work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from babel.dates import format_skeleton
from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, get_locale, gettext
from flask_login import current_user

from crm import i18n
from crm.history.queries import Whose
from crm.overview.agenda import (
    MOST_COUNTED,
    Begun,
    Found,
    Reader,
    Section,
    first_look,
    first_of,
    page_of,
    sections_of,
)
from crm.overview.finding import recent_hits
from crm.overview.views.blueprint import blueprint
from crm.pipeline.filters import QUIET_USUALLY
from crm.pipeline.forms import next_week
from crm.pipeline.models import CommitmentState
from crm.pipeline.queries import campaigns_page
from crm.policy import Permission, can, requires
from crm.turnover.successors import successors_of
from crm.web import has_endpoint

_CAMPAIGNS_SHOWN = 3


@dataclass(frozen=True)
class Step:
    """One thing to do on the way from an empty installation to a first mailing."""

    done: bool
    label: str
    text: str
    href: str | None


def _href(endpoint: str, permission: Permission) -> str | None:
    return url_for(endpoint) if has_endpoint(endpoint) and can(permission) else None


def _steps(found: Begun) -> list[Step]:
    """What leads to the first letters; nothing any more once they are on their way."""
    if found.mailings:
        return []
    return [
        Step(
            found.contacts,
            gettext("Import contacts"),
            gettext("Bring in who you write to: the European Parliament's list, or any CSV file."),
            _href("roster_import.imports", Permission.IMPORT),
        ),
        Step(
            found.campaigns,
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
        ("history.new_task", "plus", gettext("Add a task"), Permission.LOBBY),
        ("overview.new_contact", "people", gettext("Add a contact"), Permission.LOBBY),
        ("roster_import.upload", "import", gettext("Import contacts"), Permission.IMPORT),
        ("letters.new_mailing", "letter", gettext("Plan a mailing"), Permission.LOBBY),
        ("overview.changes", "history", gettext("My recent changes"), Permission.LOBBY),
        ("reports.pipeline", "chart", gettext("See where we stand"), Permission.READ),
    ]
    found = [(_href(endpoint, permission), symbol, label) for endpoint, symbol, label, permission in offered]
    # Whoever wants to find somebody types at once.
    at = {url_for("overview.contacts"): "#text"}
    return [(f"{href}{at.get(href, '')}", symbol, label) for href, symbol, label in found if href]


def _reader() -> Reader:
    """The signed-in user and whose work they look at; who can only read has none, and begins with the team's."""
    usual = Whose.MINE if can(Permission.WRITE_LETTERS) else Whose.TEAM
    wanted = request.args.get("whose", "")
    whose = Whose(wanted) if wanted in set(Whose) else usual
    return Reader(current_user.id, current_user.team_id, current_user.role, whose, i18n.today())


def _titles() -> dict[Section, str]:
    return {
        Section.DUE: gettext("Tasks and next steps"),
        Section.HELD: gettext("Letters held: did they arrive?"),
        Section.STOPPED: gettext("Mailings that paused themselves"),
        Section.APPROVALS: gettext("Letters waiting for your approval"),
        Section.MAILINGS: gettext("Your mailings"),
        Section.WORDINGS: gettext("Texts to translate"),
        Section.REQUESTS: gettext("Readers of letters ask"),
        Section.REPLIES: gettext("Replies"),
        Section.UNPLACED: gettext("Mail from somebody unknown"),
        Section.BOUNCED: gettext("Letters that came back"),
        Section.COMMITMENTS: gettext("Commitments falling due"),
        Section.ENDED: gettext("Ended mandates"),
        Section.CONTRADICTIONS: gettext("Contradictions"),
        Section.QUIET: gettext("Gone quiet"),
    }


def _hints() -> dict[Section, str]:
    """What a section is about, where its title does not tell."""
    return {
        Section.WORDINGS: gettext("A language the campaign writes in is missing, or says what the source said before."),
        Section.REQUESTS: gettext("It holds already where it can; note that you have seen to it."),
        Section.REPLIES: gettext("They answered, and nothing was noted with them since."),
        Section.UNPLACED: gettext("It stands on no timeline until somebody says whose it is."),
        Section.ENDED: gettext("Go on with who came after, or close."),
        Section.CONTRADICTIONS: gettext("On record on both sides within half a year."),
        Section.QUIET: gettext(
            "No letter, call, meeting or reply has passed between you and them for %(days)s days.", days=QUIET_USUALLY
        ),
    }


def _shared(reader: Reader, ended: Any) -> dict[str, Any]:
    """What the rows of every section may need; `ended` are those of ended mandates."""
    left = {row.contact_id for row in ended}
    return {
        "reader": reader,
        "titles": _titles(),
        "hints": _hints(),
        "most": MOST_COUNTED,
        "today": reader.day,
        "next_monday": format_skeleton("MMMEd", next_week(reader.day), locale=get_locale()),
        "successors": successors_of(left, reader.day, team_id=reader.team_id) if left else {},
        "CommitmentState": CommitmentState,
        "here": request.full_path.rstrip("?"),
    }


@blueprint.get("/today")
@requires(Permission.SIGNED_IN)
def today() -> ResponseReturnValue:
    """What waits for the reader, or for their team: of each kind how many, and the first of them."""
    reader = _reader()
    begun, sections = first_look(reader)
    found = [first_of(section, reader) for section in sections]
    return render_template(
        "overview/today.html",
        found=[each for each in found if each.total],
        steps=_steps(begun),
        campaigns=campaigns_page(None).rows[:_CAMPAIGNS_SHOWN],
        begin=_begin(),
        day_words=format_date(reader.day, "full"),
        opened=recent_hits(),
        **_shared(reader, _rows_of(found, Section.ENDED)),
    )


def _rows_of(found: list[Found], section: Section) -> Any:
    return next((each.rows for each in found if each.section is section), ())


@blueprint.get("/")
@requires(Permission.SIGNED_IN)
def home() -> ResponseReturnValue:
    """Today is where everybody begins."""
    return today()


@blueprint.get("/today/<name>")
@requires(Permission.SIGNED_IN)
def today_section(name: str) -> ResponseReturnValue:
    """All of one section, page by page."""
    reader = _reader()
    section = next((each for each in sections_of(reader) if each == name), None) or abort(404)
    page = page_of(section, reader, request.args.get("cursor"))
    return render_template(
        "overview/today_section.html",
        shown=section,
        page=page,
        **_shared(reader, page.rows if section is Section.ENDED else ()),
    )
