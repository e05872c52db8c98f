"""What a benchmark was told on its command line: a mistake is one sentence, and exit code 2."""
import os
import sys


def refuse(sentence):
    print(f"bench/{os.path.basename(sys.argv[0])}: {sentence}", file=sys.stderr)
    sys.exit(2)


def numbers(*wanted, words=0):
    """The arguments, whole numbers that are wanted as (NAME, default, least) each; behind them may stand
    so many words, which are given back as they are, None where there is none."""
    given = sys.argv[1:]
    if len(given) > len(wanted) + words:
        refuse(f"'{given[len(wanted) + words]}' is one argument too many")
    told = []
    for position, (name, default, least) in enumerate(wanted):
        text = given[position] if position < len(given) else str(default)
        if not (text.isascii() and text.isdigit()) or int(text) < least:
            refuse(f"{name} is a whole number from {least} on, not '{text}'")
        told.append(int(text))
    return told + [given[position] if position < len(given) else None
                   for position in range(len(wanted), len(wanted) + words)]
