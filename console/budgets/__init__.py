"""The Budgets screen: spending by day, limits with their bars, alerts, and the way to change a limit."""
