"""The benchmarks compute what they say. No test here says how fast anything must be."""

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import isnan, nan
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from service import ROOT, query

from benchmarks.load import TOOLS, Load, parse_oha, parse_wrk
from benchmarks.machine import Cores, on_core
from benchmarks.picture import draw
from benchmarks.report import (
    CONNECTIONS,
    fraction,
    load_table,
    median_ratio,
    number,
    pack,
    reads_table,
    summarize,
    unpack,
)
from benchmarks.report import times as ratio_text
from benchmarks.run import answers, measure
from benchmarks.services import BASE, SERVICES, Service, serve
from benchmarks.tables import Reads

BENCHMARKS = ROOT / "benchmarks"
PICTURE = ROOT / "notebooks" / "images" / "benchmark.svg"
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
    assert (load.answered, load.errors) == (0, 3)
    assert isnan(load.p50) and isnan(load.p99)


def test_course(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what the course's own load has seen, only 2xx are answers."""

    async def load(*asked: object, **more: object) -> SimpleNamespace:
        assert (asked, more) == (
            ("http://127.0.0.1:9", "/task/", {"a": 1}),
            {"connections": 2, "seconds": 3},
        )
        return SimpleNamespace(
            answered=10, statuses={201: 6, 307: 1, 500: 3}, lost=2, seconds=4.0, p50=5.0, p99=6.0
        )

    monkeypatch.setattr("tutorial.load", load)
    seen = TOOLS["course"]("http://127.0.0.1:9/task/", '{"a": 1}', 2, 3)
    assert seen == Load(answered=6, seconds=4.0, p50=5.0, p99=6.0, errors=4 + 2)


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


def test_kept_results() -> None:
    """What is kept can be shown again, also what is not known."""
    summaries = summarize({"async": RESULTS["async"]})  # without the article's: no ratio
    text = pack("a computer", summaries, READS)
    assert "NaN" not in text
    about, again, reads = unpack(text)
    assert (about, reads) == ("a computer", READS)
    assert load_table(again) == load_table(summaries)
    assert isnan(again[0].rate_ratio[32])


# The picture, and the page about it


def texts(picture: str, kind: str = "text") -> list[str]:
    """Return the texts of an SVG; so it must be XML."""
    names = {"svg": "http://www.w3.org/2000/svg"}
    found = ElementTree.fromstring(picture).iterfind(f".//svg:{kind}", names)
    return [element.text or "" for element in found]


def test_picture() -> None:
    """It shows each number, in the picture and in the text for who can't see it."""
    picture = draw(summarize(RESULTS))
    shown = [text for text in texts(picture) if re.fullmatch(rf"[\d.]+{TIMES}|\d\.\d\d", text)]
    article = [f"1.0{TIMES}", "9.00", f"1.0{TIMES}", "6.00"]
    assert shown == [*article, f"4.0{TIMES}", "2.00", f"2.0{TIMES}", "3.00"]
    told = texts(picture, "desc")[0]
    assert f"this course, async: 4.0{TIMES} and 2.00 ms at 1 connection, 2.0{TIMES} and 3" in told
    assert texts(picture, "title") == ["How fast the services are"]


def test_picture_of_what_is_not_known() -> None:
    """A service without a ratio, or without an answer, is drawn without a bar or a point."""
    none = {c: [Load(0, 1.0, nan, nan, errors=1)] for c in CONNECTIONS}
    picture = draw(summarize({"async": none}))
    assert texts(picture).count("-") == len(CONNECTIONS)
    assert "nan" not in picture and "<circle" not in picture


def test_picture_is_that_of_the_results() -> None:
    """The picture of the repository is drawn from the results that it keeps."""
    _, summaries, _ = unpack((BENCHMARKS / "results.json").read_text(encoding="utf-8"))
    assert [one.name for one in summaries] == [service.name for service in SERVICES.values()]
    assert PICTURE.read_text(encoding="utf-8") == draw(summaries)


def test_page_has_the_results() -> None:
    """The table of README.md has the kept results."""
    _, summaries, _ = unpack((BENCHMARKS / "results.json").read_text(encoding="utf-8"))
    rows = []
    for one in summaries:
        base = one.name == SERVICES[BASE].name
        rates = [number(one.rate[c]) if base else ratio_text(one.rate_ratio[c]) for c in (1, 32)]
        rows.append(f"| {one.name} | {' | '.join(rates)} | {number(one.p99[32])} ms |")
    page = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    _, *found = re.findall(r"^\| \w.*$", page, re.MULTILINE)  # below the names of the columns
    assert found == rows


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


def options(tool: str) -> SimpleNamespace:
    """Return what `measure` needs to know."""
    return SimpleNamespace(tool=tool, seconds=0.1, cores=Cores())


@contextmanager
def no_server(service: Service, folder: Path, cores: Cores) -> Iterator[str]:
    """Stand in for a server: it has stored 7 rows, whatever it is sent."""
    query(folder / "database.db", "CREATE TABLE task (id INTEGER PRIMARY KEY)")
    query(folder / "database.db", "INSERT INTO task VALUES (1), (2), (3), (4), (5), (6), (7)")
    yield "http://127.0.0.1:9"


@pytest.mark.parametrize(("answered", "errors"), [(3, 1), (2, 1), (4, 2), (8, 6)])
def test_lost_rows_are_errors(
    answered: int, errors: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was acknowledged and is not in the database counts as an error, also in the warm-up.

    More rows than answers are right: at the end, some requests are stored and not answered yet.
    """
    monkeypatch.setattr("benchmarks.run.serve", no_server)
    monkeypatch.setattr("benchmarks.run.answers", lambda url: True)
    monkeypatch.setattr("benchmarks.run.with_course", lambda *_: Load(4, 1.0, 1.0, 1.0, errors=0))
    monkeypatch.setitem(TOOLS, "stub", lambda *_: Load(answered, 1.0, 1.0, 1.0, errors=1))
    load = measure(SERVICES[BASE], 1, options("stub"), tmp_path / "none", tmp_path / "one")
    assert load.errors == errors


def test_hanging_service_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a service answers nothing any more, each connection counts as an error."""
    monkeypatch.setattr("benchmarks.run.TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        assert not answers(f"http://127.0.0.1:{nobody.getsockname()[1]}/")
    monkeypatch.setattr("benchmarks.run.serve", no_server)
    monkeypatch.setattr("benchmarks.run.answers", lambda url: False)
    monkeypatch.setattr("benchmarks.run.with_course", lambda *_: Load(0, 1.0, nan, nan, errors=0))
    monkeypatch.setitem(TOOLS, "stub", lambda *_: Load(0, 1.0, nan, nan, errors=0))
    load = measure(SERVICES[BASE], 32, options("stub"), tmp_path / "none", tmp_path / "one")
    assert load.errors == 32


def test_server_ends_with_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C, or any other error, kills the server. It runs beside its database, not its code."""
    asked, killed = [], []
    server = SimpleNamespace(url="http://127.0.0.1:9", kill=lambda: killed.append(True))
    monkeypatch.setattr("benchmarks.services.start_process", lambda *a: asked.append(a) or server)
    with pytest.raises(KeyboardInterrupt), serve(SERVICES["sync"], tmp_path, Cores()) as url:
        assert url == server.url and not killed
        raise KeyboardInterrupt
    assert asked == [("app.main:app", tmp_path, "--app-dir", str(ROOT), "--no-access-log")]
    assert killed


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux has it")
def test_server_gets_a_core_of_its_own() -> None:
    """What is started in the block is on the server's core, what comes after it on the tool's."""
    mine = os.sched_getaffinity(0)
    first, last = min(mine), max(mine)
    try:
        with on_core(first, back=last):
            assert os.sched_getaffinity(0) == {first}
        assert os.sched_getaffinity(0) == {last}
    finally:
        os.sched_setaffinity(0, mine)


@pytest.mark.weekly
def test_command(tmp_path: Path) -> None:
    """The command measures two services and reads, without an error, and draws a picture."""
    picture, kept = tmp_path / "picture.svg", tmp_path / "results.json"
    options = ["--tool", "course", "--rounds", "1", "--seconds", "1"]
    options += ["--services", "article-sync", "async", "--rows", "30", "--requests", "6"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.run", *options, "--picture", picture, "--json", kept],
        cwd=ROOT,
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
    _, summaries, _ = unpack(kept.read_text(encoding="utf-8"))
    assert picture.read_text(encoding="utf-8") == draw(summaries)
