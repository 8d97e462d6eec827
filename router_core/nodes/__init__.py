"""The processes that serve from one store: each tells of itself, and hears how many there are."""
