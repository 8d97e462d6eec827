"""Answers that take several steps: a model calls tools that run here, reads what they give back, and goes on."""

from router_core.steps.multi_step import MultiStep
from router_core.steps.running import ToolPolicy

__all__ = ["MultiStep", "ToolPolicy"]
