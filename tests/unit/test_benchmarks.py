import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.numbering import LibPhoneNumbering
from benchmarks.measuring.load import Load, payloads
from benchmarks.measuring.process_figures import Meter, tree, usage
from benchmarks.measuring.tally import Tally, percentile
from benchmarks.phones import number
from benchmarks.ports import free_port, wait_port
from benchmarks.stand.figure import Figure, added, ratio, shown, table
from benchmarks.stand.question import Question

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
README = BENCHMARKS / "README.md"


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    return subprocess.run(  # noqa: S603 - our own words
        command, capture_output=True, text=True, timeout=20, check=False
    )


@given(st.sets(st.integers(0, 10**9 - 1), max_size=100))
def test_numbers_of_the_sequence_never_repeat(places: set[int]) -> None:
    assert len({number(i) for i in places}) == len(places)


def test_a_slice_of_the_sequence_is_always_the_same() -> None:
    whole = run("phones.py", "30").stdout.splitlines()
    assert whole[0] == "79123456789"
    assert whole == [number(i) for i in range(30)]
    assert run("phones.py", "10", "--offset", "20").stdout.splitlines() == whole[20:]
    assert run("phones.py", "1", "--plus").stdout == f"+{whole[0]}\n"


def test_more_numbers_than_there_are_are_refused() -> None:
    assert run("phones.py", "2", "--digits", "1", "--offset", "9").returncode != 0


@pytest.mark.parametrize(
    "script",
    ["bench.py", "blacklist.py", "figures.py", "retention.py", "sink.py", "baselines/kannel.py"],
)
def test_a_command_explains_itself(script: str) -> None:
    helped = run(script, "--help")
    assert helped.returncode == 0, helped.stderr
    assert helped.stdout.startswith("usage: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "http://192.0.2.1"),
        ("run", "http://127.0.0.1", "--seconds", "1000"),
        ("open", "http://127.0.0.1", "--rate", "1000000"),
        ("run", "http://127.0.0.1", "--sink", "http://192.0.2.1"),
        ("compare", "http://127.0.0.1"),
        ("coldstart", "http://127.0.0.1"),
    ],
)
def test_a_load_without_bounds_or_for_another_machine_is_refused(
    arguments: tuple[str, ...],
) -> None:
    refused = run("bench.py", *arguments)
    assert refused.returncode != 0
    assert refused.stdout == ""
    assert "Traceback" not in refused.stderr


def test_percentiles_of_a_hundred_values() -> None:
    values = [float(i) for i in range(100)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([7.0], 0.999) == 7


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_is_one_of_the_values_with_its_share_below(
    values: list[float], share: float
) -> None:
    ordered = sorted(values)
    found = percentile(ordered, share)
    assert sum(value < found for value in ordered) <= share * len(ordered)
    assert sum(value <= found for value in ordered) >= share * len(ordered)


def test_a_tally_tells_good_answers_from_bad_ones() -> None:
    tally = Tally('"status":true')
    for answer in [
        (200, b'{"status":true}'),
        (200, b'{"status":false}'),
        (500, b""),
        (0, b""),
    ]:
        tally.note(0, answer)
    tally.timeouts += 1
    row = tally.row(2)
    assert (row["requests"], row["rps"]) == (3, 1.5)
    kinds = ("bad_body", "bad_status", "socket_errors", "timeouts")
    assert [row[kind] for kind in kinds] == [1, 1, 1, 1]
    assert row["errors"] == 4


def test_requests_are_whole_and_the_same_for_the_same_seed() -> None:
    url = urlsplit("http://127.0.0.1:8080/v1")
    load = Load(path="/sms?n={n}", phones=3, headers=("Prefer: respond-async",), seed=5)
    first, second = (next(payloads(url, load)) for _ in range(2))
    assert first == second
    head, body = first.split(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/sms?n=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n")
    assert b"\r\nPrefer: respond-async\r\n" in head
    assert head.endswith(b"Content-Length: %d" % len(body))
    phones = msgspec.json.decode(body)["phones"]
    assert len(set(phones)) == 3
    assert [LibPhoneNumbering(None).read(phone).e164 for phone in phones] == phones


def test_the_use_of_a_process_includes_its_children() -> None:
    with subprocess.Popen(["sleep", "20"]) as child:  # noqa: S607 - found in any PATH
        try:
            assert set(tree([os.getpid()])) >= {os.getpid(), child.pid}
            assert usage([os.getpid()]).rss_mb > usage([child.pid]).rss_mb > 0
        finally:
            child.kill()


def test_a_meter_counts_from_its_beginning() -> None:
    meter = Meter([os.getpid()])
    before = usage([os.getpid()]).cpu_s
    while usage([os.getpid()]).cpu_s < before + 0.05:
        sum(range(10_000))
    figures = meter.figures(requests=1000, seconds=1)
    assert 50 <= figures["cpu_ms_per_1k"] < 1000
    assert figures["rps_per_cpu_s"] == pytest.approx(1e6 / figures["cpu_ms_per_1k"], rel=0.01)
    assert Meter([]).figures(1, 1) == {}


def test_nobody_listens_on_a_free_port() -> None:
    assert not wait_port(free_port(neighbours=2), seconds=0.1)


def test_ratios_are_taken_round_by_round() -> None:
    figure = ratio("Sends", [10, 40, 90], [5, 10, 30], command="bench.py", errors=0)
    assert figure.cells() == ["Sends", "40.0", "10.0", "3.00x", "2.00x", "4.00x", "`bench.py`"]


def test_differences_are_taken_round_by_round() -> None:
    figure = added("p50", [52, 53.5], [50, 50], command="bench.py", errors=2)
    assert figure.cells()[0] == "p50 (**2 errors**)"
    assert figure.cells()[3:6] == ["2.75 ms", "2.00 ms", "3.50 ms"]


@pytest.mark.parametrize(
    ("value", "text"), [(12345.6, "12 346"), (99.94, "99.9"), (9.994, "9.99"), (-0.5, "-0.50")]
)
def test_numbers_have_about_three_digits(value: float, text: str) -> None:
    assert shown(value) == text


def test_a_table_has_a_line_for_each_figure() -> None:
    figure = Figure(what="Sends", ours=[1], values=[1], command="bench.py")
    head, rule, *lines = table([figure, figure]).splitlines()
    assert len(lines) == 2
    assert {line.count("|") for line in (head, rule, *lines)} == {8}


def test_a_command_is_shown_as_a_shell_takes_it_without_paths_of_this_machine() -> None:
    question = Question("run", "$GATEWAY", "--check", '"a b"', "--rate", 5, Path("/opt/bin/habar"))
    assert str(question) == "bench.py run $GATEWAY --check '\"a b\"' --rate 5 habar"


def test_the_readme_names_every_command_and_no_file_that_is_not_there() -> None:
    text = README.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+(?:\.py|\.lua|/))`", text))
    commands = {path.name for path in BENCHMARKS.glob("*.py") if "__main__" in path.read_text()}
    assert commands <= named
    assert [name for name in named if not any(BENCHMARKS.rglob(name))] == []
