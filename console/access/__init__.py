"""The Access screen: people, accounts, sessions and API keys."""
