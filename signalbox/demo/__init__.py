"""The demo: simulated providers, two accounts, and a workload that keeps every screen alive."""
