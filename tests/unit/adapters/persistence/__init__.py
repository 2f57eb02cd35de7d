"""Tests without disk or socket."""
