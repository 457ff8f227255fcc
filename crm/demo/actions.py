"""Loading the demo, by the same actions as the screens'."""

from __future__ import annotations

from datetime import timedelta

from crm import clock
from crm.accounts.models import User
from crm.demo import campaign, directory, letters
from crm.demo.users import create_users
from crm.policy import Role
from crm.unit_of_work import unit_of_work


def _as(user: User) -> str:
    return f"user:{user.id}"


def load_demo() -> None:
    """Fill an empty database. Every piece is written in the name of the demo user who would have written it."""
    began = clock.now() - timedelta(days=campaign.STARTED_DAYS_AGO)
    with clock.pretend(began):
        with unit_of_work("load demo users", actor="command:demo"):
            users = create_users()
            admin, lead, officer = (_as(users[role]) for role in (Role.ADMIN, Role.LEAD, Role.OFFICER))
        with unit_of_work("load demo contacts", actor=admin):
            contacts = directory.create_contacts()
        with unit_of_work("create campaign", actor=lead):
            running = campaign.create(contacts, users)
    with unit_of_work("move targets", actor=officer):
        campaign.play(running, contacts)
    letters.write(running, users, clock.now())
