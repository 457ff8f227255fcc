"""A person finds a proposed duplicate, compares, merges and takes apart; and goes on with who came after a mandate."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from crm.directory.models import Identifier
from crm.duplicates.models import DuplicateProposal
from crm.duplicates.search import search
from crm.extensions import db
from crm.pipeline.models import Stage
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.browser.conftest import OpenPage
from tests.browser.screens import OPPOSITES, Variant, assert_accessible, assert_fits, untranslated
from tests.factories.directory import make_person
from tests.factories.pipeline import make_campaign, make_target

pytestmark = pytest.mark.browser
EVERY_VARIANT = pytest.mark.parametrize("variant", OPPOSITES, ids=str)


def assert_usable(page: Page, variant: Variant) -> None:
    assert_accessible(page)
    assert_fits(page)
    if variant.language == "ar":
        assert untranslated(page) == []


@pytest.fixture
def twins(live_app: Flask, request: pytest.FixtureRequest) -> tuple[int, str]:
    """Two spellings of one person, both targets of a campaign; the id of the one to keep and the other's name."""
    letters = "".join(letter for letter in request.node.name if letter.isalpha())
    word = f"Twin{letters[4:9]}{letters[-9:]}"
    with live_app.app_context():
        one = make_person(f"Ada {word}ski", email=f"{word.lower()}@people.example")
        other = make_person(f"Ada {word}sky", email=f"{word.lower()}@people.example")
        kept, gone = one.id, other.name
        with unit_of_work("describe", actor="test"):
            db.session.add(Identifier(contact_id=other.id, scheme="wikidata", value=word))
        campaign = make_campaign()
        make_target(campaign, one)
        make_target(campaign, other, stage=Stage.COMMITTED)
        search()
        assert db.session.query(DuplicateProposal).count()
        db.session.remove()
    return kept, gone


@EVERY_VARIANT
def test_a_duplicate_is_found_compared_merged_and_taken_apart(
    open_page: OpenPage, twins: tuple[int, str], variant: Variant
) -> None:
    kept, gone = twins
    page = open_page("/duplicates", role=Role.OFFICER, variant=variant)
    row = page.locator("tbody tr", has_text=gone)
    expect(row).to_be_visible()
    assert_usable(page, variant)
    row.locator("a.button.primary").click()
    if not page.url.split("/duplicates/")[1].startswith(f"{kept}/"):
        page.locator("main .line-with-action a.button").click()
    expect(page.locator("main form table")).to_be_visible()
    assert_usable(page, variant)
    page.locator("input[name=name][value=survivor]").check()
    page.locator("main form button.primary").click()
    expect(page.locator("main form .facts")).to_be_visible()
    assert_usable(page, variant)
    page.locator("main form button.primary").click()
    expect(page).to_have_url(f"{page.url.split('/contacts')[0]}/contacts/{kept}")
    expect(page.locator("form[action*='/merges/']", has_text=gone)).to_be_visible()
    assert_usable(page, variant)
    page.locator("main form[action*='/merges/'] button").click()
    page.locator("#confirm button[value=yes]").click()
    expect(page.locator("main h1")).to_contain_text(gone)


@EVERY_VARIANT
def test_another_contact_is_found_by_name(open_page: OpenPage, twins: tuple[int, str], variant: Variant) -> None:
    kept, gone = twins
    page = open_page(f"/contacts/{kept}/merge", role=Role.OFFICER, variant=variant)
    page.locator("main input[type=search]").fill(gone)
    page.locator("main form button.primary").click()
    expect(page.locator("main .lines", has_text=gone).first).to_be_visible()
    assert_usable(page, variant)


@EVERY_VARIANT
def test_a_target_is_handed_over(
    open_page: OpenPage, live_app: Flask, users: dict[Role, int], variant: Variant
) -> None:
    word = str(variant).replace("-", "").title()
    with live_app.app_context():
        ada = make_person(f"Ada Gone{word}", party=f"Party {word}", ended=date(2025, 3, 10))
        bea = make_person(f"Bea Come{word}", party=f"Party {word}", start=date(2025, 3, 11))
        names, contact = (ada.name, bea.name), ada.id
        make_target(make_campaign(), ada, owner_id=users[Role.OFFICER])
        db.session.remove()
    page = open_page("/", role=Role.OFFICER, variant=variant)
    assert_usable(page, variant)
    page.goto(f"/contacts/{contact}")
    expect(page.locator(".notice a", has_text=names[1])).to_be_visible()
    assert_usable(page, variant)
    page.goto("/turnover")
    row = page.locator("tbody tr", has_text=names[0])
    expect(row).to_contain_text(names[1])
    assert_usable(page, variant)
    row.locator("button.primary").click()
    expect(page.locator("main h1")).to_contain_text(names[1])
