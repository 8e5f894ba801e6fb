"""A pytest plugin: nbval compares a cell's outputs as a learner sees them, one after the other.

By itself nbval collects all the texts of one kind, so it does not see that two outputs changed
places, or that one became another kind of output, and it looks at no picture. Here the list of
outputs must be the same: their order, and of each one its kind, its metadata, its MIME types and
what they hold. Two things may vary:

- pictures, in a cell with the tag `picture-varies`: there must still be one of that kind;
- the values in a Vega-Lite plot: its spec and the names of the fields must be the same.
"""

import difflib
import json
import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from hashlib import sha256
from itertools import groupby

from nbformat import NotebookNode
from nbval import plugin

VARIES = "picture-varies"
PLOT = "application/vnd.vegalite."
WIDGET = "application/vnd.jupyter.widget-view+json"  # holds nothing but a random number
Sanitize = Callable[[str], str]

merge_all = plugin.coalesce_streams


def pytest_configure() -> None:
    """Let nbval's cells compare their outputs in order."""
    plugin.coalesce_streams = merge_neighbours
    plugin.IPyNbCell.compare_outputs = compare_outputs


def merge_neighbours(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Return the outputs with neighbouring texts of the same stream as one; change none of them.

    The kernel cuts a stream into pieces as it likes. One without a text shows nothing, and is left
    out. nbval's own function, whose place this one takes, merges also those that have another
    output between them.
    """
    merged: list[NotebookNode] = []
    for _, group in groupby(outputs, lambda output: (output.output_type, output.get("name"))):
        merged += [one for one in merge_all(deepcopy(list(group))) if one.get("text") != ""]
    return merged


def compare_outputs(cell: plugin.IPyNbCell, test: list, ref: list, skip_compare=None) -> bool:
    """Say whether a cell's new outputs are the stored ones, else note the difference in the cell.

    It takes the place of the method of nbval's cells, which then print the note.
    """
    varies = VARIES in cell.cell.metadata.get("tags", ())
    stored, new = (seen(outputs, cell.sanitize, varies) for outputs in (ref, test))
    cell.comparison_traceback = difference(stored, new)
    return stored == new


def seen(outputs: Iterable[NotebookNode], sanitize: Sanitize, varies: bool) -> list[list[str]]:
    """Return of each output what must be the same in every run, as lines. The first is its kind."""
    return [lines for output in outputs if (lines := _lines(output, sanitize, varies))]


def difference(stored: list[list[str]], new: list[list[str]]) -> list[str]:
    """Return a diff of two lists of outputs, in which each output has its number."""
    texts = [
        [f"output {number}: {line}" for number, lines in enumerate(one, 1) for line in lines]
        for one in (stored, new)
    ]
    return list(difflib.unified_diff(*texts, "stored", "new", lineterm="", n=2))


def _lines(output: NotebookNode, sanitize: Sanitize, varies: bool) -> list[str]:
    """Return one output as lines; none, if it is a stream of which the rules leave no text."""
    kind = output.output_type
    if kind == "stream":
        text = sanitize(output.text)
        return [f"{kind} {output.name}", *text.split("\n")] if text else []
    if kind == "error":
        return [kind, output.ename, sanitize(output.evalue)]
    lines = [f"{kind} {json.dumps(output.metadata, sort_keys=True)}"]
    for mime in sorted(output.data):
        value = _value(mime, output.data[mime], sanitize, varies)
        lines += [mime, *(f"  {line}" for line in value.split("\n"))]
    return lines


def _value(mime: str, value: object, sanitize: Sanitize, varies: bool) -> str:
    """Return what must be the same of one MIME type's value."""
    if mime == WIDGET:
        return ""
    if mime.startswith(("image/", "audio/", "video/")) or mime == "application/pdf":
        if varies:
            return "(a picture that varies)"
        if mime != "image/svg+xml":
            return sha256("".join(str(value).split()).encode()).hexdigest()  # of base64 in lines
    if mime.startswith(PLOT):
        value = _without_values(value)
    if isinstance(value, str):
        return sanitize(value)
    return json.dumps(value, indent=1, sort_keys=True)


def _without_values(spec: object) -> object:
    """Return a part of a Vega-Lite spec, with the names of the fields in place of the rows."""
    if isinstance(spec, list):
        return [_without_values(part) for part in spec]
    if not isinstance(spec, dict):
        return spec
    parts = {}
    for name, part in spec.items():
        if name == "description":  # names the values for who can't see the plot
            parts[name] = re.sub(r"\d[\d,.]*\d|\d|no number", "N", str(part))
        elif name in ("data", "datasets") and isinstance(part, dict):
            parts[name] = {key: _fields(rows) for key, rows in part.items()}
        else:
            parts[name] = _without_values(part)
    return parts


def _fields(rows: object) -> object:
    """Return the names that the rows of a plot's data use; what is no list of rows, as it is."""
    if not isinstance(rows, list):
        return rows
    return sorted({name for row in rows if isinstance(row, dict) for name in row})
