"""Screens of the pipeline: campaigns, the board, lists of targets, one target, commitments."""

from crm.pipeline.views import answers, board, bulk, campaigns, commitments, moves, target, targets
from crm.pipeline.views.blueprint import blueprint

__all__ = ["answers", "blueprint", "board", "bulk", "campaigns", "commitments", "moves", "target", "targets"]
