"""The Live screen: golden signals of all processes."""
