"""Compares the service of this course with the article's: `python -m benchmarks.run`.

It sends the same load to each service in turn, several rounds, and prints tables. Absolute numbers
depend on the computer; the ratios compare loads of the same round, so they depend on it less.
Close other programs first. `--help` lists the options.
"""

import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from service import migrated, query

from benchmarks import machine
from benchmarks.load import JSON, TIMEOUT, TOOLS, Load, best_tool, with_course
from benchmarks.picture import draw
from benchmarks.report import (
    CONNECTIONS,
    LEGEND,
    Results,
    Summary,
    load_table,
    pack,
    reads_table,
    summarize,
    unpack,
)
from benchmarks.services import SERVICES, Service, prepare, serve
from benchmarks.tables import Reads, measure_reads
from tutorial import Problem

BODY = '{"task_name": "just added task"}'  # as in the article
WARM_UP = 1  # seconds


def measure(
    service: Service, connections: int, options: argparse.Namespace, template: Path, folder: Path
) -> Load:
    """Start a service with an empty database, send it the load, and check what it has stored."""
    file = prepare(service, folder, template)
    with serve(service, folder, options.cores) as server:
        url = server + service.path
        # One after the other: so nothing is left under way that would be load of its own.
        first = with_course(url, BODY, 1, WARM_UP)
        load = TOOLS[options.tool](url, BODY, connections, options.seconds)
        hangs = not answers(url)
    answered = first.answered + load.answered
    rows = query(file, "SELECT count(*) FROM task")[0][0] if service.stores else answered
    # More rows than answers are right: what is under way at the end is stored, but not counted.
    lost = max(answered - rows, 0)
    return replace(load, errors=load.errors + first.errors + lost + connections * hangs)


def answers(url: str) -> bool:
    """Say if the service answers one more request. The tools do not count what never ends."""
    try:
        httpx.post(url, content=BODY, headers={"Content-Type": JSON}, timeout=TIMEOUT)
    except httpx.HTTPError:
        return False
    return True


def measure_all(options: argparse.Namespace, template: Path, folder: Path) -> Results:
    """Measure all services in turn, round after round."""
    results: Results = {key: {c: [] for c in CONNECTIONS} for key in options.services}
    for number in range(1, options.rounds + 1):
        for key, loads in results.items():
            for c in CONNECTIONS:
                place = folder / f"{number} {key} {c}"
                load = measure(SERVICES[key], c, options, template, place)
                loads[c].append(load)
                say(
                    f"round {number}/{options.rounds}, {SERVICES[key].name}, at {c}: "
                    f"{load.rate:,.0f} requests/s, p99 {load.p99:.1f} ms, {load.errors} errors"
                )
    return results


def say(text: str) -> None:
    """Tell how far it is, apart from the tables."""
    print(text, file=sys.stderr, flush=True)


# The command


def at_least_1(text: str) -> int:
    """Read a whole number above 0."""
    if (value := int(text)) < 1:
        raise ValueError
    return value


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description="Compare the service of this course with the article's."
    )
    parser.add_argument("--rounds", type=at_least_1, default=5, help="default: 5")
    parser.add_argument("--seconds", type=at_least_1, default=4, help="of each load; default: 4")
    parser.add_argument(
        "--tool", choices=TOOLS, default=best_tool(), help="default here: %(default)s"
    )
    parser.add_argument(
        "--services", nargs="+", choices=SERVICES, default=list(SERVICES), help="default: all"
    )
    parser.add_argument(
        "--rows",
        nargs="*",
        type=at_least_1,
        default=[10**3, 10**5, 10**6],
        help="sizes of the table for which reads are timed; without a number: none",
    )
    parser.add_argument(
        "--requests", type=at_least_1, default=300, help="reads of each kind; default: 300"
    )
    parser.add_argument(
        "--no-pin", action="store_true", help="let server and tool run on any core (only Linux)"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the loads as an SVG")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the medians")
    parser.add_argument(
        "--from", type=Path, metavar="FILE", dest="stored", help="measure nothing, show this file"
    )
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> tuple[str, list[Summary], list[Reads]]:
    """Measure everything, and return the medians."""
    options.cores = machine.choose_cores(not options.no_pin)
    machine.pin(options.cores.tool)  # the tool gets the core of who starts it
    about = (
        f"{machine.describe()}; {options.tool}, medians of "
        f"{options.rounds} rounds of {options.seconds} s; {options.cores}."
    )
    say(about)
    with TemporaryDirectory(prefix="benchmarks ", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        template = migrated(folder, "head")
        results = measure_all(options, template, folder)
        say("reads from tables of different sizes")
        reads = measure_reads(options.rows, options.requests, template, folder, options.cores)
        return about, summarize(results), reads


def main(arguments: list[str]) -> int:
    """Run the command, and return its exit status."""
    options = parse(arguments)
    for ending in (signal.SIGINT, signal.SIGTERM):  # which a shell may have switched off
        signal.signal(ending, signal.default_int_handler)
    try:
        measured = (
            unpack(options.stored.read_text(encoding="utf-8")) if options.stored else run(options)
        )
    except (RuntimeError, Problem) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Interrupted. All servers are stopped.")
        return 130
    about, summaries, reads = measured
    if options.json:
        options.json.write_text(pack(*measured), encoding="utf-8", newline="\n")
    print(about, LEGEND, load_table(summaries), sep="\n\n")
    if reads:
        print("", reads_table(reads), sep="\n")
    if options.picture:
        options.picture.write_text(draw(summaries), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # Windows would choose another encoding for a file
    sys.exit(main(sys.argv[1:]))
