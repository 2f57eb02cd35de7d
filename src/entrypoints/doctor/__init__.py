"""Is this deployment set up well? Questions only: nothing is changed."""
