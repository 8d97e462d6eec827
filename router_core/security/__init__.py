"""Who is asking and what they may do: API keys, passwords, console sessions, permissions."""
