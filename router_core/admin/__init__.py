"""What operators do and see: every action checked, written down, and carried out."""
