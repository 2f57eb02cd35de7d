"""One file per provider; they share nothing but the exchange."""
