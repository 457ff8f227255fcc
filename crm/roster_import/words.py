"""What the screens of imports call states, kinds of rows, fields and reasons, in the reader's language."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint
from flask_babel import format_date, get_locale, gettext, lazy_gettext

from crm.directory.labels import category_label
from crm.directory.models import Category
from crm.places.countries import country_name
from crm.places.regions import region_name
from crm.roster_import.institutions import Kind
from crm.roster_import.models import Alarm, AsOfSource, ImportState, Reason, RowKind
from crm.roster_import.progress import Phase
from crm.roster_import.queries import Outcome
from crm.roster_import.readers.columns import FIELDS as COLUMNS
from crm.roster_import.readers.columns import SEAT
from crm.roster_import.records import Problem, RosterFormat

STATES = {
    ImportState.READING: (lazy_gettext("Being read"), "caution"),
    ImportState.MAPPING: (lazy_gettext("Columns to be settled"), "info"),
    ImportState.UNREADABLE: (lazy_gettext("Unreadable"), "bad"),
    ImportState.STAGED: (lazy_gettext("To be reviewed"), "info"),
    ImportState.QUEUED: (lazy_gettext("Waiting"), "caution"),
    ImportState.APPLYING: (lazy_gettext("Being applied"), "caution"),
    ImportState.APPLIED: (lazy_gettext("Applied"), "good"),
    ImportState.UNDOING: (lazy_gettext("Being undone"), "caution"),
    ImportState.REFUSED: (lazy_gettext("Not applied"), "bad"),
    ImportState.UNDONE: (lazy_gettext("Undone"), "neutral"),
    ImportState.DISCARDED: (lazy_gettext("Discarded"), "neutral"),
}
KINDS = {
    RowKind.NEW: (lazy_gettext("New"), "good"),
    RowKind.CHANGED: (lazy_gettext("Changed"), "info"),
    RowKind.ENDED: (lazy_gettext("Mandate ended"), "warn"),
    RowKind.UNCHANGED: (lazy_gettext("Unchanged"), "neutral"),
    RowKind.SUSPICIOUS: (lazy_gettext("For you to decide"), "caution"),
    RowKind.UNREADABLE: (lazy_gettext("Unreadable"), "bad"),
}
FORMATS = {
    RosterFormat.EP_FULL_LIST: lazy_gettext("European Parliament, full list"),
    RosterFormat.EP_TURNOVER: lazy_gettext("European Parliament, incoming and outgoing members"),
    RosterFormat.EP_OPEN_DATA: lazy_gettext("European Parliament, Open Data Portal"),
    RosterFormat.EP_API: lazy_gettext("European Parliament, Open Data API"),
    RosterFormat.PARLTRACK: lazy_gettext("Parltrack"),
    RosterFormat.EVERYPOLITICIAN: lazy_gettext("EveryPolitician"),
    RosterFormat.COMMISSIONERS: lazy_gettext("European Commissioners"),
    RosterFormat.WORLD_LEADERS: lazy_gettext("Heads of state and government"),
    RosterFormat.CSV: lazy_gettext("Table (CSV)"),
    RosterFormat.XLSX: lazy_gettext("Workbook (XLSX)"),
    RosterFormat.POPOLO: lazy_gettext("Popolo JSON"),
    RosterFormat.VCARD: lazy_gettext("Address book (vCard)"),
}
AS_OF_SOURCES = {
    AsOfSource.GIVEN: lazy_gettext("as you said"),
    AsOfSource.FILE: lazy_gettext("as the file itself says"),
    AsOfSource.FILE_NAME: lazy_gettext("from the file's name"),
    AsOfSource.DATES: lazy_gettext("the latest start of an office in the file"),
    AsOfSource.TODAY: lazy_gettext("today, since the file does not say"),
}
REASONS: dict[str, Any] = {
    Reason.AMBIGUOUS: lazy_gettext("Several contacts fit: choose one."),
    Reason.NAMESAKE: lazy_gettext("Somebody of this name is known, but it may be another person."),
    Reason.SHARED_ADDRESS: lazy_gettext("This address belongs to a contact of another name."),
    Reason.REPEATED: lazy_gettext("Another line of this file seems to be about the same person."),
    Reason.HAND_MADE: lazy_gettext("set by hand here"),
    Reason.UNKNOWN_GROUP: lazy_gettext("a group nobody has told us of"),
    Reason.NO_INSTITUTION: lazy_gettext("the file does not say in which institution"),
    Reason.MOVED_ON: lazy_gettext("The contact changed after this was reviewed, so the row was left alone."),
    Problem.NO_NAME: lazy_gettext("The line has no name."),
    Problem.WRONG_COLUMNS: lazy_gettext("The line has more or fewer columns than the first line."),
    Problem.NOT_AN_ADDRESS: lazy_gettext("not an e-mail address"),
    Problem.NOT_A_DATE: lazy_gettext("not a date"),
    Problem.UNKNOWN_COUNTRY: lazy_gettext("no country known by this name"),
    Problem.UNKNOWN_REGION: lazy_gettext("no region of the country known by this name, or several"),
    Problem.TOO_LONG: lazy_gettext("longer than the directory can hold: shorten it in the file"),
    Problem.DAMAGED_CARD: lazy_gettext("The card is damaged: export it again or mend it."),
    Problem.NO_PERSON: lazy_gettext("The card is an organization's, and people are imported from cards."),
    Problem.PAST_BODY: lazy_gettext("A committee or group as it once was: only those of today are imported."),
    Problem.NUL: lazy_gettext("holds a NUL byte: save the file again as CSV in UTF-8"),
    Problem.UNKNOWN_KIND: lazy_gettext("a kind of thing this version of the directory does not know"),
    Problem.NO_PLACE: lazy_gettext(
        "no column says in which institution: choose one for it, or import it without the role"
    ),
    Problem.LOST_LETTERS: lazy_gettext("question marks stand for lost letters"),
}
FIELDS = {
    "name": lazy_gettext("Name"),
    "spelling": lazy_gettext("Spelling"),
    "given_name": lazy_gettext("Given name"),
    "family_name": lazy_gettext("Family name"),
    "country": lazy_gettext("Country"),
    "gender": lazy_gettext("Gender"),
    "birth_date": lazy_gettext("Date of birth"),
    "death_date": lazy_gettext("Date of death"),
    "honorific_prefix": lazy_gettext("Title before the name"),
    "honorific_suffix": lazy_gettext("Title after the name"),
    "other_name": lazy_gettext("Other name"),
    "language": lazy_gettext("Language"),
    "category_override": lazy_gettext("Category"),
    "abbreviation": lazy_gettext("Short name"),
    "holders_are": lazy_gettext("Its office holders are"),
    "parent": lazy_gettext("Part of"),
    "founding_date": lazy_gettext("Founded"),
    "dissolution_date": lazy_gettext("Dissolved"),
    "forms_of_address": lazy_gettext("Forms of address"),
    "form_of_address": lazy_gettext("Form of address"),
    "contact_detail": lazy_gettext("Contact detail"),
    "retired_point": lazy_gettext("Out of use"),
    "source": lazy_gettext("Source"),
    "relationship": lazy_gettext("Relationship"),
    "statement": lazy_gettext("Statement"),
    "identifier": lazy_gettext("Identifier"),
    "email": lazy_gettext("E-mail"),
    "phone": lazy_gettext("Phone"),
    "address": lazy_gettext("Address"),
    "url": lazy_gettext("Website"),
    "twitter": lazy_gettext("X (Twitter)"),
    "fax": lazy_gettext("Fax"),
    "facebook": lazy_gettext("Facebook"),
    "instagram": lazy_gettext("Instagram"),
    "mandate": lazy_gettext("Mandate"),
    "mandate_start": lazy_gettext("Mandate since"),
    "mandate_end": lazy_gettext("Mandate until"),
    "mandate_over_by": lazy_gettext("Mandate over by"),
    "since": lazy_gettext("Mandate since"),
    "until": lazy_gettext("Mandate until"),
    "institution": lazy_gettext("Institution"),
    "role": lazy_gettext("Role"),
    "group": lazy_gettext("Political group"),
    "post": lazy_gettext("Post"),
    "constituency": lazy_gettext("Constituency"),
    "region": lazy_gettext("Region"),
    "affiliation": lazy_gettext("Membership"),
    "affiliation_start": lazy_gettext("Membership since"),
    "affiliation_end": lazy_gettext("Membership until"),
    "party": lazy_gettext("Party"),
    "seat": lazy_gettext("Committee or delegation"),
}
# What only columns of tables are called: more narrowly than the differences they lead to.
_COLUMNS = {
    "name": lazy_gettext("Whole name"),
    "office": lazy_gettext("Office or room"),
    "committee": lazy_gettext("Committees (member of)"),
    "substitute": lazy_gettext("Committees (substitute in)"),
    "delegation": lazy_gettext("Delegations"),
    "europarl": lazy_gettext("European Parliament id"),
    "wikidata": lazy_gettext("Wikidata id"),
    "category": lazy_gettext("Category"),
    SEAT: lazy_gettext("Seats in the committee of the heading"),
}
_COLUMN_GROUPS = (
    (lazy_gettext("Name"), ("name", "given_name", "family_name")),
    (lazy_gettext("Person"), ("country", "region", "gender", "birth_date", "category")),
    (lazy_gettext("How to reach them"), ("email", "phone", "address", "office", "url", "twitter")),
    (lazy_gettext("Mandate"), ("institution", "role", "group", "party", "since", "until")),
    (lazy_gettext("Committees"), ("committee", "substitute", "delegation", SEAT)),
    (lazy_gettext("Identifiers"), ("europarl", "wikidata")),
)
OUTCOMES = {
    Outcome.NEW: lazy_gettext("new"),
    Outcome.CHANGED: lazy_gettext("changed"),
    Outcome.ENDED: lazy_gettext("mandates ended"),
    Outcome.UNCHANGED: lazy_gettext("unchanged"),
    Outcome.SKIPPED: lazy_gettext("skipped, as decided"),
    Outcome.JOINED: lazy_gettext("same person as another line"),
    Outcome.KEPT: lazy_gettext("kept as set by hand here"),
    Outcome.PARTLY: lazy_gettext("written but for some values"),
    Outcome.LEFT: lazy_gettext("left alone: nobody decided"),
    Outcome.UNREADABLE: lazy_gettext("unreadable lines"),
}
OUTCOME_TONES = {Outcome.PARTLY: "warn", Outcome.LEFT: "warn", Outcome.UNREADABLE: "bad"}
PHASES = {
    Phase.COMPARED: lazy_gettext("Rows compared"),
    Phase.LIKENED: lazy_gettext("New ones compared with everybody known"),
    Phase.WRITTEN: lazy_gettext("Rows written"),
    Phase.CHECKED: lazy_gettext("Changes looked at, whether they can be taken back"),
    Phase.UNDONE: lazy_gettext("Changes taken back"),
}
ORIGINS = {
    "recognised": lazy_gettext("recognised by their names"),
    "saved": lazy_gettext("as saved for files like this one"),
    "given": lazy_gettext("as you said"),
}
INSTITUTIONS = {
    Kind.GOVERNMENT: lazy_gettext("National government or ministry"),
    Kind.REGIONAL_GOVERNMENT: lazy_gettext("Regional government"),
    Kind.PARLIAMENT: lazy_gettext("National parliament"),
    Kind.REGIONAL_PARLIAMENT: lazy_gettext("Regional parliament"),
    Kind.LOCAL: lazy_gettext("Town, province or county"),
    Kind.EU_INSTITUTION: lazy_gettext("EU institution"),
    Kind.UN_BODY: lazy_gettext("UN body"),
    Kind.PARTNER: lazy_gettext("Partner organization"),
    Kind.OTHER: lazy_gettext("Something else"),
}
GENDERS = {"male": lazy_gettext("male"), "female": lazy_gettext("female")}
_DATES = ("birth_date", "death_date", "founding_date", "dissolution_date", "mandate_start", "mandate_over_by")


def state_label(state: ImportState) -> str:
    """The state of an import in the reader's language."""
    return str(STATES[state][0])


def state_tone(state: ImportState) -> str:
    """The tone of the state's badge."""
    return STATES[state][1]


def row_kind_label(kind: RowKind) -> str:
    """The kind of a row in the reader's language."""
    return str(KINDS[kind][0])


def row_kind_tone(kind: RowKind) -> str:
    """The tone of the kind's badge."""
    return KINDS[kind][1]


def reason_label(reason: str) -> str:
    """Why something waits for a person, in the reader's language; an unknown code stays as it is."""
    return str(REASONS.get(reason, reason))


def column_label(name: str) -> str:
    """What a column of a table may hold, in the reader's language."""
    return str(_COLUMNS.get(name, FIELDS.get(name, name)))


def column_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Everything a column may hold, in groups: the group's title, and field and label of each."""
    grouped = {name for _title, names in _COLUMN_GROUPS for name in names}
    groups = [*_COLUMN_GROUPS, (lazy_gettext("More"), tuple(name for name in COLUMNS if name not in grouped))]
    return [(str(title), [(name, column_label(name)) for name in names]) for title, names in groups if names]


def field_label(name: str) -> str:
    """The name of a field of a difference, in the reader's language."""
    return str(FIELDS.get(name, name))


def field_value(value: str | None, name: str) -> str:
    """One side of a difference as a reader wants it: countries and days in words."""
    if value is None:
        return ""
    if name in ("category_override", "holders_are"):
        return category_label(Category(value)) if value in set(Category) else value
    if name == "country":
        return country_name(value, get_locale())
    if name == "region":
        return region_name(value, get_locale())
    if name == "gender":
        return str(GENDERS.get(value, value))
    if name in _DATES:
        try:
            return str(format_date(date.fromisoformat(value), "medium"))
        except ValueError:
            return value
    return value


def alarm_text(alarm: str, counts: dict[str, int], survey: dict[str, Any]) -> str:
    """What looks wrong with an import as a whole, in figures."""
    if alarm == Alarm.DROP:
        return str(
            gettext(
                "%(ended)s of %(members)s mandates would end at once. Is the file whole, and is it the newest?",
                ended=counts.get("ended", 0),
                members=survey.get("members", 0),
            )
        )
    if alarm == Alarm.UNSETTLED:
        return str(
            gettext(
                "Mandates that would end: %(ended)s. Lines that cannot be read, or do not tell for certain whom they "
                "are about: %(unsettled)s. They may be about the very people whose mandates would end. Mend these "
                "lines and import the file again; confirm only if you know that those people have left.",
                ended=counts.get("ended", 0),
                unsettled=survey.get("unsettled", 0),
            )
        )
    return str(
        gettext(
            "%(renamed)s people would get another name. Is it the right file, in the right encoding?",
            renamed=survey.get("renamed", 0),
        )
    )


def add_filters(blueprint: Blueprint) -> None:
    """Register the words as template filters."""
    for function in (
        state_label,
        state_tone,
        row_kind_label,
        row_kind_tone,
        reason_label,
        field_label,
        field_value,
        column_label,
    ):
        blueprint.add_app_template_filter(function, f"import_{function.__name__}")
