"""What a team keeps to itself is on no page, in no count and in no file of anybody else, whoever asks and however."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from config import Settings
from crm import clock
from crm.directory.filters import ContactFilter
from crm.exports.models import ExportFormat
from crm.extensions import limiter
from crm.overview.happenings import FILTERS
from crm.policy import POLICY, Role
from tests.factories.private_rows import all_marks, mark, marks_in
from tests.scoping.walking import Address, Answer, Answers, Asked, Noted, Shelf, walk
from tests.scoping.world import INNER, OUTER, World

# That somebody did something, every lead reads in the trail; what it was is blacked out there.
LEFT_IN_THE_TRAIL = {"audit.trail", "audit.change_set", "audit.undo"}
FEWEST_ROUTES, FEWEST_PAGES, FEWEST_QUESTIONS, FEWEST_FORMS = 140, 120, 200, 150
# Of those that a role may open, so many answer with a page.
FEWEST_READ = {None: 5, Role.VIEWER: 30, Role.TRANSLATOR: 30, Role.OFFICER: 50, Role.LEAD: 300, Role.ADMIN: 50}
# Whose statements know of teams: the two databases may read them in different ways.
READ_BY_TEAM = {
    "attachments.download",
    "duplicates.comparison",
    "exports.file",
    "history.interaction",
    "history.task",
    "history.tasks",
    "overview.contact",
    "overview.contacts",
    "overview.introductions_to",
    "overview.search",
    "overview.sources",
    "overview.timeline_csv",
    "overview.today",
    "overview.today_section",
    "pipeline.board",
    "pipeline.targets",
    "reports.pipeline",
    "stances.contradictions",
    "stances.stance",
    "stances.treaty",
    "stances.withdraw_form",
    "turnover.ended",
}


def questions(name: str, world: World) -> list[str]:
    """What a page may be asked by a query argument of that name."""
    who = world.keeper
    known: dict[str, list[str]] = {
        "text": [mark("interaction", "summary"), who.contact.name.split()[-1]],
        "treaty": [f"{who.treaty.id}&stance={word}" for word in ("opposed", "champion", "stale", "unknown")],
        "stance": ["opposed", "stale,unknown"],
        "columns": ["stance,last_contact"],
        "sort": ["stance", "-stance", "quiet", "-contact"],
        "quiet": ["1", "30"],
        "whose": ["team", "all", "mine"],
        "whom": ["all"],
        "show": list(FILTERS),
        "done": ["yes"],
        "archived": ["yes"],
        "as_of": [clock.today().isoformat()],
        "edit": [f"ties&row={row}" for row in world.ids("row_id")],
        "table": [f"{table}&row={row}" for table, row in world.private_rows()],
        "like": [str(row) for row in world.ids("statement_id")],
        "view": [str(row) for row in world.ids("view_id")],
        "format": ["csv", "xlsx", "popolo", "vcard"],
        "ids": [f"{who.contact.id},{who.other.id}&format=popolo", f"{who.contact.id}&format=csv"],
        "targets_of": [f"{who.target.campaign_id}&quiet=30&format=csv", f"{who.target.campaign_id}&format=xlsx"],
        "contact": [str(who.contact.id)],
        "target": [str(who.target.id)],
        "campaign": [str(who.target.campaign_id)],
        "kind": ["all"],
        "cursor": [],
        "next": [],
        "v": [],
    }
    known |= {"q": known["text"], "find": known["text"], "try": known["text"]}
    # What the directory itself knows is everybody's.
    known = {field.name: [] for field in fields(ContactFilter)} | known
    return [f"{name}={value}" for value in known.get(name, ["1"])]


def forms(endpoint: str, world: World) -> list[dict[str, str]]:
    """What is sent to a route: nothing, and whatever gets an answer with more in it than what was sent."""
    who = world.keeper
    campaign, treaty, contact = str(who.target.campaign_id), str(who.treaty.id), str(who.contact.id)
    known_name = who.other.name
    opposed = {"all": "yes", "treaty": treaty, "stance": "opposed"}
    quiet = {"all": "yes", "quiet": "1"}
    known: dict[str, list[dict[str, str]]] = {
        "exports.contacts": [{"format": how} for how in ("csv", "xlsx", "popolo", "vcard")],
        "overview.export_many": [opposed],
        "overview.change_many": [{**opposed, "the_tag": "known", "the_owner": "1", "the_campaign": campaign}],
        "overview.choose_columns": [{"column": "stance", "treaty": treaty, "sort": "stance"}],
        "overview.save_view": [{"name": mark("saved_view", "name")}],
        "pipeline.change_many": [{**quiet, "the_stage": "convinced", "the_owner": "1", "the_priority": "low"}],
        "pipeline.export_many": [quiet],
        "letters.preview": [{"campaign_id": campaign, "subject": "Hello", "body": "{{name}}", "language": "en"}],
        "letters.mailing_forecast": [{"campaign": campaign, "quiet": "1", "stage": "committed"}],
        "history.save_log": [{"contact": contact}, {"contact": contact, "add": "1", "who": known_name}],
        "history.add_task": [{"contact": contact}],
        "duplicates.merge": [{"confirmed": "yes"}],
        "pipeline.move": [{"stage": "in_dialogue"}],
        "overview.save_cell": [{"country": "FR"}],
    }
    return [{}, *known.get(endpoint, [])]


def pages(app: Flask, world: World) -> Iterator[Address]:
    """Every page there is."""
    for rule, method, path, private in world.paths(app):
        if method == "GET":
            yield Address(rule.endpoint, "GET", path, private=private)


def asked_pages(plain: Iterable[Address], world: World, noted: Noted) -> Iterator[Address]:
    """The first page of each route, asked by each of the query arguments its view has been seen to read."""
    seen = set()
    for page in plain:
        if page.endpoint not in seen:
            seen.add(page.endpoint)
            for name in sorted(noted.get(page.endpoint, ())):
                for question in questions(name, world):
                    yield Address(page.endpoint, "GET", f"{page.path}?{question}")


def sent_forms(app: Flask, world: World) -> Iterator[Address]:
    """Every form there is."""
    for rule, method, path, private in world.paths(app):
        for form in forms(rule.endpoint, world) if method != "GET" else []:
            yield Address(rule.endpoint, method, path, tuple(form.items()), private)


def leaks(without: Answers, told: Answers) -> Iterator[str]:
    """What in the answers says that there are private rows, or even what is in them."""
    for address, answer in told.items():
        asked = f"{address.method} {address.path} {dict(address.form) or ''}"
        leaked = (marks_in(answer.text) | marks_in(answer.location)) - marks_in(asked)
        if leaked:
            yield f"{asked} shows {sorted(leaked)}"
        elif address in without and address.endpoint not in LEFT_IN_THE_TRAIL:
            differs = list(unlike(without[address], answer))
            if differs:
                yield f"{asked} is not what it is without private rows: {differs}"


def unlike(one: Answer, other: Answer) -> Iterator[str]:
    """The lines in which two answers differ."""
    if one != other:
        yield from (f"{each.status} {each.location}" for each in (one, other))
        lines = difflib.unified_diff(one.text.splitlines(), other.text.splitlines(), n=0, lineterm="")
        yield from (line for line in lines if not line.startswith(("---", "+++")))


@pytest.fixture
def noted(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Noted:
    """What views read of addresses while the test runs, which asks for more pages than anybody may in a minute."""
    Asked.noted = {}
    monkeypatch.setattr(app.request_class, "parameter_storage_class", Asked)
    monkeypatch.setattr(limiter, "enabled", False)
    return Asked.noted


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With every optional feature, so that their routes are there."""
    return settings.model_copy(update={"mail_catcher": True})


def of_role(app: Flask, role: Role | None, addresses: Iterable[Address]) -> Iterator[Address]:
    """What the role may open, each route once, and once more where a private row stands for an argument.

    That the rest is refused to it, the tests of security hold. What forms answer, they answer alike to every role that
    may send them: two roles send them.
    """
    seen = set()
    for address in addresses:
        view: Any = app.view_functions[address.endpoint]
        may = getattr(view, "public", False) or (role is not None and view.permission in POLICY[role])
        sends = address.method == "GET" or (role in (None, Role.ADMIN) and not address.form)
        if may and sends and (address.private or (address.endpoint, address.method) not in seen):
            seen.add((address.endpoint, address.method))
            yield address


def assert_the_team_itself_sees_it(told: Answers) -> None:
    """Or nobody would notice that a mark is in the wrong place."""
    seen: set[str] = set().union(*(marks_in(answer.text) for answer in told.values()))
    assert not all_marks() - seen, f"the team itself does not see {sorted(all_marks() - seen)} on any page"


@pytest.mark.sqlite_only
def test_no_route_tells_a_team_what_another_keeps_to_itself(app: Flask, noted: Noted, tmp_path: Path) -> None:
    with clock.pretend(clock.now()), closing(Shelf()) as shelf:
        world = World(app, tmp_path)
        shelf.keep("without")
        world.keep_to_the_team()
        shelf.keep("with")
        plain, posted = list(pages(app, world)), list(sent_forms(app, world))
        assert len({address.endpoint for address in [*plain, *posted]}) >= FEWEST_ROUTES
        assert_the_team_itself_sees_it(walk(app, world.cookies[Role.LEAD, INNER], plain, shelf))
        asked = list(asked_pages(plain, world, noted))
        assert (len(plain) >= FEWEST_PAGES, len(posted) >= FEWEST_FORMS, len(asked) >= FEWEST_QUESTIONS) == (True,) * 3
        whole = [*plain, *asked, *posted]
        walks: dict[Role | None, list[Address]] = {
            role: whole if role is Role.LEAD else list(of_role(app, role, [*plain, *posted])) for role in (None, *Role)
        }
        told: dict[str, dict[Role | None, Answers]] = {}
        for state in ("without", "with"):
            shelf.put_back(state)
            told[state] = {
                role: walk(app, world.cookies[role, OUTER] if role else None, walks[role], shelf) for role in walks
            }
    for role, answers in told["with"].items():
        found = list(leaks(told["without"][role], answers))
        assert not found, f"{role or 'a stranger'} of another team:\n" + "\n".join(found)
        assert sum(answer.status == 200 for answer in answers.values()) >= FEWEST_READ[role], role
    files = [answer for address, answer in told["with"][Role.LEAD].items() if address.endpoint == "exports.file"]
    assert [answer.status for answer in files] == [200] * (len(ExportFormat) + 1)
    assert min(len(answer.text) for answer in files[: len(ExportFormat)]) > 100
    # An official who follows a link, and a browser that is signed out, are in no team.
    assert len(told["with"][None]) >= len(FEWEST_READ)


def test_lists_and_files_keep_it_too_on_either_database(app: Flask, noted: Noted, tmp_path: Path) -> None:
    with clock.pretend(clock.now()):
        world = World(app, tmp_path)
        inner, outer = world.cookies[Role.LEAD, INNER], world.cookies[Role.LEAD, OUTER]

        def read_by_team() -> list[Address]:
            return [page for page in pages(app, world) if page.endpoint in READ_BY_TEAM]

        before = walk(app, outer, read_by_team())
        assert {page.endpoint for page in before} == READ_BY_TEAM
        before |= walk(app, outer, list(asked_pages(list(before), world, noted)))
        world.keep_to_the_team()
        told = walk(app, outer, [*before, *(page for page in read_by_team() if page.private)])
        seen = walk(app, inner, read_by_team())
    assert not list(leaks(before, told))
    assert len(told) > len(before) >= FEWEST_QUESTIONS / 4
    assert len(set().union(*(marks_in(answer.text) for answer in seen.values()))) >= len(all_marks()) / 2
