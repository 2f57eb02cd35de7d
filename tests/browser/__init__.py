"""The dashboard as people see it: Chromium in front of a gateway that is a process of its own."""
