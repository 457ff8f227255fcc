"""Screens of the history."""

from crm.history.views import interaction, logging, statement, tasks
from crm.history.views.blueprint import blueprint

__all__ = ["blueprint", "interaction", "logging", "statement", "tasks"]
