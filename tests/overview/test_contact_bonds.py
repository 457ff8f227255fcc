"""What binds contacts: posts and their holders, ties and who may see them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient

from crm import clock
from crm.directory.models import Category, Membership, Post, Relationship
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_organization, make_person
from tests.overview.test_contact_parts import only, sent, words


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_user(name="Ada Officer"))


def test_posts_are_added_filled_and_vacated(officer: FlaskClient) -> None:
    ministry = make_organization("Ministry of Justice", category=Category.GOVERNMENT)
    make_person("Ada Alvaro", parliament=None, group=None, category=Category.OTHER)
    status, page = sent(officer, f"/contacts/{ministry.id}/posts", label="Minister", country="")
    assert (status, "Vacant" in page) == (302, True)
    post = only(Post)
    form = officer.get(f"/contacts/{ministry.id}?edit=memberships&post={post.id}").text
    assert f'<option selected value="{post.id}">Minister</option>' in form
    began = (clock.today() - timedelta(days=30)).isoformat()
    filled = {"person": "ada alvaro", "role": "Minister", "post_id": str(post.id), "start_date": began}
    status, page = sent(officer, f"/contacts/{ministry.id}/memberships", **filled)
    assert (status, "Vacate" in page) == (302, True)
    status, page = sent(officer, f"/contacts/{ministry.id}/memberships/{only(Membership).id}/end", part="posts")
    assert "Vacant since" in page
    assert "Ada Alvaro" not in page.split('id="memberships"')[1].split('id="ties"')[0]
    assert "Ada Alvaro" in officer.get(f"/contacts/{ministry.id}?members=former").text
    status, page = sent(officer, f"/contacts/{ministry.id}/posts", label="Minister", country="")
    assert (status, "This is there already." in page) == (422, True)
    status, page = sent(officer, f"/contacts/{ministry.id}/posts/{post.id}/remove")
    assert (status, only(Membership).post_id) == (302, None)


def test_ties_read_right_from_both_sides_and_may_be_the_teams_own(client: FlaskClient) -> None:
    ours, theirs = make_user(team="Ours"), make_user(team="Theirs")
    ada, bo = make_person("Ada Alvaro"), make_person("Bo Bruun")
    sign_in(client, ours)
    tie = {"tie": "advises:back", "other": "Bo Bruun", "start_date": "2020-01-01", "private": "y"}
    status, page = sent(client, f"/contacts/{ada.id}/ties", **tie)
    assert (status, "Is advised by Bo Bruun" in words(page), "Only my team" in page) == (302, True, True)
    assert "Advises Ada Alvaro" in words(client.get(f"/contacts/{bo.id}").text)
    row = only(Relationship)
    assert (row.subject_id, row.object_id, row.team_id) == (bo.id, ada.id, ours.team_id)
    row_id = row.id
    sign_in(client, theirs)
    for contact in (ada, bo):
        page = words(client.get(f"/contacts/{contact.id}").text)
        assert "None is known: whom they know" in page
        assert "Nothing has happened yet" in page
    assert client.get(f"/contacts/{ada.id}?edit=ties&row={row_id}").status_code == 404
    assert sent(client, f"/contacts/{ada.id}/ties/{row_id}/remove")[0] == 404
    assert sent(client, f"/contacts/{ada.id}/ties/{row_id}", **tie)[0] == 404
    assert "Bo Bruun" not in client.get(f"/contacts/{ada.id}/introductions").text
    sign_in(client, ours)
    opened = {**tie, "tie": "knows", "private": ""}
    del opened["private"]
    status, page = sent(client, f"/contacts/{ada.id}/ties/{row_id}", **opened)
    assert (status, "Knows Bo Bruun" in words(page)) == (302, True)
    sign_in(client, theirs)
    assert "Knows Bo Bruun" in words(client.get(f"/contacts/{ada.id}").text)
    assert "dvised by" not in words(client.get(f"/contacts/{ada.id}").text)


def test_what_another_team_keeps_to_itself_hinders_nobody(client: FlaskClient) -> None:
    ours, theirs = make_user(team="Ours"), make_user(team="Theirs")
    ada = make_person("Ada Alvaro")
    make_person("Bo Bruun")
    tie = {"tie": "knows", "other": "Bo Bruun", "start_date": "2020-01-01", "private": "y"}
    for user in (ours, theirs):
        status, _page = sent(sign_in(client, user), f"/contacts/{ada.id}/ties", **tie)
        assert status == 302
    status, page = sent(client, f"/contacts/{ada.id}/ties", **tie)
    assert (status, "This is there already." in page) == (422, True)


@pytest.mark.sqlite_only
def test_the_other_of_a_tie_is_offered_and_the_field_in_error_has_the_focus(officer: FlaskClient) -> None:
    ada = make_person("Ada Alvaro")
    twins = [make_person("Bo Bruun"), make_person("Bo Bruun")]
    form = officer.get(f"/contacts/{ada.id}?edit=ties").text
    assert 'data-suggest="/contacts/suggestions"' in form
    status, page = sent(officer, f"/contacts/{ada.id}/ties", tie="knows", other="Bo Bruun")
    field = next(each for each in re.findall("<input[^>]*>", page) if 'name="other"' in each)
    assert (status, "autofocus" in field, page.count("autofocus")) == (422, True, 1)
    assert "Several are called like this" in page
    # The one that was chosen among those offered as one typed.
    sent(officer, f"/contacts/{ada.id}/ties", tie="knows", other="Bo Bruun", other_id=str(twins[1].id))
    assert only(Relationship).object_id == twins[1].id
    # Known by where they belong: offered for choice, never taken unasked.
    cai = make_person("Cai Cole", party="Seafarers")
    status, page = sent(officer, f"/contacts/{ada.id}/ties", tie="ally", other="seafarers cai")
    assert (status, "Nobody is called just so" in page) == (422, True)
    status, _ = sent(officer, f"/contacts/{ada.id}/ties", tie="ally", other="seafarers cai", other_id=str(cai.id))
    assert status == 302


@pytest.mark.sqlite_only
def test_who_came_after_is_named_where_one_sees_that_somebody_left(officer: FlaskClient) -> None:
    ada = make_person("Ada Alvaro", ended=clock.today() - timedelta(days=2))
    make_person("Bo Bruun")
    link = re.search(r'href="([^"]*edit=ties[^"]*succeeded[^"]*)"', officer.get(f"/contacts/{ada.id}").text)
    assert link
    form = officer.get(unescape(link[1]).partition("#")[0]).text
    chosen = re.search(r'<option selected value="([^"]*)">Was succeeded by', form)
    assert chosen
    sent(officer, f"/contacts/{ada.id}/ties", tie=chosen[1], other="Bo Bruun")
    assert "Who came after:" in officer.get(f"/contacts/{ada.id}").text
