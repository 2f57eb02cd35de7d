"""What Mobizon says beside its error codes, and what it puts where a result would be."""

_WORDS = {
    1: "Некоторые поля заполнены неверно.",
    2: "Запись не найдена.",
    3: "Неопознанная ошибка приложения.",
    4: "Неверно указан модуль.",
    5: "Неверно указан метод.",
    6: "Неверно указан формат.",
    8: "Ошибка авторизации.",
    9: "Метод недоступен.",
    12: "Параметр выходит за пределы.",
    13: "Аккаунт обслуживается другим доменом.",
    14: "Аккаунт заблокирован.",
    15: "Операция не выполнена.",
    30: "Слишком много запросов.",
    999: "Сервис недоступен.",
}
_DATA: dict[int, object] = {1: {"recipient": "Неверный номер."}, 13: "api.mobizon.ua"}


def words_of(code: int) -> str:
    """Return the text for a person."""
    return _WORDS.get(code, "Ошибка.")


def data_of(code: int) -> object:
    """Return what stands under ``data``: the fields at fault, the right host, or nothing."""
    return _DATA.get(code, [])
