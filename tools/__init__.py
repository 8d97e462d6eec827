"""Checks of the project itself, for CI; nothing of this is in the wheel."""
