"""Fixtures that every folder may ask for."""

pytest_plugins = ("tests.support.database",)
