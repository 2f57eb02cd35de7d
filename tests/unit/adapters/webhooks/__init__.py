"""Webhooks on the wire, without the wire."""
