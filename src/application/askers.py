"""Who asked for a message, as people know them."""

from uuid import UUID

from application.ports.api_keys import ApiKeys

OF_THE_SETTINGS = "a key of API_KEYS"


class Askers:
    """From accounts to the names of their keys."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    async def name(self, account: str | None) -> str | None:
        """Return the name of the key an account is of; ``None`` where nobody had to show one."""
        if account is None:
            return None
        try:
            key_id = UUID(account)
        except ValueError:
            return OF_THE_SETTINGS
        key = await self._keys.find(key_id)
        return OF_THE_SETTINGS if key is None else key.name
