"""What to do about errors that answers often stop with, where the error itself does not tell it."""

from __future__ import annotations

from tutorial.hints import Table, fitting

# What lists, sets, texts and models have, and no row has.
OF_OTHERS = r"append|extend|insert|remove|add|lower|upper|strip|split|(?:sql)?model_\w+"
# A regular expression for "Type: text" of an error, and what to do; \1 is its first group.
ADVICE: Table = (
    (
        r"^Problem: This cell shows what goes wrong",
        "`expect_error` only shows an error in a notebook: leave it out of your answer",
    ),
    (
        r"Cannot add a NOT NULL column with default value NULL",
        "The old rows have no value for it: write `server_default=…`, or `nullable=True`",
    ),
    (
        r"(?:unexpected keyword argument|<dialectname>_<argument>, got) "
        r"'(nullable|server_default|primary_key|default)'",
        r"`\1` belongs inside the brackets of `sa.Column(…)`",
    ),
    (
        r"(?:unexpected keyword argument|<dialectname>_<argument>, got) 'length'",
        "A length belongs to the type of a text, as in `sa.String(50)`",
    ),
    (
        r"(?:unexpected keyword argument|<dialectname>_<argument>, got) 'unique'",
        "`unique` belongs inside the brackets of `sa.Column(…)`: a rule of its own needs none",
    ),
    (
        r"CREATE TABLE \w+ \(\s*\)",
        "The table gets no column: each `sa.Column(…)` belongs inside the brackets of "
        "`op.create_table`, behind a comma, and not in a list",
    ),
    (
        r"'SchemaItem' object.*, got <class '\w+'>",
        "A type of SQLAlchemy is missing, such as `sa.String()`",
    ),
    (
        r"^MultipleResultsFound: .*one or none",
        "Old rows may have one name twice: `first()` is enough to know that there is one",
    ),
    (r"^NoResultFound: ", "`one()` stops if there is none: `first()` gives None then"),
    (
        r"SQLite objects created in a thread",
        "`check` calls your function in a thread of its own: let it use what it gets",
    ),
    (r"got '<class 'function'>'", "A function is not its result: write `()` behind its name"),
    (
        r"'(?:bool|int|str)' object is not callable",
        "A value is no function: leave out the `()`. Or is a comma missing, or has one of your "
        "variables the name of a function?",
    ),
    (
        r"'(?:dict|list)' object has no attribute '(status_code|text|headers|json)'",
        r"`.\1` is for the answer itself, and this has been through `.json()` already",
    ),
    (
        rf"'dict' object has no attribute '(?!(?:{OF_OTHERS})')(\w+)'",
        r'A value of a dict stands in brackets: `["\1"]`',
    ),
    (r"'Response' object is not subscriptable", "`.json()` makes a dict of an answer"),
    (
        r"unhashable type: 'dict'",
        "A key of a dict has no quotes, or there is a brace too many, or a dict is put into a set",
    ),
    (
        # As Python 3.13 says it, and as 3.14 does.
        r"^TypeError: (?:object \w+ can't be used in 'await'|'\w+' object can't be awaited)",
        "Nothing waits there: leave out this `await`. If there is no other one, write `def` in "
        "place of `async def`",
    ),
)


def advice(error: BaseException) -> str:
    """Return what to do about an error, as ". A sentence.", or "" if nothing is known about it."""
    told = fitting(ADVICE, f"{type(error).__name__}: {error}")
    if not told:
        return ""
    return f". {told}" if told.endswith("?") else f". {told}."
