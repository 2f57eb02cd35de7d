"""Any text arrives in the log as it was sent, through each wire."""

from hypothesis import given, settings
from hypothesis import strategies as st

from entrypoints.simulator.segments import count_segments
from entrypoints.simulator.wire import ProviderCode
from tests.integration.simulator.client import PHONE, Client, twiml

# XML 1.0 has no way to write the other control characters.
text = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc"],
        include_characters="\t\n\r",
        exclude_characters="\ufffe\uffff",
    ),
    min_size=1,
    max_size=120,
)
any_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@settings(max_examples=60)
@given(text=text)
async def test_any_text_reaches_each_provider_unchanged(lasting_client: Client, text: str) -> None:
    lasting_client.simulator.sent.clear()
    await lasting_client.send_each(text, "r")
    texts = {message.provider: message.text for message in lasting_client.simulator.sent}
    assert texts == dict.fromkeys(ProviderCode, text)


@settings(max_examples=60)
@given(text=any_text)
async def test_forms_carry_control_characters_too(lasting_client: Client, text: str) -> None:
    lasting_client.simulator.sent.clear()
    await lasting_client.smscru(mes=text, call="1")
    await lasting_client.twilio(Body=text)
    await lasting_client.mobizonkz(more={"text": text})
    assert [message.text for message in lasting_client.simulator.sent] == [text] * 3
    items = (await lasting_client.request("GET", "/simulator/sent")).json()
    assert [item["text"] for item in items] == [text] * 3


@settings(max_examples=60)
@given(texts=st.lists(text, min_size=1, max_size=3))
async def test_a_call_speaks_exactly_its_texts(lasting_client: Client, texts: list[str]) -> None:
    document = twiml(*texts)
    lasting_client.simulator.sent.clear()
    await lasting_client.twilio("Calls", Twiml=document)
    for call in lasting_client.simulator.sent:
        assert (call.twiml, call.spoken) == (document, tuple(texts))
        assert call.text == "".join(texts)
    assert len(lasting_client.simulator.sent) == (len(document) <= 4000)


@settings(max_examples=30)
@given(phone=st.from_regex(r"[1-9][0-9]{9,14}", fullmatch=True))
async def test_a_phone_is_found_however_it_is_written(lasting_client: Client, phone: str) -> None:
    lasting_client.simulator.sent.clear()
    await lasting_client.smscru(phones=f"+{phone}")
    await lasting_client.mobizonkz(more={"recipient": phone})
    for written in (phone, f"+{phone}"):
        assert len(lasting_client.simulator.sent.find(phone=written)) == 2


def test_segments_are_counted_as_operators_do() -> None:
    assert [count_segments(text) for text in ("", "a" * 160, "a" * 161)] == [1, 1, 2]
    assert [count_segments("ж" * size) for size in (70, 71, 134, 135)] == [1, 2, 2, 3]
    assert [count_segments("€" * size) for size in (80, 81)] == [1, 2]
    assert count_segments("🙂" * 36) == 2
    assert PHONE
