"""The view of the cache of answers, on the Budgets screen."""
