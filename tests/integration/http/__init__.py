"""The JSON API, as a caller sees it."""
