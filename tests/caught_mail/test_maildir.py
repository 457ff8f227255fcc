"""Reading the Maildir the catcher writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm.caught_mail import maildir
from tests.factories.caught_mail import catch_letter, catch_raw


def test_a_missing_folder_is_an_empty_list(tmp_path: Path) -> None:
    assert maildir.letters(tmp_path / "none").rows == []


def test_letters_come_newest_first_and_in_pages(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    count = maildir.PAGE_SIZE * 2 + 3
    for number in range(count):
        catch_letter(folder, subject=f"Letter {number}", html=None)
    seen, start, pages = [], None, 0
    while True:
        page = maildir.letters(folder, start)
        seen += [row.subject for row in page.rows]
        pages += 1
        if page.next is None:
            break
        start = page.next
    assert pages == 3
    assert page.total == count
    assert seen == [f"Letter {number}" for number in reversed(range(count))]
    first = maildir.letters(folder)
    assert first.previous is None
    assert maildir.letters(folder, first.next).previous == first.rows[0].key


def test_a_page_stays_where_it_is_while_mail_comes_in(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    for number in range(maildir.PAGE_SIZE + 1):
        catch_letter(folder, subject=f"Letter {number}")
    second = maildir.letters(folder).next
    catch_letter(folder, subject="Newer")
    assert [row.subject for row in maildir.letters(folder, second).rows] == ["Letter 0"]


def test_a_letter_read_in_a_mail_program_stays_on_the_list(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    key = catch_letter(folder)
    (folder / "new" / key).rename(folder / "cur" / f"{key}:2,S")
    assert [row.key for row in maildir.letters(folder).rows] == [key]
    assert maildir.source(folder, key)


@pytest.mark.parametrize("key", ["../../secret_key", "..", "", "1.M1P1Q1.host/../x", "nothing"])
def test_a_key_reaches_nothing_but_letters(tmp_path: Path, key: str) -> None:
    catch_letter(tmp_path / "mail")
    (tmp_path / "secret_key").write_text("secret")
    assert maildir.source(tmp_path / "mail", key) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00 no header at all",
        b'Subject: =?nonsense?b?!!!?=\r\nFrom: "unclosed <a@b\r\nTo: =?utf-8?q?=C3?= <>,,;\r\n\r\nx',
        b"Subject: a\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xe9t\xe9",
        b'From: @\r\nTo: <\r\nX-RcptTo: "\r\nContent-Type: multipart/mixed\r\n\r\nno boundary',
    ],
)
def test_a_damaged_letter_is_shown_as_well_as_it_can_be(tmp_path: Path, raw: bytes) -> None:
    key = catch_raw(tmp_path / "mail", raw)
    assert [row.key for row in maildir.letters(tmp_path / "mail").rows] == [key]
    letter = maildir.parse(raw)
    for name in ("From", "To", "Subject", "Missing"):
        assert isinstance(maildir.header(letter, name), str)
    assert isinstance(maildir.body(letter, "plain"), str | None)
    assert isinstance(maildir.attachments(letter), list)
