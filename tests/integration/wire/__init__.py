"""Real sockets, and servers that behave badly on them."""
