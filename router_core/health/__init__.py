"""The last known state of every provider."""
