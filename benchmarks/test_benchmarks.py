"""The benchmarks compute what they say. No test here says how fast anything must be."""

import hashlib
import json
import socket
import subprocess
import sys
from math import isnan, nan
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from service import ROOT

from benchmarks.load import TOOLS, Load, parse_oha, parse_wrk, percentile
from benchmarks.machine import Cores
from benchmarks.report import fraction, load_table, median_ratio, number, reads_table, summarize
from benchmarks.report import times as ratio_text
from benchmarks.run import answers, measure, pack, unpack
from benchmarks.services import SERVICES, Service, StartError, serve
from benchmarks.tables import Reads

BENCHMARKS = ROOT / "tests" / "benchmarks"
JSON = {"Content-Type": "application/json"}
TIMES = "\N{MULTIPLICATION SIGN}"


# What the tools print

WRK_KILLED = """Running 1s test @ http://127.0.0.1:8765/task/
  1 threads and 4 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    66.99ms   68.27ms 343.30ms   91.67%
    Req/Sec    53.00     36.80   116.00     66.67%
  35 requests in 1.08s, 5.61KB read
  Socket errors: connect 0, read 4, write 7871, timeout 0
Requests/sec:     32.49
Transfer/sec:      5.20KB
RESULT 35 0 7875 1077360 50359 343299
"""
OHA = {  # the parts that are used, as its schema describes them
    "summary": {"successRate": 1.0, "total": 2.5, "requestsPerSec": 44.0},
    "latencyPercentiles": {"p50": 0.0125, "p90": 0.05, "p99": 0.25},
    "statusCodeDistribution": {"200": 60, "201": 40, "500": 10},
    "errorDistribution": {"aborted due to deadline": 32, "connection refused": 3},
}


def test_wrk() -> None:
    """What wrk printed of a server that was killed meanwhile: its errors count."""
    load = parse_wrk(WRK_KILLED)
    assert load == Load(answered=35, seconds=1.07736, p50=50.359, p99=343.299, errors=7875)
    assert round(load.rate, 2) == 32.49


def test_wrk_other_status() -> None:
    """An answer with another status than 2xx is an error, and no answer."""
    load = parse_wrk("RESULT 2568 2500 3 1007171 819 30546\n")
    assert (load.answered, load.errors) == (68, 2503)


def test_wrk_without_result() -> None:
    """If wrk did not measure anything, the error has what it printed instead."""
    with pytest.raises(RuntimeError, match="unable to connect"):
        parse_wrk("unable to connect to 127.0.0.1:9 Connection refused\n")


def test_oha() -> None:
    """Only 2xx are answers. What oha cut off at the end is no error, anything else is."""
    load = parse_oha(json.dumps(OHA))
    assert load == Load(answered=100, seconds=2.5, p50=12.5, p99=250.0, errors=13)
    assert load.rate == 40


def test_oha_without_answers() -> None:
    """Without any answer oha has no times."""
    empty = {"statusCodeDistribution": {}, "latencyPercentiles": {"p50": None, "p99": None}}
    load = parse_oha(json.dumps(OHA | empty))
    assert (load.answered, load.p99, load.errors) == (0, 0, 3)


def test_percentile() -> None:
    """The time that so many percent of the answers did not exceed."""
    values = [float(value) for value in range(100, 0, -1)]
    assert (percentile(values, 50), percentile(values, 99)) == (50, 99)
    assert (percentile([7.0], 99), percentile([], 99)) == (7, 0)


# From the numbers to the tables


def loads(*rates_and_p99s: tuple[int, float]) -> list[Load]:
    """Make the loads of some rounds, of one second each, with one error each."""
    return [Load(rate, 1.0, 1.0, p99, errors=1) for rate, p99 in rates_and_p99s]


RESULTS = {
    "article-sync": {1: loads((100, 8), (50, 9), (10, 10)), 32: loads((10, 2), (20, 400), (40, 6))},
    "async": {1: loads((200, 1), (200, 2), (200, 3)), 32: loads((1, 1), (50, 20), (80, 3))},
}
READS = [
    Reads(1000, "sync", 0.5, 1, 2),
    Reads(1000, "async", 1, 1, 1),
    Reads(10**6, "sync", 1, 12.25, 2),
    Reads(10**6, "async", 1, 1, 123),
]


def test_ratios_are_those_of_one_round() -> None:
    """A ratio compares loads of the same round; then the median of the rounds is taken.

    At 32 connections, the ratio of the medians would be another one: 50 / 20.
    """
    assert median_ratio([1, 50, 80], [10, 20, 40]) == 2
    assert median_ratio([8, 1, 9], [4, 10, 90]) == 0.1  # 2, 0.1, 0.1
    assert isnan(median_ratio([1, 2], []))
    one = summarize(RESULTS)[1]
    assert one.rate == {1: 200, 32: 50}
    assert one.rate_ratio == {1: 4, 32: 2}
    assert one.p99_ratio == {1: 2 / 9, 32: 0.5}
    assert one.errors == 6


def test_load_table() -> None:
    """The table has the ratios, the medians and the sum of the errors."""
    assert load_table(summarize(RESULTS)).splitlines()[2:] == [
        f"| the article, sync | 1.0{TIMES} | 1.0{TIMES} | 1.0{TIMES} | 50.0 | 20.0 | 6.00 | 6 |",
        f"| this course, async | 4.0{TIMES} | 2.0{TIMES} | 1/2.0 | 200 | 50.0 | 3.00 | 6 |",
    ]


def test_load_table_without_base() -> None:
    """If the article's service was not measured, there are no ratios."""
    last = load_table(summarize({"async": RESULTS["async"]})).splitlines()[-1]
    assert last == "| this course, async | - | - | - | 200 | 50.0 | 3.00 | 6 |"


def test_reads_table() -> None:
    """The table has the times, each with its ratio to the smallest table of the same version."""
    x = TIMES
    assert reads_table(READS).splitlines()[2:] == [
        f"| 1,000 | sync | 0.50 (1.0{x}) | 1.00 (1.0{x}) | 2.00 (1.0{x}) |",
        f"| 1,000 | async | 1.00 (1.0{x}) | 1.00 (1.0{x}) | 1.00 (1.0{x}) |",
        f"| 1,000,000 | sync | 1.00 (2.0{x}) | 12.2 (12{x}) | 2.00 (1.0{x}) |",
        f"| 1,000,000 | async | 1.00 (1.0{x}) | 1.00 (1.0{x}) | 123 (123{x}) |",
    ]


def test_numbers() -> None:
    """Numbers have about three digits, and a ratio below 1 is a fraction."""
    assert [number(value) for value in (0.126, 12.34, 1234.5)] == ["0.13", "12.3", "1,234"]
    assert [ratio_text(value) for value in (0.84, 12.3)] == [f"0.8{TIMES}", f"12{TIMES}"]
    assert [fraction(value) for value in (0.05, 0.4, 1.5)] == ["1/20", "1/2.5", f"1.5{TIMES}"]
    assert [fraction(nan), fraction(0)] == ["-", f"0.0{TIMES}"]


def test_stored_results() -> None:
    """What is stored can be shown again."""
    assert unpack(pack("a computer", RESULTS, READS)) == ("a computer", RESULTS, READS)


# What is compared

ARTICLE = {  # the SHA-256 of the article's listings without white space, its first digits
    "article_sync/app/models.py": "dc449173d126b63e",
    "article_sync/app/db.py": "f81af7ca23a08174",
    "article_sync/app/main.py": "e936695718becae3",
    "article_async/app/models.py": "dc449173d126b63e",
    "article_async/app/db.py": "d3a576e10f09fa76",
}
MENDED = {  # the article prints its sync main.py as the async one; this is what must change in it
    "from sqlmodel import Session": "from sqlalchemy.ext.asyncio import AsyncSession",
    "session: Session": "session: AsyncSession",
    "\ndef ": "\nasync def ",
    "session.commit": "await session.commit",
    "session.refresh": "await session.refresh",
    "    create_db_and_tables": "    await init_db",
    "create_db_and_tables": "init_db",
}


def listing(name: str) -> str:
    """Return a file of the article, without the line that is for ruff."""
    return (BENCHMARKS / name).read_text(encoding="utf-8").removeprefix("# ruff: noqa\n")


@pytest.mark.parametrize(("name", "digits"), ARTICLE.items())
def test_article(name: str, digits: str) -> None:
    """The code that is measured as the article's is the article's."""
    code = "".join(listing(name).split())
    assert hashlib.sha256(code.encode()).hexdigest().startswith(digits)


def test_article_async_main() -> None:
    """The async listing is the article's too, but for what is put right."""
    code = listing("article_sync/app/main.py")
    for old, new in MENDED.items():
        assert old in code
        code = code.replace(old, new)
    assert code == listing("article_async/app/main.py")


# Running it


def test_lost_rows_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was acknowledged and is not in the database counts as an error."""

    def send(url: str, body: str, connections: int, seconds: int) -> Load:
        httpx.post(url, content=body, headers=JSON).raise_for_status()
        return Load(5, 1.0, 1.0, 1.0, errors=1)  # it says 5 answers, but there is one

    monkeypatch.setitem(TOOLS, "liar", send)
    options = SimpleNamespace(tool="liar", seconds=1, cores=Cores())
    load = measure(SERVICES["article-sync"], 1, options, tmp_path / "none", tmp_path / "one")
    assert load.errors == 1 + 5 - 1 - 1  # `answers` has stored one more


def test_hanging_service_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a service answers nothing any more, each connection counts as an error."""
    monkeypatch.setattr("benchmarks.run.TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        assert not answers(f"http://127.0.0.1:{nobody.getsockname()[1]}/")
    monkeypatch.setattr("benchmarks.run.answers", lambda url: False)
    monkeypatch.setitem(TOOLS, "none", lambda *_: Load(0, 1.0, 0.0, 0.0, errors=0))
    options = SimpleNamespace(tool="none", seconds=1, cores=Cores())
    load = measure(SERVICES["nothing-def"], 32, options, tmp_path / "none", tmp_path / "one")
    assert load.errors == 32


def test_server_ends_with_the_block(tmp_path: Path) -> None:
    """Ctrl-C, or any other error, ends the server."""
    with (
        pytest.raises(KeyboardInterrupt),
        serve(SERVICES["nothing-async"], tmp_path, Cores()) as url,
    ):
        body = {"task_name": "a", "task_description": None}
        assert httpx.post(f"{url}/async/", json=body).json() == {**body, "id": 1}
        raise KeyboardInterrupt
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_server_does_not_start(tmp_path: Path) -> None:
    """A server that can't start is named, with what it said."""
    service = Service("a service of nothing", tmp_path, "missing:app")
    with (
        pytest.raises(StartError, match=r"(?s)'a service of nothing' ended.*missing"),
        serve(service, tmp_path, Cores()),
    ):
        raise AssertionError("it did start")


def test_command(tmp_path: Path) -> None:
    """The command measures two services and reads, without an error, and draws a picture."""
    picture, stored = tmp_path / "picture.png", tmp_path / "results.json"
    options = ["--tool", "httpx", "--rounds", "1", "--seconds", "1"]
    options += ["--services", "article-sync", "async", "--rows", "30", "--requests", "6"]
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "run.py", *options, "--picture", picture, "--json", stored],
        capture_output=True,
        encoding="utf-8",
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    about, _, *table = [line for line in done.stdout.splitlines() if line]
    assert "fastapi" in about and "1 rounds of 1 s" in about
    names = [line.split(" | ")[0] for line in table]
    assert names[2:4] == ["| the article, sync", "| this course, async"]
    assert table[2].split(" | ")[1] == f"1.0{TIMES}"
    assert table[3].endswith(" | 0 |")  # no error
    assert names[6:] == ["| 30", "| 30"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert unpack(stored.read_text(encoding="utf-8"))[1].keys() == {"article-sync", "async"}
