"""How fast Habar is, measured so that the figures can be believed."""
