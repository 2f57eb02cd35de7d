# ruff: noqa: RUF001 - what looks alike is the point
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.inbound import Keyword
from domain.opt_out import Keywords, words
from domain.opt_out_words import COURTESY, HELP, OBJECTS, START, STOP, STOP_VERBS

KEYWORDS = Keywords()
KINDS = {
    Keyword.STOP: (*STOP, *STOP_VERBS),
    Keyword.START: START,
    Keyword.HELP: HELP,
}
ALL = [(phrase, kind) for kind, phrases in KINDS.items() for phrase in phrases]
OPTS_OUT = """
STOP
stop
Stop.
Stop!!!
 stop\u00a0
"STOP"
#stop
/stop
Stop. Thank you
Please stop
please, STOP!
Stop, pls
Ok stop
Hi! Stop please.
STOP ALL
StopAll
stop it
Stop this now
STOP SMS
stop texting me
Stop sending me messages, please
stop the spam
stop stop stop
STOP STOP
S-T-O-P
S T O P
s.t.o.p.
🛑 STOP 🛑
stop🙏🏽
st\u200bop
ＳＴＯＰ
𝐒𝐓𝐎𝐏
s\u0336t\u0336o\u0336p\u0336
Unsubscribe
UNSUBSCRIBE me from this list
unsubscribe, thank you
Cancel
END
quit!
Revoke
opt out
OPT-OUT
optout
Opt me out, please
Remove me
remove me from your list
don't text me
Don’t text me
do not contact me
No more messages
Leave me alone!
стоп
Стоп
СТОП!!!
Стоп, пожалуйста\u0020
«Стоп»
CTOП
CTОП
стоп рассылка
Стоп смс
стоп всё
Стоп спам
отписаться
Отписаться от рассылки
отпишите меня
Отпишите меня от вашей рассылки, пожалуйста
ОТПИСКА
хватит
Хватит!
Хватит слать смс
отказ
Отказ от рассылки
Прекратите рассылку
не пишите мне больше
Больше не присылайте!
тоқтату
ТОҚТАТУ
Тоқтатыңыз, рахмет
токтату
тоқта
бас тарту
Смс жібермеңіз
хабарламаларды тоқтату
toqtatu
""".strip("\n").splitlines()
OPTS_IN = """
START
Start.
start, please
unstop
UNSTOP!
Subscribe
opt in
OPT-IN
resume
старт
Старт!
подписаться
Подпишите меня, пожалуйста
возобновить
бастау
Бастау, рахмет
қосу
ҚОСУ
жазылу
""".strip("\n").splitlines()
ASKS_FOR_HELP = """
HELP
help?
Help, please
INFO
помощь
Справка
көмек
""".strip("\n").splitlines()
ASKS_NOTHING = """
don't stop
Don’t stop
dont stop
do not stop
please do not stop
Please don't stop, thanks
never stop
non-stop
nonstop
stopwatch
stopwatch please
stops
stopped
unstoppable
bus stop
bus-stop
the stop
one-stop shop
pit stop
where is the stop?
stop by tomorrow
Stop the car
stop at the corner
stop.kz
stop and start
stop start
start stop
not stop
do you want me to stop?
I will stop by at 5
When does it stop?
cancel my order
Cancel it
cancel the appointment
the end
weekend
end of the month
quit smoking
I quit my job
remove the second item
opt
out
no
No, thanks
yes
thank you
please
ok
getting started
start time?
When do we start
help me move on Friday
for your information
helpful
стоп машина
стоп-кран
стопка
стопа
остановка
не стоп
автостоп
стоп-лист готов?
хватит ли денег
мне хватит
отказ получен
отказать
не отписывайте
не отписываться
подписание договора
старт завтра
стартап
да
нет
спасибо
Пожалуйста
тоқтатпаңыз
тоқтаусыз
тоқтамаңыз
автобус тоқтайды
бастауыш сынып
қосулы
рахмет
12345
0

!!!
🛑
""".strip("\n").splitlines()


@pytest.mark.parametrize("text", OPTS_OUT)
def test_this_opts_out(text: str) -> None:
    assert KEYWORDS.read(text) is Keyword.STOP


@pytest.mark.parametrize("text", OPTS_IN)
def test_this_opts_in(text: str) -> None:
    assert KEYWORDS.read(text) is Keyword.START


@pytest.mark.parametrize("text", ASKS_FOR_HELP)
def test_this_asks_for_help(text: str) -> None:
    assert KEYWORDS.read(text) is Keyword.HELP


@pytest.mark.parametrize("text", ASKS_NOTHING)
def test_this_asks_for_nothing(text: str) -> None:
    assert KEYWORDS.read(text) is None


@pytest.mark.parametrize(("phrase", "kind"), ALL)
def test_every_listed_phrase_is_what_it_is_listed_as(phrase: str, kind: Keyword) -> None:
    assert KEYWORDS.read(phrase) is kind


def test_no_phrase_is_listed_twice() -> None:
    compared = [words(phrase) for phrase, _ in ALL]
    assert len({*compared}) == len(compared)


@pytest.mark.parametrize("word", [*COURTESY, *OBJECTS])
def test_what_may_stand_beside_a_word_asks_for_nothing_alone(word: str) -> None:
    assert KEYWORDS.read(word) is None


phrases = st.sampled_from(ALL)
around = st.text(" \t\n.,!?…-–—\"'«»()*_/#🛑🙏😀\u200b\ufe0f\u00a0", max_size=8)
cases = st.sampled_from([str.upper, str.lower, str.title, str.swapcase, str.capitalize])
beside = st.text("zжщъwq", max_size=3)


@given(listed=phrases, before=around, after=around, change=cases)
def test_case_space_and_punctuation_around_do_not_matter(
    listed: tuple[str, Keyword], before: str, after: str, change: object
) -> None:
    phrase, kind = listed
    assert callable(change)
    assert KEYWORDS.read(before + change(phrase) + after) is kind


@given(listed=phrases, gap=st.text(" .,-\n", min_size=1, max_size=4))
def test_what_stands_between_words_does_not_matter(listed: tuple[str, Keyword], gap: str) -> None:
    phrase, kind = listed
    assert KEYWORDS.read(phrase.replace(" ", gap)) is kind


@given(listed=phrases, courtesy=st.lists(st.sampled_from(COURTESY), max_size=4), at=st.integers())
def test_courtesy_does_not_matter(
    listed: tuple[str, Keyword], courtesy: list[str], at: int
) -> None:
    phrase, kind = listed
    cut = at % (len(courtesy) + 1)
    polite = ", ".join([*courtesy[:cut], phrase, *courtesy[cut:]])
    assert KEYWORDS.read(polite) is kind


@given(listed=phrases, times=st.integers(2, 30))
def test_a_word_said_often_is_that_word(listed: tuple[str, Keyword], times: int) -> None:
    phrase, kind = listed
    assume(" " not in phrase)
    assert KEYWORDS.read(" ".join([phrase] * times)) is kind


@given(listed=phrases, before=beside, after=beside)
def test_a_word_inside_another_never_counts(
    listed: tuple[str, Keyword], before: str, after: str
) -> None:
    assume(before or after)
    assert KEYWORDS.read(before + listed[0] + after) is None


@given(listed=phrases, others=st.lists(st.sampled_from(["машина", "order", "not", "не", "7"])))
def test_a_word_among_others_never_counts(listed: tuple[str, Keyword], others: list[str]) -> None:
    assume(others)
    assume({others[0], others[-1]}.isdisjoint(listed[0].split()))  # a repetition says the same
    assert KEYWORDS.read(" ".join([listed[0], *others])) is None
    assert KEYWORDS.read(" ".join([*others, listed[0]])) is None


@given(listed=phrases, data=st.data())
def test_letters_that_look_alike_may_be_mixed(
    listed: tuple[str, Keyword], data: st.DataObject
) -> None:
    phrase, kind = listed
    alike = dict(zip("аеорсух", "aeopcyx", strict=True))
    alike |= {latin: cyrillic for cyrillic, latin in alike.items()}
    mixed = [
        alike[letter] if letter in alike and data.draw(st.booleans()) else letter
        for letter in phrase
    ]
    assert KEYWORDS.read("".join(mixed)) is kind


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert KEYWORDS.read(text) in {None, *Keyword}


def test_a_long_text_is_read_in_no_time() -> None:
    assert KEYWORDS.read("stop " * 20_000 + "machine") is None


class TestWordsOfADeployment:
    def test_more_words_may_be_given(self) -> None:
        keywords = Keywords(stop=["Basta", "no mas"], start=["ДА"])
        assert keywords.read("basta!") is Keyword.STOP
        assert keywords.read("No más, please") is Keyword.STOP
        assert keywords.read("Да.") is Keyword.START

    def test_the_usual_words_are_still_known(self) -> None:
        keywords = Keywords(stop=["basta"])
        assert keywords.read("stop") is Keyword.STOP
        assert keywords.read("start") is Keyword.START

    def test_a_word_that_is_to_stop_does_stop_whatever_else_it_is(self) -> None:
        keywords = Keywords(stop=["info", "start"], start=["stop", "хватит"])
        for text in ("info", "start", "stop", "хватит"):
            assert keywords.read(text) is Keyword.STOP

    @pytest.mark.parametrize("phrase", ["", "!!!", "please", "🛑"])
    def test_a_phrase_that_says_nothing_changes_nothing(self, phrase: str) -> None:
        keywords = Keywords(stop=[phrase], start=[phrase])
        assert keywords.read("") is None
        assert keywords.read("thank you") is None
        assert keywords.read("!") is None
