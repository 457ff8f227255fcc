"""Every screen there is, found through the url map and the links between pages, in every variant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Error, Page
from werkzeug.exceptions import HTTPException

from crm.policy import Role
from tests.browser.conftest import OpenPage
from tests.browser.screens import OPPOSITES, VARIANTS, Variant, assert_accessible, assert_fits, untranslated

pytestmark = pytest.mark.browser

# Answers that are no pages: for machines, or a redirection.
NOT_PAGES = {"static", "health.healthz", "health.readyz"}

# Where the walk begins with one of many pages because not every one of them leads on: this state has acted.
BEGINNINGS = ["/treaties/ICRMW/AL"]

# Screens the walk must have come by: the lists, and one of what each leads to.
REACHED = {
    "accounts.account",
    "accounts.user",
    "accounts.users",
    "audit.change_set",
    "audit.trail",
    "caught_mail.messages",
    "coalition.partners",
    "duplicates.choose",
    "duplicates.proposals",
    "history.log_form",
    "history.new_task",
    "history.tasks",
    "inbound.message",
    "inbound.messages",
    "letters.letter",
    "letters.letters",
    "letters.mailing",
    "letters.template",
    "letters.translations",
    "letters.versions",
    "letters.wording",
    "outbox.messages",
    "overview.contact",
    "overview.contacts",
    "overview.home",
    "overview.introductions_to",
    "overview.sources",
    "overview.today",
    "pipeline.board",
    "pipeline.campaign",
    "pipeline.campaigns",
    "pipeline.commitment",
    "pipeline.commitments",
    "pipeline.guarded",
    "pipeline.new_commitment",
    "pipeline.target",
    "pipeline.targets",
    "reports.activity",
    "reports.pipeline",
    "roster_import.imports",
    "roster_import.upload",
    "stances.contradictions",
    "stances.new_statement",
    "stances.stance",
    "stances.treaty",
    "stances.withdraw_form",
    "suppressions.addresses",
    "style_guide.show",
    "places.names",
    "treaties.action",
    "treaties.state",
    "treaties.treaties",
    "treaties.treaty",
    "turnover.ended",
}


def _is_page(endpoint: str, live_app: Flask) -> bool:
    return endpoint not in NOT_PAGES and not getattr(live_app.view_functions[endpoint], "public", False)


def _open_if_page(page: Page, path: str) -> bool:
    """Go to the path; False for a download or a piece of a page."""
    try:
        response = page.goto(path)
    except Error as error:
        if "Download is starting" in error.message:
            return False
        raise
    assert response is not None
    assert response.status == 200, f"{path}: {response.status}"
    return response.headers.get("content-type", "").startswith("text/html") and "<!doctype" in response.text()[:99]


def _walk(page: Page, live_app: Flask) -> Iterator[tuple[str, str]]:
    """Endpoint and address of every screen, each opened once: those without parameters, then what they link to."""
    urls = live_app.url_map.bind("")
    waiting = BEGINNINGS + [
        rule.rule
        for rule in live_app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and _is_page(rule.endpoint, live_app)
    ]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop(0)
        try:
            endpoint, _ = urls.match(urlsplit(path).path, method="GET")
        except HTTPException:
            continue
        if endpoint in seen or not _is_page(endpoint, live_app) or Path(urlsplit(path).path).suffix:
            continue
        seen.add(endpoint)
        if _open_if_page(page, path):
            waiting += page.eval_on_selector_all(
                "a[href]",
                "links => links.filter(a => a.origin === location.origin).map(a => a.pathname + a.search)",
            )
            yield endpoint, path


@pytest.mark.parametrize("variant", OPPOSITES, ids=str)
def test_every_screen(open_page: OpenPage, live_app: Flask, variant: Variant) -> None:
    page = open_page(variant=variant)
    screens: dict[str, str] = {}
    foreign: list[str] = []
    for endpoint, path in _walk(page, live_app):
        screens[endpoint] = path
        assert_accessible(page)
        assert_fits(page)
        if variant.language == "ar":
            foreign += [f"{path}: {word}" for word in untranslated(page)]
    assert not foreign, "\n".join(foreign)
    # The reach of this test: lists, what they lead to, and every section of the navigation.
    assert screens.keys() >= REACHED
    page.goto("/style-guide")
    sections = page.eval_on_selector_all("[data-command]", "links => links.map(a => a.pathname)")
    assert sections
    # Several of them may lead to one screen, to another of its parts.
    for section in set(sections) - {path.split("?")[0] for path in screens.values()}:
        assert _open_if_page(page, section), section
        assert_accessible(page)
        assert_fits(page)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_part(open_page: OpenPage, variant: Variant) -> None:
    page = open_page("/style-guide", variant=variant)
    assert_accessible(page)
    assert_fits(page)
    assert variant.language != "ar" or untranslated(page) == []


@pytest.mark.parametrize("variant", OPPOSITES, ids=str)
def test_sign_in_page_and_errors(open_page: OpenPage, variant: Variant) -> None:
    for page in (
        open_page("/sign-in", role=None, variant=variant),
        open_page("/forgotten-password", role=None, variant=variant),
        open_page("/choose-password/spent", role=None, variant=variant, expect=410),
        open_page("/nowhere", variant=variant, expect=404),
    ):
        assert_accessible(page)
        assert_fits(page)
        if variant.language == "ar":
            assert untranslated(page) == []


def test_a_viewer_sees_no_commands_of_an_administrator(open_page: OpenPage) -> None:
    links = "links => links.map(a => a.pathname)"
    everything = open_page(role=Role.ADMIN).eval_on_selector_all("[data-command]", links)
    allowed = open_page(role=Role.VIEWER).eval_on_selector_all("[data-command]", links)
    assert set(allowed) <= set(everything)
    assert "/users" not in allowed
