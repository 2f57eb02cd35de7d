"""The ways in, without a server."""
