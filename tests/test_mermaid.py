"""Every diagram in the course is one that Mermaid draws, and mermaid.py refuses the others.

The cases below were tried with Mermaid 11 itself: it draws each of GOOD, and none of BAD.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import mermaid
import nbformat
import pytest
from service import ROOT

FLOW = """flowchart LR
    accTitle: what asks whom
    accDescr {
        A client asks; the service
        answers.
    }
    %% a comment
    client["a client<br/>curl, httpx"] -- "HTTP, 127.0.0.1" --> service
    subgraph service["your service"]
        sync["app.main"] & other(plain words)
        subgraph inner
            thread --> sync
        end
    end
    sync --> thread
    sync -- "SQL" --> file[("database.db")]
    other -. "compares" .-> file
    file -->|"a row"| client
    client ==> file
"""
SEQUENCE = """sequenceDiagram
    accTitle: a request
    participant client
    participant endpoint as create_task
    client->>endpoint: POST /task/ {"task_name": "buy milk"}
    Note over endpoint: validates the body,<br/>opens a session
    Note right of client: waits
    alt it is valid
        endpoint-->>client: 201
    else it is not
        endpoint--xclient: 422 &#59; see there
    end
    loop twice
        client-)endpoint: ping
    end
"""
ENTITIES = """erDiagram
    task {
        VARCHAR(100) task_name "required"
        INTEGER id PK "required"
        INTEGER list_id FK, UK
    }
    list {
        INTEGER id PK
    }
    list ||--o{ task : "has"
    list |o..|{ task : holds
"""
CLASSES = """classDiagram
    direction LR
    class TaskBase {
        task_name: str
    }
    class Task {
        id: int
        a row of the table
        save(now) bool
    }
    class TaskCreate
    TaskBase <|-- Task
    TaskBase <|-- TaskCreate : adds nothing
    Task "1" --> "many" TaskBase
    note for Task "a table"
"""
GOOD = {"flowchart": FLOW, "sequence": SEQUENCE, "entities": ENTITIES, "classes": CLASSES}

# A diagram, what is changed in it, and by what it is replaced. Mermaid refuses each of these.
BAD = {
    "unknown kind": (FLOW, "flowchart", "flowchrt"),
    "unknown direction": (FLOW, "flowchart LR", "flowchart LEFT"),
    "box not closed": (FLOW, '"app.main"]', '"app.main"'),
    "box closed by another bracket": (FLOW, '"app.main"]', '"app.main")'),
    "quote not closed": (FLOW, '"app.main"', '"app.main'),
    "bracket without quotes": (FLOW, "plain words", "plain (words)"),
    "cylinder not closed": (FLOW, '[("database.db")]', '[("database.db"]'),
    "arrow of one dash": (FLOW, "sync --> thread", "sync -> thread"),
    "arrow of no kind": (FLOW, "sync --> thread", "sync ~> thread"),
    "arrow from nothing": (FLOW, "sync --> thread", "--> thread"),
    "two arrows": (FLOW, "sync --> thread", "sync --> --> thread"),
    "no arrow": (FLOW, "sync --> thread", "sync thread"),
    "text of an arrow not closed": (FLOW, '-- "SQL" -->', '-- "SQL -->'),
    "text of an arrow without its end": (FLOW, '-- "SQL" --> file', '-- "SQL" file'),
    "bar not closed": (FLOW, '|"a row"|', '|"a row"'),
    "dots that do not fit": (FLOW, '-. "compares" .->', '-. "compares" -->'),
    "subgraph not closed": (FLOW, "        end\n    end", "        end"),
    "end too many": (FLOW, "    end\n    sync", "    end\n    end\n    sync"),
    "space after a subgraph": (FLOW, "subgraph inner", 'subgraph inner["a"] '),
    "a box named end": (FLOW, "sync --> thread", "sync --> end"),
    "unknown word": (FLOW, "%% a comment", "remark a comment"),
    "half a comment": (FLOW, "%% a comment", "% a comment"),
    "unknown kind in a sequence": (SEQUENCE, "sequenceDiagram", "sequence"),
    "message without text": (SEQUENCE, "client: 201", "client"),
    "message without arrow": (SEQUENCE, "client->>endpoint", "client endpoint"),
    "unknown arrow in a sequence": (SEQUENCE, "client->>endpoint", "client=>>endpoint"),
    "message from nobody": (SEQUENCE, "client->>endpoint", "->>endpoint"),
    "note of nobody": (SEQUENCE, "over endpoint:", "over:"),
    "note nowhere": (SEQUENCE, "Note over", "Note above"),
    "block not closed": (SEQUENCE, "ping\n    end", "ping"),
    "end too many in a sequence": (SEQUENCE, "ping\n    end", "ping\n    end\n    end"),
    "else outside": (SEQUENCE, "    loop twice", "    else\n    loop twice"),
    "semicolon in a message": (SEQUENCE, "client: 201", "client: 201; the task"),
    "unknown word in a sequence": (SEQUENCE, "participant client", "partner client"),
    "entity not closed": (ENTITIES, "PK\n    }\n    list ||", "PK\n    list ||"),
    "attribute without name": (ENTITIES, "INTEGER id PK\n", "INTEGER\n"),
    "attribute without type": (ENTITIES, "INTEGER id PK\n", "id PK\n"),
    "comment not closed": (ENTITIES, '"required"', '"required'),
    "unknown key": (ENTITIES, "id PK\n", "id XX\n"),
    "comma in a type": (ENTITIES, "VARCHAR(100)", "DECIMAL(10, 2)"),
    "relation without label": (ENTITIES, ' : "has"', ""),
    "unknown relation": (ENTITIES, "||--o{", "||-o{"),
    "relation without an end": (ENTITIES, "||--o{ task", "||--o{"),
    "class not closed": (CLASSES, "bool\n    }", "bool"),
    "half a bracket": (CLASSES, "a row of", "a row) of"),
    "brace too many": (CLASSES, "bool\n    }", "bool\n    }\n    }"),
    "unknown arrow of classes": (CLASSES, "<|-- TaskCreate", "<|- TaskCreate"),
    "arrow to no class": (CLASSES, "TaskBase <|-- Task\n", "TaskBase <|--\n"),
    "class without name": (CLASSES, "class TaskCreate", "class"),
    "note not closed": (CLASSES, '"a table"', '"a table'),
    "empty": (FLOW, FLOW, "\n"),
}
# Mermaid draws these, but something else than they say.
DRAWN_WRONG = {
    "quote in quotes": (FLOW, "curl, httpx", 'curl "httpx"'),
    "arrow to nothing": (FLOW, "sync --> thread", "sync -->"),  # it takes the next line's box
    "description not closed": (FLOW, "answers.\n    }", "answers."),
    "name of a box": (FLOW, "sync --> thread", "sync --> thraed"),
    "name of a participant": (SEQUENCE, "endpoint-->>client", "endpoint-->>cleint"),
    "name of an entity": (ENTITIES, "o{ task", "o{ taks"),
    "name of a class": (CLASSES, "<|-- TaskCreate", "<|-- TaskCraete"),
}


def documents() -> Iterator[tuple[Path, str]]:
    """Give each text of the course that may hold diagrams: prose and what notebooks display."""
    for path in sorted(ROOT.glob("*.md")) + sorted((ROOT / "notebooks").glob("*.md")):
        yield path, path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                yield path, cell.source
            for output in cell.get("outputs", ()):
                yield path, output.get("data", {}).get("text/markdown", "")


def test_every_diagram_of_the_course() -> None:
    """Each diagram in prose, and each that a notebook displays, is right."""
    found, wrong = 0, []
    for path, text in documents():
        try:
            diagrams = mermaid.blocks(text)
            found += len(diagrams)
            for diagram in diagrams:
                mermaid.check(diagram)
        except mermaid.MermaidError as error:
            wrong.append(f"{path.name}: {error}")
    assert wrong == []
    assert found >= 10


def test_every_diagram_has_a_title_and_a_description() -> None:
    """JupyterLab and GitHub give them to who can't see the picture. Neither is empty."""
    for path, text in documents():
        for one in mermaid.blocks(text):
            for word in ("accTitle", "accDescr"):
                assert len(re.findall(rf"^ *{word}: \S", one, re.MULTILINE)) == 1, (path, one)


def test_no_class_diagram_in_the_course() -> None:
    """Mermaid draws a box for the methods of each class; in our models it would be empty."""
    for path, text in documents():
        assert not [one for one in mermaid.blocks(text) if one.startswith("classDiagram")], path


@pytest.mark.parametrize("diagram", GOOD.values(), ids=GOOD)
def test_good(diagram: str) -> None:
    """What Mermaid draws is right."""
    mermaid.check(diagram)


@pytest.mark.parametrize(("diagram", "old", "new"), BAD.values(), ids=BAD)
def test_bad(diagram: str, old: str, new: str) -> None:
    """What Mermaid does not draw is refused."""
    assert old in diagram
    with pytest.raises(mermaid.MermaidError):
        mermaid.check(diagram.replace(old, new, 1))


@pytest.mark.parametrize(("diagram", "old", "new"), DRAWN_WRONG.values(), ids=DRAWN_WRONG)
def test_drawn_wrong(diagram: str, old: str, new: str) -> None:
    """What Mermaid draws as something else is refused: for a mistyped name it makes a box more."""
    assert old in diagram
    with pytest.raises(mermaid.MermaidError):
        mermaid.check(diagram.replace(old, new, 1))


@pytest.mark.parametrize(
    "markdown",
    ["```mermaid\nflowchart LR\n    a --> b\n", "```mermiad\nflowchart LR\n    a --> b\n```\n",
     "```\nerDiagram\n```\n"],
    ids=["not closed", "another word", "no word"],
)  # fmt: skip
def test_no_block(markdown: str) -> None:
    """A diagram that is not closed, or is in a block of another kind, is no diagram."""
    with pytest.raises(mermaid.MermaidError):
        mermaid.blocks(markdown)


def test_blocks() -> None:
    """Only the Mermaid blocks of a text are diagrams."""
    text = "one\n\n```mermaid\ngraph TD\n```\n\n```python\nx = 1\n```\n````mermaid\na\n````\n"
    assert mermaid.blocks(text) == ["graph TD\n", "a\n"]
