"""The app as it is while mail is caught."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import Settings
from tests.factories.accounts import make_user, sign_in


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"mail_catcher": True})


@pytest.fixture
def reader(app: Flask, client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_user())
