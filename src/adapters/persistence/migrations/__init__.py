"""One history for SQLite and PostgreSQL."""

HEAD = "0001"
"""The newest revision; kept here so that a start on a current database need not load Alembic."""
