"""Holds the lab's rows of docs/documents.md against what the lab has just seen.

usage: documents_lab.py PAGE LAB.json     of mtls lab --json

T rows: | id | statement | `scenario` | ours | OpenSSL by itself | true answer |
D rows: | id | drawn | from | message | number on TLS 1.2 | on TLS 1.3 | true answer |
"""

import json
import re
import sys

# A row that is lost is missed.
COUNTS = {"T": 32, "D": 25}
CELLS = {"T": 6, "D": 7}
VERSIONS = ("1.2", "1.3")


def rows(page):
    for line in open(page, encoding="utf-8"):
        cells = [cell.strip() for cell in line.rstrip("\n").split("|")]
        if len(cells) > 2 and re.fullmatch(r"[TD]\d+", cells[1]):
            yield cells[1:-1]


def in_words(row):
    """As mtls lab prints it: who refused, by which alert, for which X.509 error."""
    if "not_run" in row:
        return "not run"
    observed = row["observed"]
    client = observed.get("client") or {}
    side = client.get("refused_by")
    if side is None:
        return "accepted, HTTP %s" % client.get("status")
    alert = "%(number)d %(name)s" % client["alert"] if "alert" in client else "no alert"
    more = ", HTTP %d" % client["status"] if "status" in client else ""
    if "x509_error" in observed.get(side, {}):
        more = ", X.509 %d" % observed[side]["x509_error"]
    return "%s: %s%s" % (side, alert, more)


def scenario_problem(cells, words, differ):
    name = cells[2].strip("`")
    if (name, "1.2", "mtls") not in words:
        return "the lab has no scenario '%s'" % name
    if name in differ:
        return "the lab itself expected something else of '%s'" % name
    if words[name, "1.2", "mtls"] == "not run":
        return None  # this machine lacks what it needs, and the lab said so
    for profile, cell in ("mtls", cells[3]), ("openssl", cells[4]):
        # Where the stack does the same the lab runs ours only.
        seen = [words.get((name, version, profile), words[name, version, "mtls"]) for version in VERSIONS]
        seen = seen[0] if seen[0] == seen[1] else " / ".join(seen)
        if seen != cell:
            return "%s: '%s', and the page says '%s'" % (profile, seen, cell)
    return None if cells[5] else "has no answer"


def number(messages, sender, name):
    for at, message in enumerate(messages, 1):
        if (message["from"], message["message"]) == (sender, name):
            return "%d%s" % (at, ", encrypted" if message["encrypted"] else "")
    return "not sent"


def drawing_problem(cells, messages):
    for version, cell in zip(VERSIONS, cells[4:6]):
        seen = number(messages[version], cells[2], cells[3])
        if seen != cell:
            return "TLS %s: '%s', and the page says '%s'" % (version, seen, cell)
    return None


def missed(drawn, messages):
    """What was sent up to the first application data, and no row names."""
    for version in VERSIONS:
        for message in messages[version]:
            if (message["from"], message["message"]) not in drawn:
                yield "TLS %s: %s's %s" % (version, message["from"], message["message"])
            if message["message"] == "application data":
                break


def main():
    page, report = sys.argv[1:]
    results = json.load(open(report, encoding="utf-8"))["results"]
    words = {(row["scenario"], row["tls"], row["profile"]): in_words(row) for row in results}
    differ = {row["scenario"] for row in results if not row.get("as_expected", True)}
    messages = {row["tls"]: row["messages"] for row in results if row["scenario"] == "good-client"}
    seen, drawn, wrong = [], set(), []
    for cells in rows(page):
        seen.append(cells[0])
        if len(cells) != CELLS[cells[0][0]]:
            problem = "%d cells" % len(cells)
        elif cells[0][0] == "T":
            problem = scenario_problem(cells, words, differ)
        else:
            problem = drawing_problem(cells, messages)
            drawn.add((cells[2], cells[3]))
        if problem:
            wrong.append("%s %s" % (cells[0], problem))
    wrong += ["no row draws " + what for what in missed(drawn, messages)]
    for letter, count in COUNTS.items():
        if [name for name in seen if name[0] == letter] != ["%s%02d" % (letter, n + 1) for n in range(count)]:
            wrong.append("the rows %s01 to %s%d are not all there, in order" % (letter, letter, count))
    print("\n".join(wrong) or "%d rows" % len(seen))
    sys.exit(1 if wrong else 0)


main()
