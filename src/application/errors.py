"""What can fail around a use case without anybody having broken a rule."""


class StorageUnavailableError(Exception):
    """The database could not be reached or could not write; nothing more is known."""


class DuplicateKeyError(Exception):
    """Another call with the same idempotency key was faster; nothing was done by this one."""


class StoppingError(Exception):
    """The service is stopping; nothing was done."""


class UnauthorizedError(Exception):
    """No key was shown that opens anything."""


class RateLimitedError(Exception):
    """A key was used more often than it may be.

    Attributes:
        wait_s: until it may be used again.
    """

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"{wait_s:.3f} s too early")
        self.wait_s = wait_s


class SettingsError(Exception):
    """The deployment is set up wrongly.

    Attributes:
        problems: every one of them, for a person, each naming the setting.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
