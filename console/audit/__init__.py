"""The Audit log screen: filters, pages, one row in full, export."""
