import pytest

from domain import errors
from domain.errors import DomainError, FieldProblem
from domain.message import IllegalTransitionError

KINDS = DomainError.__subclasses__()


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_says_what_is_wrong_and_where(kind: type[DomainError]) -> None:
    problem = FieldProblem("phones[3]", "The number is too short.")
    error = kind("One phone is wrong.", [problem])
    assert str(error) == error.message == "One phone is wrong."
    assert error.problems == (problem,)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_may_concern_no_field(kind: type[DomainError]) -> None:
    assert kind("The message is empty.").problems == ()


def test_every_error_stands_in_one_file_and_says_so_in_its_name() -> None:
    assert {kind.__module__ for kind in KINDS} == {errors.__name__}
    assert all(kind.__name__.endswith("Error") for kind in KINDS)


def test_a_move_that_does_not_exist_is_no_fault_of_the_caller() -> None:
    assert not issubclass(IllegalTransitionError, DomainError)
