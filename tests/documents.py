"""Runs each row's command of docs/documents.md and compares its exit code.

usage: documents.py PAGE     in the prepared folder, with $PROJECT and $URL set

A row: | id | statement | `command`, planned, not done or a test | exit code | what really happens |
"""

import os
import re
import subprocess
import sys

IMAGE = "tests/house/90-image"
# Only these may be anything but a command: a push to the world, and
# the image, whose test builds for minutes.
EXEMPT = {
    "S82": "not done",
    "S79": f"the test [`{IMAGE}`](../{IMAGE})",
}
# Each document's statements, and the certificates: a row that is lost is missed.
COUNTS = {"F": 50, "S": 132, "C": 19}
SECONDS_MAX = 60


def rows(page):
    for number, line in enumerate(open(page, encoding="utf-8"), 1):
        cells = [c.strip().replace(r"\|", "|") for c in re.split(r"(?<!\\)\|", line.rstrip("\n"))]
        if len(cells) > 2 and re.fullmatch(r"[FSC]\d+", cells[1]):
            if len(cells) != 7:
                sys.exit(f"{page}:{number}: {len(cells) - 2} cells instead of 5")
            yield number, cells[1:6]


def problem(name, shown_by, expected):
    """What is wrong with this row, or None."""
    if name == "S79" and not os.access(os.path.join(os.environ["PROJECT"], IMAGE), os.X_OK):
        return f"names {IMAGE}, which is no test"
    if name in EXEMPT:
        return None if shown_by == EXEMPT[name] else f"is '{shown_by}', not '{EXEMPT[name]}'"
    if not re.fullmatch(r"`[^`]+`", shown_by):
        return "has no command"
    if not re.fullmatch(r"[0123]", expected):
        return f"expects '{expected}', which is no exit code"
    try:
        done = subprocess.run(
            ["sh", "-c", shown_by[1:-1]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"took more than {SECONDS_MAX} s: {shown_by}"
    if done.returncode == int(expected):
        return None
    said = done.stdout.decode(errors="replace").strip()[-600:]
    return f"exit {done.returncode} instead of {expected} from {shown_by}\n{said}"


def main():
    page = sys.argv[-1]
    seen, failed = [], 0
    for number, (name, statement, shown_by, expected, _) in rows(page):
        if name in seen:
            sys.exit(f"{page}:{number}: {name} stands twice")
        seen.append(name)
        why = problem(name, shown_by, expected)
        if why:
            failed += 1
            print(f"not ok - {name} {statement}: {why}")
        else:
            print(f"ok - {name} {statement}")
    for letter, count in COUNTS.items():
        names = [f"{letter}{n:02d}" for n in range(1, count + 1)]
        if [n for n in seen if n[0] == letter] != names:
            failed += 1
            print(f"not ok - the rows {names[0]} to {names[-1]} are all there, in order")
    sys.exit(1 if failed else 0)


main()
