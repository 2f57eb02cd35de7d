"""One history for SQLite and PostgreSQL."""

HEAD = "0008"
"""The newest revision; kept here so that a start on a current database need not load Alembic."""
VERSION_TABLE = "sms_alembic_version"
"""A name of our own: the system Habar replaces may have left its own history in the schema."""
