"""The reference in the documents is what the program says of itself."""

from tests.reference import PAGE, reference


def test_the_reference_is_what_the_program_serves() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "make reference writes it anew"
