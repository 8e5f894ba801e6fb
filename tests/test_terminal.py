"""Tests %%terminal: commands run as typed, without a shell, and what goes wrong is said."""

import _thread
import json
import os
import shlex
import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from helpers import write

from tutorial import Problem
from tutorial import terminal as module
from tutorial.terminal import terminal

SHOW_ARGUMENTS = "import json, sys; print(json.dumps(sys.argv[1:]))"
PARENT_AND_CHILD = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path("pids").write_text(str(child.pid))
print("started", flush=True)
time.sleep(60)
"""
LISTEN = """
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen()
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with a space in its path, and without settings from outside."""
    for name in [name for name in os.environ if name.startswith("PYTHON")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "my work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def output_of(capsys: pytest.CaptureFixture, line: str, cell: str, **variables: object) -> str:
    """Run a cell and return what it prints, without the lines that repeat the commands."""
    terminal(line, cell, variables)
    printed = capsys.readouterr()
    assert printed.err == ""
    lines = printed.out.splitlines(keepends=True)
    return "".join(text for text in lines if not text.startswith("$ "))


def wait_until_gone(pid: int) -> bool:
    """Whether a process ends within two seconds."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True  # dead, and not yet reaped by the system
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def test_output_follows_the_command(capsys: pytest.CaptureFixture) -> None:
    """Each command is repeated with a $, and its output stands below it."""
    terminal("", "python -c \"print('a')\"\npython -c \"print('b', end='')\"\npython -c pass\n")
    assert capsys.readouterr().out == (
        "$ python -c \"print('a')\"\na\n$ python -c \"print('b', end='')\"\nb\n$ python -c pass\n"
    )


def test_failure_fails_the_cell(capsys: pytest.CaptureFixture) -> None:
    """A non-zero exit raises Problem with command and status; later commands do not run."""
    with pytest.raises(Problem) as caught:
        terminal("", "python -c 'raise SystemExit(3)'\npython -c 'print(\"later\")'")
    assert caught.value.what == "`python -c` failed with exit status 3."
    assert "later" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("FAILED: Target database is not up to date.", "database-behind"),
        ("sqlite3.OperationalError: database is locked", "database-locked"),
        ("OperationalError: unable to open database file", "database-can-not-be-opened"),
        ("DatabaseError: file is not a database", "database-broken"),
        ("DatabaseError: database disk image is malformed", "database-broken"),
        ("no such table: task", "command-failed"),  # a command may print this, and mean no database
    ],
)
def test_failure_is_explained_by_what_was_printed(text: str, key: str) -> None:
    """What is known of a command's output gives its own message; other words do not count."""
    write("run.py", f"print({text!r})\nraise SystemExit(1)\n")
    with pytest.raises(Problem) as caught:
        terminal("", "python run.py")
    assert caught.value.key == key
    if "DatabaseError" in text or "unable" in text:
        assert text.partition(": ")[2] in caught.value.what


class OnWindows(subprocess.Popen):
    """A process of Windows, where -1 is 4294967295."""

    def poll(self) -> int | None:
        """Return the exit status."""
        status = super().poll()
        return status and status | 0xFFFFFF00


def test_an_exit_status_of_windows(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is shown as on Linux. One that Linux has no number for is a failure all the same."""
    monkeypatch.setattr(
        module, "subprocess", SimpleNamespace(**{**vars(subprocess), "Popen": OnWindows})
    )
    cell = "python -c \"import sys; print('no'); sys.exit(-1)\""
    with pytest.raises(Problem, match="failed with exit status 255"):
        terminal("", cell)
    capsys.readouterr()
    assert output_of(capsys, "--expect-failure no", cell) == "no\n(exit status 255, as expected)\n"
    monkeypatch.setattr(OnWindows, "poll", lambda _self: 0xC0000100)
    with pytest.raises(Problem, match="failed with exit status 0"):
        terminal("", "python -c pass")


def test_a_command_with_settings_is_named_without_them() -> None:
    """Of `alembic -c other.ini upgrade head`, one wants to read what it did."""
    options = module._options.parse_args([])
    words = ["alembic", "-c", "other.ini", "upgrade", "head"]
    failed = module._failure(words, 1, "", options)
    assert failed.what == "`alembic upgrade` failed with exit status 1."


def test_expected_failure(capsys: pytest.CaptureFixture) -> None:
    """With --expect-failure the failure that is named is shown and fine; a success is a Problem."""
    cell = "python -c 'raise SystemExit(\"not two words\")'"
    printed = output_of(capsys, "--expect-failure 'two words'", cell)
    assert printed == "not two words\n(exit status 1, as expected)\n"
    with pytest.raises(Problem) as caught:
        terminal("--expect-failure x", "python -c pass")
    assert caught.value.what == "`python -c` was meant to fail here, but it succeeded."


def test_another_failure_is_not_the_expected_one(capsys: pytest.CaptureFixture) -> None:
    """A failure that does not say what was named is a Problem, and what is known of it is said."""
    write("run.py", "import sys\nprint(sys.argv[1])\nraise SystemExit(1)\n")
    with pytest.raises(Problem) as caught:
        terminal("--expect-failure 'no such table'", "python run.py 'no such column'")
    assert caught.value.what == (
        "`python run.py` was meant to fail here, but it failed in another way: "
        "it does not say “no such table”."
    )
    assert "as expected" not in capsys.readouterr().out
    with pytest.raises(Problem) as caught:
        terminal("--expect-failure 'no such table'", "python run.py 'database is locked'")
    assert caught.value.key == "database-locked"


def test_a_server_that_should_fail_is_stopped_at_once() -> None:
    """A command that serves in place of failing is stopped long before its time is up."""
    write("run.py", "import socket, time\nopen('run', 'w').close()\n" + LISTEN)
    begun = time.monotonic()
    with pytest.raises(Problem) as caught:
        terminal("--expect-failure refused --timeout 40", "python run.py")
    assert time.monotonic() - begun < 15
    assert caught.value.key == "command-runs-on"
    assert caught.value.what == (
        "`python run.py` was meant to fail here, but it went on running, and was stopped."
    )


def test_a_command_that_should_fail_and_hangs() -> None:
    """Without a socket, the time that the cell gives counts; the message is the same."""
    with pytest.raises(Problem) as caught:
        terminal("--expect-failure no --timeout 1", "python -c 'import time; time.sleep(30)'")
    assert caught.value.key == "command-runs-on"


def test_a_command_that_serves_for_a_while_may(capsys: pytest.CaptureFixture) -> None:
    """Where no failure is expected, a command that listens is left alone: tests do so."""
    write("run.py", "import socket, time\n" + LISTEN.replace("60", "0.5") + "print('done')\n")
    assert output_of(capsys, "", "python run.py") == "done\n"


def test_tests_with_a_server_may_fail(capsys: pytest.CaptureFixture) -> None:
    """pytest goes on while a test has a server, and then it fails as expected."""
    wait = LISTEN.replace("60", "1")
    write("pytest.ini", "[pytest]\n")
    write(
        "test_it.py", f"import socket, time\ndef test_it():\n    exec({wait!r})\n    assert False\n"
    )
    options = "-qq --tb=no --disable-plugin-autoload -p no:cacheprovider --rootdir ."
    terminal("--expect-failure test_it", f"pytest {options} -c pytest.ini test_it.py")
    assert "(exit status 1, as expected)" in capsys.readouterr().out


def test_quotes(capsys: pytest.CaptureFixture) -> None:
    """Quotes group as in a shell: JSON in single quotes is one argument, with its own quotes."""
    write("show.py", SHOW_ARGUMENTS)
    cell = """python show.py '{"name": "a  b", "price": "5 $"}' "two words" ü * '|' a>b ''"""
    assert json.loads(output_of(capsys, "", cell)) == [
        '{"name": "a  b", "price": "5 $"}',
        "two words",
        "ü",
        "*",
        "|",
        "a>b",
        "",
    ]


def test_variables(capsys: pytest.CaptureFixture) -> None:
    """$NAME is the notebook's variable, as one argument whatever it holds; $$ is a dollar sign."""
    write("show.py", SHOW_ARGUMENTS)
    variables = {
        "url": "http://x:1",
        "id": 7,
        "price": 1.5,
        "file": Path("a b"),
        "back": "C:\\new 'x'",
    }
    cell = "python show.py $url/task/$id ${url}s $file $back '{\"id\": $id}' $price $$url 5$"
    assert json.loads(output_of(capsys, "", cell, **variables)) == [
        "http://x:1/task/7",
        "http://x:1s",
        "a b",
        "C:\\new 'x'",
        '{"id": 7}',
        "1.5",
        "$url",
        "5$",
    ]
    terminal("", "python -c pass $id", variables)
    assert capsys.readouterr().out == "$ python -c pass 7\n"


@pytest.mark.parametrize("variables", [{}, {"url": None}, None])
def test_unknown_variable(variables: dict | None, capsys: pytest.CaptureFixture) -> None:
    """A variable that is not there (yet), or is no text, raises Problem before anything runs."""
    with pytest.raises(Problem, match=r"there is no text or number with the name `url`"):
        terminal("", "python -c pass $url", variables)
    assert capsys.readouterr().out == ""


def test_folder_is_printed_as_a_dot(folder: Path, capsys: pytest.CaptureFixture) -> None:
    """The workspace's path is `.` in outputs, with forward slashes; a sibling's path is not."""
    write("show.py", "import sys; print(*sys.argv[1:], sep='\\n')")
    texts = {
        "here": f"{folder}",
        "file": f'File "{folder / "app" / "main.py"}", line 1',
        "url": f"sqlite:///{folder.as_posix()}/database.db",
        "text": f"It is in {folder}.",
        "sibling": f"{folder}-2",
    }
    names = " ".join(f"${name}" for name in texts)
    printed = output_of(capsys, "", f"python show.py {names}", **texts)
    assert printed == (
        f'.\nFile "./app/main.py", line 1\nsqlite:///./database.db\nIt is in ..\n{folder}-2\n'
    )


def test_folder_is_printed_as_a_dot_everywhere(folder: Path, capsys: pytest.CaptureFixture) -> None:
    """The path is hidden in the repeated command and in --env too, not only in the output."""
    setting = shlex.quote(f"DATABASE_URL=sqlite:///{folder.as_posix()}/x.db")
    terminal(f"--env {setting}", "python -c pass $here", {"here": str(folder)})
    printed = capsys.readouterr().out
    assert printed == "# with DATABASE_URL=sqlite:///./x.db\n$ python -c pass .\n"


def test_tail(capsys: pytest.CaptureFixture) -> None:
    """--tail prints the last lines only, and an ellipsis for what it left out."""
    cell = "python -c \"print('1\\n2\\n3', end='')\"\npython -c 'print(4)'"
    assert output_of(capsys, "--tail 2", cell) == "…\n2\n3\n4\n"
    assert output_of(capsys, "--tail 3", cell) == "1\n2\n3\n4\n"


def test_env(capsys: pytest.CaptureFixture) -> None:
    """--env sets a variable for the commands, says so, and leaves this process alone."""
    cell = "python -c \"import os; print(os.environ['A'], os.environ['B_C'])\""
    printed = output_of(capsys, "--env A=1=2 --env 'B_C=two words'", cell)
    assert printed == "# with A=1=2\n# with B_C=two words\n1=2 two words\n"
    assert "B_C" not in os.environ


def test_timeout_ends_the_whole_family(capsys: pytest.CaptureFixture) -> None:
    """When the time is up, the command and its children are ended, and Problem says so."""
    write("run.py", PARENT_AND_CHILD)
    begun = time.monotonic()
    with pytest.raises(Problem) as caught:
        terminal("--timeout 1.5", "python run.py")
    assert time.monotonic() - begun < 5
    assert caught.value.what == (
        "`python run.py` was still running after 1.5 seconds, and was stopped."
    )
    assert "serve(" in caught.value.todo
    assert wait_until_gone(int(Path("pids").read_text()))
    assert capsys.readouterr().out == "$ python run.py\nstarted\n"


def test_interrupt_ends_the_command() -> None:
    """Kernel → Interrupt ends the command and its children, not only the cell."""
    write("run.py", PARENT_AND_CHILD)

    def interrupt() -> None:
        while not Path("pids").exists() or not Path("pids").read_text():
            time.sleep(0.01)
        _thread.interrupt_main()

    threading.Thread(target=interrupt, daemon=True).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        terminal("", "python run.py")
    assert time.monotonic() - begun < 5
    assert wait_until_gone(int(Path("pids").read_text()))


def test_command_that_leaves_a_child_behind(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell ends when its command has ended, even if a child still holds the output open."""
    monkeypatch.setattr(module, "LAST_LINES_SECONDS", 0.2)
    write("run.py", PARENT_AND_CHILD.replace("time.sleep(60)\n", "").replace("(60)", "(5)"))
    begun = time.monotonic()
    assert output_of(capsys, "", "python run.py") == "started\n"
    assert time.monotonic() - begun < 4
    psutil.Process(int(Path("pids").read_text())).kill()


def test_closed_output_is_not_the_end(capsys: pytest.CaptureFixture) -> None:
    """A command that closes its output is waited for, and its status counts."""
    write("run.py", "import os, time\nos.close(1)\nos.close(2)\ntime.sleep(0.3)\nos._exit(5)\n")
    with pytest.raises(Problem, match="exit status 5"):
        terminal("", "python run.py")


@pytest.mark.parametrize(
    ("line", "cell", "says"),
    [
        ("", "nosuchcommand -x", "The command `nosuchcommand` was not found."),
        ("", "cd app", "The command `cd` was not found."),
        ("", "python -c 'open", "can't be read: No closing quotation."),
        ("--env 'A=1", "python -c pass", "can't be read: No closing quotation."),
        ("--nope", "python -c pass", "unrecognized arguments: --nope"),
        ("--expect", "python -c pass", "unrecognized arguments: --expect"),
        ("--tail x", "python -c pass", "argument --tail: invalid int value: 'x'"),
        ("--timeout", "python -c pass", "argument --timeout: expected one argument"),
        ("--expect-failure", "python -c pass", "--expect-failure: expected one argument"),
        ("--expect-failure --tail 3", "python -c 1", "--expect-failure: expected one argument"),
        ("--expect-failure ''", "python -c pass", "it needs a part of what the command prints"),
        ("--env A", "python -c pass", "--env A has no value"),
        ("--help", "python -c pass", "unrecognized arguments: --help"),
    ],
)
def test_wrong_use_says_what_is_wrong(line: str, cell: str, says: str) -> None:
    """A typo in the command, its quotes or the options raises Problem: two lines, no SystemExit."""
    with pytest.raises(Problem) as caught:
        terminal(line, cell)
    assert says in caught.value.what
    assert len("\n".join(caught.value._render_traceback_()).splitlines()) == 3


def test_output_and_errors_in_order(capsys: pytest.CaptureFixture) -> None:
    """What goes to stdout and to stderr appears in the order in which it was printed."""
    write(
        "run.py", "import sys\nfor n in range(3):\n  print(n)\n  print('!', n, file=sys.stderr)\n"
    )
    assert output_of(capsys, "", "python run.py") == "0\n! 0\n1\n! 1\n2\n! 2\n"


def test_output_comes_as_it_is_printed(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line is shown when it is printed, not when the command has ended."""
    write(
        "run.py",
        "import os, time\nprint('first')\nwhile not os.path.exists('go'):\n  time.sleep(0.01)\n",
    )

    def go(*texts: str, **_options: object) -> None:
        if texts == ("first",):
            Path("go").touch()

    monkeypatch.setattr("builtins.print", go)
    terminal("--timeout 20", "python run.py")


def test_odd_bytes_do_not_break(capsys: pytest.CaptureFixture) -> None:
    """Output that is not UTF-8 is shown as well as can be; what is UTF-8 is right."""
    write("run.py", "import os\nprint('ü→✓')\nos.write(1, b'\\xff\\xfe\\x00|\\n')\n")
    assert output_of(capsys, "", "python run.py") == "ü→✓\n��\x00|\n"


def test_question_gets_no_answer(capsys: pytest.CaptureFixture) -> None:
    """Standard input is empty, so a command that asks fails at once in place of waiting."""
    mine, (reader, writer) = os.dup(0), os.pipe()
    os.dup2(reader, 0)  # now this process has an input that never ends
    try:
        printed = output_of(capsys, "--expect-failure EOFError --timeout 10", "python -c 'input()'")
    finally:
        os.dup2(mine, 0)
        for number in (mine, reader, writer):
            os.close(number)
    assert printed.endswith("(exit status 1, as expected)\n")


def test_python_is_this_one(capsys: pytest.CaptureFixture) -> None:
    """`python` and `python3` are the Python of this environment, whatever PATH says."""
    cell = "python -c 'import sys; print(sys.prefix)'\npython3 -c 'import sys; print(sys.prefix)'"
    assert output_of(capsys, "", cell).splitlines() == [sys.prefix] * 2
    assert module._program("python3") == [sys.executable]  # Windows has no other program for it


@pytest.mark.parametrize("name", ["alembic", "pip", "pytest", "uvicorn"])
def test_programs_are_those_of_this_environment(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """alembic and uvicorn are found in this environment, not first on PATH or in the project."""
    for wrong in (name, f"{name}.exe", f"{name}.bat"):
        (tmp_path / wrong).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
    Path(name).mkdir()
    (found,) = module._program(name)
    assert Path(found).stem == name
    assert Path(found).parent == Path(sysconfig.get_path("scripts"))
    # An environment without scripts on its own path (a user install) runs the module.
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path / "none"))
    assert module._program(name) == [sys.executable, "-m", name]


def test_alembic_runs(capsys: pytest.CaptureFixture) -> None:
    """A program of this environment runs by its bare name."""
    assert output_of(capsys, "", "alembic --version").startswith("alembic 1.")


def test_comments_blank_lines_and_long_lines(capsys: pytest.CaptureFixture) -> None:
    """Comments and blank lines do nothing, a # inside is no comment, a backslash joins lines."""
    write("show.py", SHOW_ARGUMENTS)
    cell = "# a comment\n\n  \npython show.py \\\n    one \\\r\n    two x#y\n   # the end\n"
    terminal("", cell)
    printed = capsys.readouterr().out
    typed = "$ python show.py \\\n    one \\\n    two x#y\n"
    assert printed == typed + '["one", "two", "x#y"]\n'
    terminal("", "\n# nothing but a comment\n")
    assert capsys.readouterr().out == ""


def test_a_command_over_several_lines_is_repeated_as_typed(
    folder: Path, capsys: pytest.CaptureFixture
) -> None:
    """Line by line and with its indents; values are filled in, and the folder's path is hidden."""
    write("show.py", SHOW_ARGUMENTS)
    cell = "python show.py $url \\\n    -d '{\"a\": 1}' \\\n    $here\npython -c pass\n"
    terminal("", cell, {"url": "http://x:1", "here": str(folder)})
    assert capsys.readouterr().out == (
        "$ python show.py http://x:1 \\\n    -d '{\"a\": 1}' \\\n    .\n"
        '["http://x:1", "-d", "{\\"a\\": 1}", "."]\n'
        "$ python -c pass\n"
    )


def test_environment_is_clean(
    capsys: pytest.CaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PYTHONPATH from outside and colours are not passed on; no bytecode is written."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.py").touch()
    for name, value in (("PYTHONPATH", str(tmp_path / "outside")), ("FORCE_COLOR", "1")):
        monkeypatch.setenv(name, value)
    output_of(capsys, "--expect-failure 'No module'", "python -c 'import secret'")
    asked = "python -c \"import os; print(os.environ['COLUMNS'], os.environ['NO_COLOR'])\""
    assert output_of(capsys, "", asked) == "72 1\n"
    write("mine.py", "")
    printed = output_of(capsys, "--expect-failure Zero", "python -c 'import mine; 1/0'")
    assert "\x1b" not in printed
    assert not Path("__pycache__").exists()


def test_options_are_shown_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jupyter sets this variable for its kernels."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with pytest.raises(Problem) as caught:
        terminal("--unknown", "python -V")
    assert caught.value.todo.startswith("Use these: usage: %%terminal [--expect-failure TEXT]")


def test_magic_reads_the_variables_of_the_notebook(capsys: pytest.CaptureFixture) -> None:
    """As a cell magic, %%terminal sees the notebook's variables, and a failure fails the cell."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.register_magic_function(
        lambda line, cell: terminal(line, cell, shell.user_ns), "cell", "terminal"
    )
    good = shell.run_cell(
        "word = 'hello'\nget_ipython().run_cell_magic('terminal', '', "
        "'python -c \"print(1)\" $word')"
    )
    assert good.success
    assert '$ python -c "print(1)" hello\n1\n' in capsys.readouterr().out
    bad = shell.run_cell("%%terminal\npython -c 'raise SystemExit(2)'")
    assert isinstance(bad.error_in_exec, Problem)
    printed = capsys.readouterr()
    assert (printed.out + printed.err).splitlines()[-3:] == [
        "✗ `python -c` failed with exit status 2.",
        "→ The last lines above say why. Put it right and run this cell again, or run the notebook "
        "again from its first cell.",
        "  More: notebooks/troubleshooting.md, “command-failed”.",
    ]
    assert "Traceback" not in printed.out + printed.err


@pytest.mark.parametrize(
    ("command", "key", "word"),
    [
        ("$ python --version", "prompt-typed", "$"),
        ("% python --version", "prompt-typed", "%"),
        ("> python --version", "prompt-typed", ">"),
        ("python --version && python --version", "no-shell", "&&"),
        ("python --version > version.txt", "no-shell", ">"),
        ("python --version | more", "no-shell", "|"),
        ("python --version; python --version", "no-shell", ";"),
        ("python --version  # which one?", "no-shell", "#"),
    ],
)
def test_what_only_a_shell_knows_is_named(command: str, key: str, word: str) -> None:
    """Without it, the program got these signs as arguments, and mostly it ignored them."""
    with pytest.raises(Problem) as problem:
        terminal("", command)
    assert problem.value.key == key
    assert problem.value.values["word"] == word


@pytest.mark.parametrize(
    "argument",
    ["'|'", '"a && b; c > d # e"', '-d\'{"a": "b > c; d"}\'', "http://x/#a", "a;b", "'a\\ &&'"],
)
def test_the_same_signs_in_an_argument_stay(
    argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In quotes, or inside of a word, they belong to the command."""
    terminal("", f'python -c "import sys; print(sys.argv[1])" {argument}')
    assert capsys.readouterr().out.splitlines()[-1] == shlex.split(argument)[0]
