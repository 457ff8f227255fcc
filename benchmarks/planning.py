"""Measures the planning of 10,000 and 100,000 letters: linear time, flat memory; `make bench-planning` runs it."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from benchmarks.figures import write
from benchmarks.servers import settings_in
from crm import clock, create_app
from crm.accounts.actions import create_user
from crm.cli.app import prepare_data
from crm.demo.crowd_targets import start_campaign
from crm.directory.models import Category, Contact, ContactKind, Membership, Organization
from crm.extensions import db
from crm.letters.actions import (
    MailingText,
    approve_mailing,
    create_mailing,
    create_template,
    open_letter,
    plan_mailing,
    write_wording,
)
from crm.letters.audience import Audience
from crm.letters.jobs import check as check_letters
from crm.letters.jobs import to_the_end
from crm.letters.models import Letter, Mailing, MailingState
from crm.letters.planning import plan_next
from crm.letters.queries import findings_of_mailing, ledgers, sample_of
from crm.many_rows import insert_columns, new_ids
from crm.policy import Role
from crm.treaties.actions import load_facts
from crm.unit_of_work import unit_of_work

SMALL, LARGE = 10_000, 100_000
# Ten times the letters may take so many times the time, and so much more memory.
MOST_TIMES = 14.0
MOST_MORE_MEGABYTES = 60.0
ACTOR = "command:benchmark"
_COUNTRIES = ("ES", "MT", "FR", "DE", "PL", "IT", "SE", "BE", "AT", "IE")
_CONTACTS = cast("sa.Table", Contact.__table__)
_LANGUAGES = ("en", "fr", "de", "es")
_CHUNK = 1000
# In its language, for the check looks at that.
_QUESTIONS = {
    "en": "Will you support the *{{treaty}}* in {{country}}? ",
    "fr": "Soutiendrez-vous la convention *{{treaty}}* dans votre pays, {{country}} ? ",
    "de": "Werden Sie das Übereinkommen *{{treaty}}* in Ihrem Land unterstützen, {{country}}? ",
    "es": "¿Apoyará usted la convención *{{treaty}}* en su país, {{country}}? ",
}


@dataclass(frozen=True)
class Measured:
    """Seconds of planning so many targets, of the clock and of CPU, the peak of memory before and after, and what came
    of it; and of the check after it, its CPU time and what it found.
    """

    targets: int
    seconds: float
    cpu_seconds: float
    megabytes_before: float
    megabytes: float
    letters: int
    skipped: int
    languages: int
    check_cpu_seconds: float = 0.0
    findings: int = 0

    @property
    def per_second(self) -> float:
        """Targets decided in a second."""
        return self.targets / self.seconds


def _peak() -> float:
    # Kilobytes on Linux.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _people(first: int, count: int, parliament_id: int) -> list[int]:
    """Members of a parliament, each with a name, a country and (but one in fifty) an address."""
    rows: list[dict[str, Any]] = []
    now = clock.now()
    for number in range(first, first + count):
        name, country = f"Ada{number % 977} Invented{number}", _COUNTRIES[number % len(_COUNTRIES)]
        address = None if number % 50 == 0 else f"ada{number}@parliament.example"
        common: dict[str, Any] = {
            "kind": ContactKind.PERSON,
            "category": Category.MEP,
            "country": country,
            "country_sort": country,
        }
        common |= {"country": country, "country_sort": country}
        common |= {"group_sort": "", "forms_of_address": {}, "created_at": now, "updated_at": now}
        names = {"given_name": f"Ada{number % 977}", "family_name": f"Invented{number}"}
        rows.append({"name": name, "sort_name": name.lower(), "search_text": "", "email": address, **names, **common})
    connection = db.session.connection()
    ids = new_ids(connection, _CONTACTS, count)
    insert_columns(connection, _CONTACTS, {"id": ids, **{name: [row[name] for row in rows] for name in rows[0]}})
    db.session.execute(
        sa.insert(Membership),
        [{"person_id": number, "organization_id": parliament_id, "role": "member"} for number in ids],
    )
    return ids


def _body(language: str) -> str:
    return f"{{{{salutation}}}}\n\n{_QUESTIONS[language] * 20}\n\n{{{{closing}}}}\n{{{{sender_name}}}}"


def prepare(targets: int, *, mailings: int = 1, body: str = "", rest_days: int = 14) -> list[int]:
    """A campaign of so many targets and mailings to all of them, being planned; their ids.

    `body` is for every language; without it each has its own.
    """
    with unit_of_work("prepare", actor=ACTOR):
        load_facts()
    with unit_of_work("prepare", actor=ACTOR):
        create_user("olga@team.example", "Olga Officer", Role.LEAD, "Team", None)
        campaign = start_campaign(targets)
        if campaign is None:
            raise RuntimeError("no campaign")
        parliament = Organization(
            name="Parliament",
            category=Category.PARLIAMENT,
            category_override=Category.PARLIAMENT,
            sort_name="parliament",
        )
        db.session.add(parliament)
        db.session.flush()
        parliament_id = parliament.id
    for first in range(0, targets, _CHUNK):
        with unit_of_work("prepare", actor=ACTOR):
            campaign.pursue(_people(first, min(_CHUNK, targets - first), parliament_id), clock.now())
    with unit_of_work("prepare", actor=ACTOR):
        template = create_template(campaign.id, "Letter")
        for language in _LANGUAGES:
            wording = write_wording(template.id, language, "To {{name}}", body or _body(language), author_id=None)
            wording.approved_at = clock.now()
        text = MailingText("Mailing", template.id, "en", Audience(), "Olga", "olga@team.example", rest_days=rest_days)
        officer_id = campaign.officers[0]
        made = [create_mailing(campaign.id, text, planned_by_id=officer_id) for _ in range(mailings)]
        return [plan_mailing(mailing.id, planned_by_id=officer_id).id for mailing in made]


def approve(mailing_id: int, approver_id: int) -> None:
    """Open the sample of a planned mailing, read what the check warns of, and release it."""
    sample = sample_of(db.session.get_one(Mailing, mailing_id), approver_id)
    warnings = sum(each.letters for each in findings_of_mailing(mailing_id))
    with unit_of_work("approve", actor=ACTOR):
        for letter in sample:
            open_letter(letter.letter_id, approver_id)
        approve_mailing(mailing_id, approver_id=approver_id, warnings_read=warnings)


def prepare_in(folder: Path, targets: int) -> None:
    """Make the data of a mailing to so many targets, which `run` plans."""
    settings = settings_in(folder)
    prepare_data(settings)
    with create_app(settings).app_context():
        prepare(targets)


def run(folder: Path, targets: int) -> Measured:
    """Plan in this process, as the desk worker does."""
    app = create_app(settings_in(folder))
    with app.app_context():
        mailing_id = db.session.scalars(sa.select(Mailing.id)).one()
        db.session.remove()
        before = _peak()
        began, cpu_began = time.perf_counter(), time.process_time()
        to_the_end("plan letters", plan_next, mailing_id)
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
        began = time.process_time()
        check_letters(mailing_id)
        check_seconds = time.process_time() - began
        mailing = db.session.get_one(Mailing, mailing_id)
        ledger = ledgers([mailing_id])[mailing_id]
        if mailing.state is not MailingState.AWAITING_APPROVAL or not ledger.adds_up or ledger.planned != targets:
            raise AssertionError(f"{ledger.planned} of {targets} targets were decided")
        used = sa.select(sa.func.count(sa.distinct(Letter.language))).where(Letter.skip_reason.is_(None))
        languages = db.session.scalar(used) or 0
        found = sum(each.letters for each in findings_of_mailing(mailing_id))
        parts = (ledger.posted, ledger.skipped, languages, check_seconds, found)
        return Measured(targets, seconds, cpu_seconds, before, _peak(), *parts)


def measure(targets: int) -> Measured:
    """Plan in a process of its own, and have another make the data, because the peak of memory is a process's."""
    with tempfile.TemporaryDirectory(prefix="ratify-planning-") as folder:
        command = [sys.executable, "-m", "benchmarks.planning", "--targets", str(targets)]
        subprocess.run([*command, "--prepare", folder], check=True)
        done = subprocess.run([*command, "--run", folder], check=True, stdout=subprocess.PIPE, text=True)
        return Measured(**json.loads(done.stdout.splitlines()[-1]))


def check(small: Measured, large: Measured) -> None:
    """Refuse a planning that is not linear, grows in memory, or did not do the work. Raises AssertionError."""
    for each in (small, large):
        if each.letters + each.skipped != each.targets or not each.letters or not each.skipped:
            raise AssertionError(f"not every target was decided: {each}")
        if each.languages < len(_LANGUAGES):
            raise AssertionError(f"letters in {each.languages} languages alone: {each}")
    share = small.targets * (LARGE // SMALL) / large.targets
    # Of CPU, which other work on the machine does not lengthen.
    for what, few, many in (
        ("to plan", small.cpu_seconds, large.cpu_seconds),
        ("to check", small.check_cpu_seconds, large.check_cpu_seconds),
    ):
        times = many / few * share if few else 0.0
        if times > MOST_TIMES:
            raise AssertionError(f"ten times the targets took {times:.1f} times the time {what}")
    if large.megabytes - small.megabytes > MOST_MORE_MEGABYTES:
        raise AssertionError(f"memory grows with the targets: {small.megabytes:.0f} MB, then {large.megabytes:.0f} MB")


def text(measured: Measured) -> str:
    """The figures of one size on a line."""
    return (
        f"planning {measured.targets:,} targets: {measured.seconds:.1f} s ({measured.per_second:.0f} a second; "
        f"{measured.cpu_seconds:.1f} s of CPU), "
        f"peak memory {measured.megabytes:.0f} MB ({measured.megabytes_before:.0f} before), "
        f"{measured.letters:,} letters in {measured.languages} languages, {measured.skipped:,} skipped; "
        f"the check: {measured.check_cpu_seconds:.1f} s of CPU, {measured.findings:,} findings"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=LARGE)
    parser.add_argument("--prepare", type=Path, help="make the data in this folder, and no more")
    parser.add_argument("--run", type=Path, help="plan what was prepared in this folder, and print the figures")
    parser.add_argument("--json", type=Path, help="write the figures to this file, beside what is there, as `planning`")
    chosen = parser.parse_args()
    if chosen.prepare:
        prepare_in(chosen.prepare, chosen.targets)
        return
    if chosen.run:
        print(json.dumps(asdict(run(chosen.run, chosen.targets))))
        return
    small, large = measure(SMALL), measure(chosen.targets)
    for each in (small, large):
        print(text(each))
    if chosen.json:
        write(chosen.json, {"planning": {str(each.targets): asdict(each) for each in (small, large)}})
    check(small, large)


if __name__ == "__main__":
    main()
