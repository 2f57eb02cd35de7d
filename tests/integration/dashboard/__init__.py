"""The dashboard over a real database, called in this process."""
