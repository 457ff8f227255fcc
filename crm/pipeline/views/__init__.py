"""Screens of the pipeline: campaigns, the board, lists of targets, one target."""

from crm.pipeline.views import board, campaigns, target, targets
from crm.pipeline.views.blueprint import blueprint

__all__ = ["blueprint", "board", "campaigns", "target", "targets"]
