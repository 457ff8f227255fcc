"""No cell of a file is taken for a formula."""

import pytest
from flask import Flask

from crm.spreadsheets import csv_response, safe_cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1"])
def test_text_that_looks_like_a_formula_is_kept_from_being_one(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["Łukasz", "1-2", "", -3, 0.5, None])
def test_everything_else_stays_as_it_is(value: object) -> None:
    assert safe_cell(value) == value


def test_a_file_keeps_names_intact() -> None:
    with Flask(__name__).test_request_context():
        answer = csv_response("report.csv", [("Nikos Παπαδάκης", -1), ("=cmd", None)])
        sent = answer.data
    assert sent.decode("utf-8-sig") == "Nikos Παπαδάκης,-1\r\n'=cmd,\r\n"
    assert sent.startswith(b"\xef\xbb\xbf")
    assert answer.headers["Content-Disposition"] == "attachment; filename=report.csv"
