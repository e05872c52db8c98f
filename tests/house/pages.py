#!/usr/bin/python3
"""Holds man pages against the program: pages.py PROGRAM FOLDER-OF-PAGES.

Every command has a page and every page a command; a page's synopsis and its options, with their
letters and values, are those of `mtls COMMAND --help`. Prints each difference; exits 1 if any.
"""
import glob
import os
import re
import subprocess
import sys


def words(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout


def plain(roff):
    """What a line of man(7) shows."""
    roff = re.sub(r"\\f.", "", roff).replace("\\&", "").replace("\\-", "-").replace("\\e", "\\")
    return roff.replace("\\(aq", "'").replace("\\(ha", "^").replace("\\(ti", "~").strip()


def section(page, title):
    found = re.search(rf'^\.SH "?{title}"?\n(.*?)(?=^\.SH |\Z)', page, re.M | re.S)
    return [plain(line) for line in found.group(1).split("\n")
            if line and not line.startswith(".")] if found else []


def options(lines):
    """{"--listen": ("", "HOST:PORT"), "--verbose": ("-v", ""), ...}"""
    found = {}
    for line in lines:
        match = re.match(r"\s*(?:(-\w), )?(--[a-z0-9.-]+)(?: (\S+(?: \S+)*))?(?:\s{2,}.*)?$", line)
        if match:
            found[match.group(2)] = (match.group(1) or "", match.group(3) or "")
    return found


def differences(program, folder):
    overview = words(program, "--help")
    commands = re.findall(r"^  ([a-z]+) ", overview.split("Commands:\n")[1].split("\n\n")[0], re.M)
    pages = {os.path.basename(p)[5:-2] for p in glob.glob(os.path.join(folder, "mtls-*.1"))}
    # completion is the program's own affair: it is told of in mtls(1).
    for page in sorted(pages - set(commands)):
        yield f"mtls-{page}(1) tells of a command that is not there"
    for command in commands:
        if command == "completion":
            continue
        if command not in pages:
            yield f"mtls {command} has no man page"
            continue
        with open(os.path.join(folder, f"mtls-{command}.1"), encoding="utf-8") as file:
            page = file.read()
        text = words(program, command, "--help")
        usage = re.search(r"^Usage: (.*)$", text, re.M).group(1).strip()
        told = " ".join(section(page, "SYNOPSIS"))
        if told != usage:
            yield f"mtls-{command}(1): synopsis is '{told}', --help says '{usage}'"
        if not " ".join(section(page, "NAME")).startswith(f"mtls-{command} - "):
            yield f"mtls-{command}(1): NAME does not name it"
        has, tells = options(text.split("\n")), options(section(page, "OPTIONS"))
        for option in sorted(set(has) | set(tells)):
            if has.get(option) != tells.get(option):
                yield f"mtls-{command}(1): {option} is {tells.get(option)}, --help says {has.get(option)}"


def main(arguments):
    if len(arguments) != 2:
        print(__doc__)
        return 2
    broken = list(differences(*arguments))
    print("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
