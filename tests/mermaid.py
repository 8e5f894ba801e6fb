"""Reads the Mermaid diagrams that the course draws, and says what Mermaid would not.

A page shows a diagram that does not parse as an error, and only in a browser. Mermaid itself needs
Node.js, so this module knows the part of its language that the course uses: flowcharts, sequence,
entity and class diagrams. It is stricter than Mermaid in three ways: it refuses kinds of diagrams
and statements that it does not know; around an arrow it wants spaces; and a name that stands only
once, where the others are declared, is taken for a typing mistake (Mermaid draws another box).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator

KINDS = ("flowchart", "graph", "sequenceDiagram", "erDiagram", "classDiagram")
FENCE = re.compile(r"^(?P<fence>```+|~~~+)[ \t]*(?P<language>\S*)[^\n]*\n(?P<text>.*?)"
                   r"(?P<end>^(?P=fence)[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)  # fmt: skip

QUOTED = r'"[^"]+"'
NAME = r"[A-Za-z_]\w*(?:-\w+)*"
WORDS = r"[\w .,:'’!?…+*=/-]+"  # noqa: RUF001 - a text without quotes


class MermaidError(ValueError):
    """A diagram that Mermaid does not draw, or that draws something else than it says."""


def blocks(markdown: str) -> list[str]:
    """Return the texts of the Mermaid blocks in a Markdown text.

    Raises MermaidError if a block is not closed, or is a diagram and does not say so.
    """
    texts = []
    for block in FENCE.finditer(markdown):
        first = block["text"].strip().partition("\n")[0]
        if block["language"] == "mermaid":
            if not block["end"]:
                raise MermaidError(f"the block that begins with {first!r} is not closed")
            texts.append(block["text"])
        elif first.split(" ")[0] in KINDS:
            raise MermaidError(f"the block that begins with {first!r} does not say mermaid")
    return texts


def check(diagram: str) -> None:
    """Read a diagram, the text of a Mermaid block. Raises MermaidError if it is not right."""
    lines = list(_statements(diagram))
    if not lines:
        raise MermaidError("the diagram is empty")
    number, header = lines.pop(0)
    kind, _, rest = header.partition(" ")
    if kind not in READERS or not re.fullmatch(READERS[kind][0], rest.strip()):
        raise MermaidError(f"line {number}: {header!r} begins no diagram that is known here")
    names = Names()
    depth: list[int] = []  # the lines of the blocks that are open
    for number, line in lines:
        try:
            change = READERS[kind][1](line, bool(depth), names)
        except MermaidError as error:
            raise MermaidError(f"line {number}: {error}") from None
        if change > 0:
            depth.append(number)
        elif change < 0:
            if not depth:
                raise MermaidError(f"line {number}: {line!r} closes nothing")
            depth.pop()
    if depth:
        raise MermaidError(f"line {depth[-1]}: this block is not closed")
    names.check()


class Names:
    """The names in a diagram: what is declared, and what is only used."""

    def __init__(self) -> None:
        """Begin with none."""
        self.declared: set[str] = set()
        self.used: Counter[str] = Counter()

    def declare(self, name: str) -> None:
        """Note a name that has a text, or a statement, of its own."""
        self.declared.add(name)

    def use(self, name: str) -> None:
        """Note a name that stands in a statement about others."""
        self.used[name] += 1

    def check(self) -> None:
        """Raise MermaidError for a name that stands once and is not declared, if others are."""
        for name, times in self.used.items():
            if self.declared and name not in self.declared and times == 1:
                raise MermaidError(f"{name!r} stands nowhere else in the diagram")


def _statements(diagram: str) -> Iterator[tuple[int, str]]:
    """Give the lines, each with its number, without comments and what is for screen readers."""
    description = False
    for number, line in enumerate(diagram.splitlines(), 1):
        text = line.strip()
        if line.endswith((" ", "\t")):
            raise MermaidError(f"line {number}: it ends with a space, which ends no statement")
        if description:
            description = "}" not in text
        elif re.fullmatch(r"accDescr\s*\{[^}]*", text):
            description = True
        elif text and not re.fullmatch(r"%%(?!\{).*|accTitle\s*:.+|accDescr\s*:.+", text):
            yield number, text
    if description:
        raise MermaidError("accDescr { is not closed")


def _fail(line: str) -> int:
    """Refuse a statement."""
    raise MermaidError(f"{line!r} is no statement that is known here")


# Flowcharts

SHAPES = {"[": "]", "(": ")", "{": "}", "([": "])", "[[": "]]", "[(": ")]", "((": "))", "{{": "}}"}
SHAPE = "|".join(
    f"{re.escape(opening)}(?:{QUOTED}|{WORDS}){re.escape(closing)}"
    for opening, closing in sorted(SHAPES.items(), key=lambda shape: -len(shape[0]))
)
NODE = re.compile(rf"({NAME})({SHAPE})?(?::::{NAME})?")
LABEL = rf"(?:{QUOTED}|[\w .,:'!?…]+)"
LINK = re.compile(
    r" +(?:"
    rf"<?(?:--+[->xo]|==+[=>xo]|-\.+->?)(?:\|{LABEL}\|)?"
    rf"|<?-- +{LABEL} +--+[->xo]|<?== +{LABEL} +==+[=>xo]|<?-\. +{LABEL} +\.+->?"
    r") +"
)
RESERVED = {"end", "graph", "flowchart", "subgraph", "style", "class", "click", "linkStyle",
            "classDef", "default"}  # fmt: skip
STYLE = r"(?:classDef|class|style|linkStyle) +[\w,]+ +[\w#:,.%() -]+|direction +(?:TB|TD|BT|RL|LR)"


def _flowchart(line: str, nested: bool, names: Names) -> int:
    """Read a statement of a flowchart. Return 1 if it opens a block, -1 if it closes one."""
    if line == "end":
        return -1
    if title := re.fullmatch(
        rf"subgraph +(?:({NAME})(?: *\[(?:{QUOTED}|{WORDS})\])?|{QUOTED})", line
    ):
        names.declare(title[1] or line)
        return 1
    if re.fullmatch(STYLE, line):
        return 0
    position = _nodes(line, 0, names)
    while position < len(line):
        link = LINK.match(line, position)
        if link is None:
            raise MermaidError(f"{line[position:].strip()!r} is no arrow, or no end of a box")
        position = _nodes(line, link.end(), names)
    return 0


def _nodes(line: str, position: int, names: Names) -> int:
    """Read boxes, with `&` between them; return where they end."""
    while True:
        node = NODE.match(line, position)
        if node is None or node[1] in RESERVED:
            raise MermaidError(f"{line[position:]!r} is no box")
        names.use(node[1])
        if node[2]:
            names.declare(node[1])
        joined = re.compile(r" +& +").match(line, node.end())
        if joined is None:
            return node.end()
        position = joined.end()


# Sequence diagrams

ARROW = r"(?:<<)?--?>>|--?>|--?[x)]"
SAID = r": *(?:[^#;]|#\w+;)+"  # a semicolon would end it
MESSAGE = re.compile(rf"({NAME}) *(?:{ARROW})[+-]? *({NAME}) *{SAID}")
NOTE = re.compile(
    rf"[Nn]ote +(?:over +({NAME})(?: *, *({NAME}))?|(?:left|right) +of +({NAME})) *{SAID}"
)
OPENS = r"(?:loop|alt|opt|par|critical|break|rect|box)(?: +[^#;]+)?"
CONTINUES = r"(?:else|and|option)(?: +[^#;]+)?"


def _sequence(line: str, nested: bool, names: Names) -> int:
    """Read a statement of a sequence diagram, and return the same."""
    if line == "end":
        return -1
    if re.fullmatch(OPENS, line):
        return 1
    if nested and re.fullmatch(CONTINUES, line):
        return 0
    if declared := re.fullmatch(rf"(?:participant|actor) +({NAME})(?: +as +[^#;]+)?", line):
        names.declare(declared[1])
        return 0
    if used := MESSAGE.fullmatch(line) or NOTE.fullmatch(line):
        for name in filter(None, used.groups()):
            names.use(name)
        return 0
    return (
        0
        if re.fullmatch(rf"(?:de)?activate +{NAME}|autonumber|title *:? .+", line)
        else _fail(line)
    )


# Entity diagrams

KEYS = r"(?:PK|FK|UK)(?:\s*,\s*(?:PK|FK|UK))*"
ATTRIBUTE = rf"[A-Za-z_][\w()\[\]-]*\s+(?!{KEYS}\b)[A-Za-z_][\w-]*(?:\s+{KEYS})?(?:\s+{QUOTED})?"
LINE = r"(?:\|o|\|\||\}o|\}\|)(?:--|\.\.)(?:o\||\|\||o\{|\|\{)"
RELATION = re.compile(rf"({NAME}) +{LINE} +({NAME}) *: *(?:\w+|{QUOTED})")


def _entities(line: str, nested: bool, names: Names) -> int:
    """Read a statement of an entity diagram, and return the same."""
    if nested:
        return -1 if line == "}" else 0 if re.fullmatch(ATTRIBUTE, line) else _fail(line)
    if entity := re.fullmatch(rf"({NAME})(?:\[(?:{QUOTED}|\w+)\])?( *\{{)?", line):
        names.declare(entity[1])
        return 1 if entity[2] else 0
    if relation := RELATION.fullmatch(line):
        names.use(relation[1])
        names.use(relation[2])
        return 0
    return _fail(line)


# Class diagrams

CLASS_ARROW = r"(?:<\|?|[*o])?(?:--|\.\.)(?:\|?>|[*o])?"
MEMBER = r"[^{}()]+(?:\([^{}()]*\)[^{}()]*)?"
BETWEEN = re.compile(
    rf"({NAME}) +(?:{QUOTED} +)?{CLASS_ARROW} +(?:{QUOTED} +)?({NAME})(?: *: *[^:;]+)?"
)


def _classes(line: str, nested: bool, names: Names) -> int:
    """Read a statement of a class diagram, and return the same."""
    if nested:
        return -1 if line == "}" else 0 if re.fullmatch(MEMBER, line) else _fail(line)
    if declared := re.fullmatch(rf'class +({NAME})(?:\["[^"]+"\])?( *\{{)?', line):
        names.declare(declared[1])
        return 1 if declared[2] else 0
    if between := BETWEEN.fullmatch(line):
        names.use(between[1])
        names.use(between[2])
        return 0
    if re.fullmatch(rf"direction +(?:TB|BT|RL|LR)|note(?: +for +{NAME})? +{QUOTED}", line):
        return 0
    return 0 if re.fullmatch(rf"(?!note|class){NAME} *: *[^:;]+", line) else _fail(line)


Reader = Callable[[str, bool, Names], int]
DIRECTION = "TB|TD|BT|RL|LR"
READERS: dict[str, tuple[str, Reader]] = {  # what follows the word in the first line; a statement
    "flowchart": (DIRECTION, _flowchart),
    "graph": (DIRECTION, _flowchart),
    "sequenceDiagram": ("", _sequence),
    "erDiagram": ("", _entities),
    "classDiagram": ("", _classes),
}
