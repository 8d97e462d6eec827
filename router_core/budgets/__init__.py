"""Budgets that cannot be overrun: money is leased from the store in slices, and held and settled in memory."""
