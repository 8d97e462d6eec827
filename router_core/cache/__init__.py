"""Answers kept for identical requests."""
