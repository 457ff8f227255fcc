"""Files are kept once, as what they are, for those they are for, and never run in a reader's browser."""

from __future__ import annotations

import hashlib

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.attachments import storage
from crm.attachments.actions import FileRefused, store
from crm.attachments.models import Attachment, Refusal, media_type_of, readable_name, refusal_of
from crm.attachments.queries import attachment
from crm.audit.actions import undo
from crm.extensions import db
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.attachments import PDF, make_attachment, upload

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
LIMIT = 1000


@pytest.mark.parametrize(
    ("name", "head", "size", "reason"),
    [
        ("minutes.PDF", PDF, 30, None),
        ("notes.txt", b"plain words", 11, None),
        ("minutes", PDF, 30, Refusal.TYPE),
        ("page.html", b"<html>", 6, Refusal.TYPE),
        ("drawing.svg", b"<svg>", 5, Refusal.TYPE),
        ("letter.docm", b"PK\x03\x04", 9, Refusal.TYPE),
        ("minutes.pdf", b"", 0, Refusal.EMPTY),
        ("minutes.pdf", PDF, LIMIT, None),
        ("minutes.pdf", PDF, LIMIT + 1, Refusal.TOO_LARGE),
        ("minutes.pdf", b"MZ program", 10, Refusal.CONTENT),
        ("notes.txt", b"a\x00b", 3, Refusal.CONTENT),
    ],
)
def test_a_file_is_kept_only_if_it_is_what_its_name_says(
    name: str, head: bytes, size: int, reason: Refusal | None
) -> None:
    assert refusal_of(name, head, size, LIMIT) is reason


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("C:\\Users\\eve\\minutes.pdf", "minutes.pdf"),
        ("../../etc/minutes.pdf", "minutes.pdf"),
        ("a\r\nb\u202efdp.exe", "abfdp.exe"),
        (None, ""),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_a_name_is_one_line_without_folders(given: str | None, name: str) -> None:
    assert readable_name(given) == name


def test_a_file_is_kept_once_under_its_fingerprint_and_comes_back_after_undo_and_redo(app: Flask) -> None:
    with unit_of_work("store file", actor="user:1") as work:
        first = store(upload())
    second = make_attachment(name="Minutes of the hearing.pdf")
    digest = hashlib.sha256(PDF).hexdigest()
    assert (first.sha256, second.sha256) == (digest, digest)
    assert (first.name, first.media_type, first.size, first.created_by) == (
        "minutes.pdf",
        "application/pdf",
        30,
        "user:1",
    )
    path = storage.path_of(digest)
    assert path.read_bytes() == PDF
    assert path.stat().st_mode & 0o077 == 0
    assert [each for each in path.parent.parent.rglob("*") if each.is_file()] == [path]
    kept_id = first.id
    with unit_of_work("undo", actor="user:1") as undone:
        undo(work.change_set_id or 0)
    assert db.session.get(Attachment, kept_id) is None
    with unit_of_work("redo", actor="user:1"):
        undo(undone.change_set_id or 0)
    assert attachment(kept_id, 1) is not None


@pytest.mark.sqlite_only
def test_what_is_refused_leaves_nothing_behind(app: Flask) -> None:
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"attachment_limit": 1})
    with pytest.raises(FileRefused) as refused, unit_of_work("store file", actor="user:1"):
        store(upload(PDF + b"x" * 1024 * 1024))
    assert refused.value.reason is Refusal.TOO_LARGE
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Attachment)) == 0
    assert not (app.extensions["settings"].data / "attachments").exists()


@pytest.mark.sqlite_only
def test_files_are_saved_by_browsers_and_only_pictures_are_shown(app: Flask) -> None:
    client = sign_in(app.test_client(), make_user(Role.VIEWER))
    picture = make_attachment(PNG, "photo.png")
    for kept, shown in ((make_attachment(name="Lettre “réponse”.pdf"), False), (picture, True)):
        answer = client.get(f"/attachments/{kept.id}")
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("inline" if shown else "attachment")
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer.headers["Cache-Control"]
        # What the browser that sent it said it was is forgotten.
        assert answer.mimetype == media_type_of(kept.name)
    storage.path_of(picture.sha256).write_bytes(PNG + b"more")
    changed = client.get(f"/attachments/{picture.id}")
    assert changed.status_code == 404
    assert "no longer what was stored" in changed.text
    storage.path_of(picture.sha256).unlink()
    assert "may have been removed" in client.get(f"/attachments/{picture.id}").text


def test_a_teams_file_is_that_teams_alone(app: Flask) -> None:
    own, foreign = make_user(Role.OFFICER, team="Geneva"), make_user(Role.ADMIN, team="Brussels")
    kept = make_attachment(team_id=own.team_id)
    assert sign_in(app.test_client(), own).get(f"/attachments/{kept.id}").status_code == 200
    assert sign_in(app.test_client(), foreign).get(f"/attachments/{kept.id}").status_code == 404
