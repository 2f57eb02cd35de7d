"""The longest text a provider takes."""

from dataclasses import dataclass

from domain.errors import MessageTooLongError
from domain.segments import count_segments


@dataclass(frozen=True, slots=True)
class TextLimit:
    """A bound in characters, in segments, or both.

    Attributes:
        characters: UTF-16 code units, the count that is safe whichever way a provider counts.
        segments: as invoices count them.
    """

    characters: int | None = None
    segments: int | None = None

    def check(self, text: str) -> None:
        """Refuse a longer text.

        Raises:
            MessageTooLongError: it names the limit.
        """
        if self.characters is not None:
            length = len(text.encode("utf-16-le", "surrogatepass")) // 2
            if length > self.characters:
                raise MessageTooLongError(
                    f"The message has {length} characters; this provider takes {self.characters}."
                )
        if self.segments is not None:
            count = count_segments(text).count
            if count > self.segments:
                raise MessageTooLongError(
                    f"The message takes {count} segments; this provider takes {self.segments}."
                )
