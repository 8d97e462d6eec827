"""The view of keys and stored secrets, on the Providers screen."""
