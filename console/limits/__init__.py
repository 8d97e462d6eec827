"""The view of rate limits, on the Budgets screen."""
