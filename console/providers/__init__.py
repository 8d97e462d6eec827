"""The Providers screen: who serves what, edited as a draft, put in force as a version."""
