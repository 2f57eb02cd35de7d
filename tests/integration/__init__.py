"""Tests over real files, databases, sockets and processes."""
