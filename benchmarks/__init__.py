"""Compares the service of this course with the article's. README.md beside this file tells how.

The benchmarks start the services with the tools of the course and of its tests.
"""

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
for _folder in ("notebooks", "tests"):
    if str(_ROOT / _folder) not in sys.path:
        sys.path.append(str(_ROOT / _folder))
