"""The operator console: sign-in pages, the gate before them, and everything that the thin scripts in ``pages`` call."""
