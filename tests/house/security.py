#!/usr/bin/python3
"""docs/security.md names tests and files that exist: security.py TREE.

Prints each mistake, a line each, and exits 1 if there is one. In the column "shown by" a file in
`backticks` is followed by "the words" that stand in it; statements are numbered from 1 to 28, each once.
"""
import os
import re
import sys

STATEMENTS = 28
# What a row without a single test has to say.
OPEN = "Open"


def rows(text):
    """(number, what, shown by, kept in) of each row of the tables."""
    for line in text.splitlines():
        match = re.match(r"\| *(\d+) \|", line)
        if match:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            yield int(match.group(1)), cells[1:]


def content(tree, path):
    try:
        with open(os.path.join(tree, path), encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


def shown(tree, cell):
    """What is wrong with a cell "shown by"."""
    for part in cell.split(";"):
        path = re.match(r"\s*`([^`]+)`", part)
        if not path:
            yield f"no file in: {part.strip()}"
            continue
        text = content(tree, path.group(1))
        if text is None:
            yield f"there is no {path.group(1)}"
            continue
        words = re.findall(r'"([^"]+)"', part)
        if not words:
            yield f"{path.group(1)}: which test of it?"
        for word in words:
            if path.group(1).endswith("_test.c"):
                # Registered, not only defined.
                found = re.search(rf"\w\({re.escape(word)}[,)]", text)
            else:
                found = word in text
            if not found:
                yield f"{path.group(1)} has no test '{word}'"


def mistakes(tree):
    seen = []
    for number, cells in rows(content(tree, "docs/security.md") or ""):
        seen.append(number)
        if len(cells) != 3:
            yield f"{number}: {len(cells)} cells instead of 3"
            continue
        what, tests, kept = cells
        if not tests and OPEN not in what:
            yield f"{number}: neither a test nor '{OPEN}'"
        for mistake in shown(tree, tests) if tests else ():
            yield f"{number}: {mistake}"
        for path in re.findall(r"`([^`]+)`", kept):
            if content(tree, path) is None:
                yield f"{number}: there is no {path}"
    if seen != list(range(1, STATEMENTS + 1)):
        yield f"the statements are {seen}, not 1 to {STATEMENTS}"


def main(words):
    found = list(mistakes(words[0]))
    for mistake in found:
        print(f"docs/security.md: {mistake}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
