"""The providers' stand-ins, spoken to over real sockets."""
