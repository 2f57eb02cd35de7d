"""The database: one schema, one history, SQLite and PostgreSQL."""
