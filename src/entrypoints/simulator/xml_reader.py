"""A reader for XML from strangers: no document type, no entities, no deep nesting."""

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers.expat import ExpatError, ParserCreate

_DEPTH_MAX = 64


class UnreadableXmlError(ValueError):
    """The text is not XML, or XML nobody needs."""


def read_xml(text: str) -> Element:
    """Return the root element.

    Raises:
        UnreadableXmlError: it is malformed, has a document type or is nested too deep.
    """
    try:
        return _Reader().read(text)
    except ExpatError as error:
        raise UnreadableXmlError(str(error)) from error


class _Reader:
    def __init__(self) -> None:
        self._builder = TreeBuilder()
        self._depth = 0

    def read(self, text: str) -> Element:
        parser = ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._builder.data
        # Entities are declared in a document type only: without one there is no XML bomb.
        parser.StartDoctypeDeclHandler = self._doctype
        parser.Parse(text, True)  # noqa: FBT003 - the C function takes no keyword
        return self._builder.close()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise UnreadableXmlError("nested too deep")
        self._builder.start(tag, attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._builder.end(tag)

    def _doctype(self, *_: object) -> None:
        raise UnreadableXmlError("a document type is not taken")
