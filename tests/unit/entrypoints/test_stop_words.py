import pytest

from domain.inbound import Keyword
from entrypoints.checks import problems_of
from entrypoints.settings import Settings
from entrypoints.stop_words import keywords, word_problems


def test_without_settings_the_usual_words_are_known() -> None:
    settings = Settings(sms_dummy=True)
    assert [*word_problems(settings)] == []
    assert keywords(settings).read("Стоп!") is Keyword.STOP


def test_words_are_added() -> None:
    settings = Settings(stop_words=("basta", "no mas"), start_words=("да",))
    assert [*word_problems(settings)] == []
    assert keywords(settings).read("No mas!") is Keyword.STOP
    assert keywords(settings).read("ДА") is Keyword.START


@pytest.mark.parametrize("word", ["!!!", "please", "🛑"])
def test_a_word_that_says_nothing_is_a_problem(word: str) -> None:
    settings = Settings(sms_dummy=True, stop_words=(word,), start_words=(word,))
    first, second = problems_of(settings)
    assert first.startswith(f"STOP_WORDS: {word}")
    assert second.startswith(f"START_WORDS: {word}")


@pytest.mark.parametrize("word", ["stop", "Хватит", "basta"])
def test_a_word_that_opts_in_must_not_opt_out(word: str) -> None:
    settings = Settings(sms_dummy=True, stop_words=("basta",), start_words=(word,))
    (problem,) = problems_of(settings)
    assert problem.startswith(f"START_WORDS: {word}")
