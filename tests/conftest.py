"""Fixtures that every folder may ask for, and how Hypothesis runs here."""

from hypothesis import settings

pytest_plugins = ("tests.support.database",)

# Two tests run at a time, beside servers and browsers: how long one example took says nothing.
settings.register_profile("beside_others", deadline=None)
settings.load_profile("beside_others")
