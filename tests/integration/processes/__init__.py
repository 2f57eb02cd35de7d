"""The program itself: real processes, real sockets, real kills."""
