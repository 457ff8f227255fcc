"""Loading the demo, by the same actions as the screens'."""

from __future__ import annotations

from crm import clock
from crm.demo import aftermath, campaign, directory, history, letters, statements
from crm.demo.rows import LOADED, highest_ids, note_rows_since
from crm.demo.users import create_users
from crm.policy import Role
from crm.unit_of_work import unit_of_work

# Long enough for answers, and short enough for nobody to have gone quiet.
SENT_DAYS_AGO = 21


def load_demo() -> None:
    """Fill an empty database, in one transaction: the demo is there as a whole or not at all.

    Each piece is written in the name of the demo user who would have written it, at the time they would have.
    """
    moment = clock.now()
    with unit_of_work(LOADED, actor="command:demo") as work:
        before = highest_ids()
        with clock.pretend(campaign.office_hours(moment, campaign.STARTED_DAYS_AGO)):
            users = create_users()
            actors = {role: f"user:{user.id}" for role, user in users.items()}
            work.actor = actors[Role.ADMIN]
            contacts = directory.create_contacts()
            work.actor = actors[Role.LEAD]
            running = campaign.create(contacts, users)
        work.actor = actors[Role.OFFICER]
        campaign.play(running, contacts)
        statements.record(running, contacts)
        history.write(running, contacts, users)
        with clock.pretend(campaign.office_hours(moment, 30)):
            templates = letters.write_templates(running, users)
            aftermath.mend_directory(contacts, users[Role.OFFICER].id)
        with clock.pretend(campaign.office_hours(moment, SENT_DAYS_AGO)):
            past = letters.plan_past_mailing(running, templates, users[Role.OFFICER])
            work.actor = actors[Role.LEAD]
            letters.approve_one(past, users[Role.LEAD])
            aftermath.deliver(past)
            work.actor = actors[Role.OFFICER]
            aftermath.answer(past, running)
        aftermath.change_of_office(contacts)
        with clock.pretend(campaign.office_hours(moment, 1)):
            mailings = letters.plan_mailings(running, templates, users[Role.OFFICER])
            letters.write_on(templates["First letter"], users)
        work.actor = actors[Role.LEAD]
        letters.approve(mailings, users[Role.LEAD])
        note_rows_since(before)
        # No bell is rung: the workers look around when they start.
        work.doorbells.clear()
