"""What the course says when something goes wrong: messages.md, read by key.

This module is written for Python 3.8 too: it says that a Python is too old.
"""

from __future__ import annotations

import re
from pathlib import Path

_TEXT = (Path(__file__).parent / "messages.md").read_text(encoding="utf-8")
_MESSAGE = re.compile(r"^## (\S+)\n(.+)\n(.+)$", re.MULTILINE)

# key -> what happened, and what to do
MESSAGES = {key: (what, todo) for key, what, todo in _MESSAGE.findall(_TEXT)}
SET_UP_AGAIN = MESSAGES["old-python"][1]
