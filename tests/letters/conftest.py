"""A campaign with four targets, one of them without an address, and who works on it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.accounts.models import User
from crm.pipeline.models import Campaign
from crm.policy import Role
from tests.factories.accounts import make_user, sign_in
from tests.factories.letters import make_letter_target
from tests.factories.pipeline import make_campaign


@pytest.fixture
def officer(app: Flask) -> User:
    return make_user(Role.OFFICER, name="Olga Officer", email="olga@team.example")


@pytest.fixture
def lead(app: Flask) -> User:
    return make_user(Role.LEAD, name="Lea Lead")


@pytest.fixture
def campaign(lead: User) -> Campaign:
    campaign = make_campaign("Ratify now", owner=lead)
    for name in ("Ana Ruiz", "Bo Lund", "Cy Roth"):
        make_letter_target(campaign, name)
    make_letter_target(campaign, "No Address", email=None)
    return campaign


@pytest.fixture
def as_officer(client: FlaskClient, officer: User) -> FlaskClient:
    return sign_in(client, officer)


@pytest.fixture
def as_lead(app: Flask, lead: User) -> FlaskClient:
    return sign_in(app.test_client(), lead)
