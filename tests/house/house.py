#!/usr/bin/python3
"""The house rules of docs/ARCHITECTURE.md, checked: house.py RULE TREE.

Prints each place where TREE breaks RULE, a line each, and exits 1 if there is one. Without
arguments it prints the rules. tests/house/10-rules runs every rule on this tree, and on a made-up
tree that breaks it.
"""
import os
import re
import subprocess
import sys

FLOORS = {
    "main.c": 6,
    "cmd": 5,
    "lab": 4, "doctor": 4, "bench": 4,
    "server": 3, "client": 3,
    "tls": 2,
    "pki": 1, "http": 1, "store": 1, "net": 1, "confine": 1,
    "base": 0,
}
LOG_FLOOR_MIN = 3
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
# A file or function that is longer says why in a comment that holds these words.
REASON = "Long because"

# Where a library may be seen: system headers, calls.
LIBRARIES = {
    "OpenSSL": (("pki", "tls"), r"openssl/",
                r"(SSL|X509|X509V3|EVP|BIO|ERR|PEM|PKCS12|ASN1|OPENSSL|CRYPTO|RAND|OCSP|NCONF|BN)_\w+"),
    "libuv": (("net",), r"uv\.h|uv/", r"uv_\w+"),
    "libcurl": (("client",), r"curl/", r"curl_\w+"),
    "SQLite": (("store",), r"sqlite3\.h", r"sqlite3_\w+"),
    "libseccomp": (("confine",), r"seccomp\.h", r"seccomp_\w+"),
    "libpq": (("store",), r"libpq-fe\.h", r"PQ[a-z]\w+"),
    "the HTTP parser": (("http",), r"http_parser\.h|llhttp\.h", r"(http_parser|llhttp)_\w+"),
}


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def without_comments(text):
    """C with comments and the insides of strings blanked out, line numbers kept."""
    def blank(match):
        found = match.group(0)
        if found[0] == '"':
            return '""'
        if found[0] == "'":
            return found
        return re.sub(r"[^\n]", " ", found)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)


def tracked(tree):
    """The files that version control knows; in a tree without any, all files."""
    listing = subprocess.run(["git", "-c", "safe.directory=*", "-C", tree, "ls-files", "-z"],
                             capture_output=True, check=False)
    if listing.returncode == 0 and listing.stdout:
        names = listing.stdout.decode().split("\0")
        return sorted(n for n in names if n and os.path.isfile(os.path.join(tree, n)))
    found = []
    for folder, folders, files in os.walk(tree):
        folders[:] = [f for f in folders if f != ".git" and not f.startswith("build")]
        found += [os.path.relpath(os.path.join(folder, f), tree) for f in files]
    return sorted(found)


def sources(tree, top="src"):
    return [n for n in tracked(tree) if n.startswith(top + "/") and n.endswith((".c", ".h", ".def"))]


def room_of(name):
    return name.split("/")[1]


def numbered(tree, name):
    return enumerate(without_comments(read(os.path.join(tree, name))).split("\n"), 1)


def rule_includes(tree):
    """A room includes only rooms on lower floors, and of those only the door header."""
    for name in sources(tree):
        room = room_of(name)
        if room not in FLOORS:
            yield f"{name}: '{room}' stands on no floor"
            continue
        for number, line in enumerate(read(os.path.join(tree, name)).split("\n"), 1):
            found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not found:
                continue
            header = found.group(1)
            other = header.split("/")[0]
            if other == room:
                continue
            if "/" not in header or other not in FLOORS:
                yield f"{name}:{number}: includes \"{header}\", which names no room"
            elif FLOORS[other] >= FLOORS[room]:
                yield f"{name}:{number}: includes \"{header}\" from floor {FLOORS[other]}, " \
                      f"and stands on floor {FLOORS[room]}"
            elif header != f"{other}/{other}.h":
                yield f"{name}:{number}: includes \"{header}\", not the door {other}/{other}.h"


def rule_libraries(tree):
    """OpenSSL is seen only in pki/ and tls/, libuv in net/, libcurl in client/."""
    for name in sources(tree):
        text = read(os.path.join(tree, name)).split("\n")
        for number, line in numbered(tree, name):
            for library, (rooms, headers, calls) in LIBRARIES.items():
                if room_of(name) in rooms:
                    continue
                if re.match(rf"\s*#\s*include\s+<({headers})", text[number - 1]):
                    yield f"{name}:{number}: includes {library}"
                elif re.search(rf"\b{calls}\s*\(", line):
                    yield f"{name}:{number}: calls {library}: {line.strip()}"


def rule_printing(tree):
    """Only cmd/ prints; the one exception is bug() in base/error.c."""
    prints = re.compile(r"\b(printf|vprintf|puts|putchar|perror)\s*\(|\b(stdout|stderr)\b|"
                        r"\b(write|dprintf)\s*\(\s*([12]|STDOUT_FILENO|STDERR_FILENO)\s*,")
    for name in sources(tree):
        if room_of(name) == "cmd" or name == "src/base/error.c":
            continue
        for number, line in numbered(tree, name):
            if prints.search(line):
                yield f"{name}:{number}: prints: {line.strip()}"


def rule_logging(tree):
    """Only floor 3 and above logs."""
    for name in sources(tree):
        if FLOORS.get(room_of(name), 9) >= LOG_FLOOR_MIN or name.startswith("src/base/log."):
            continue
        for number, line in numbered(tree, name):
            if re.search(r"\blog_event\s*\(", line):
                yield f"{name}:{number}: logs, below floor {LOG_FLOOR_MIN}"


def functions(text):
    """(name, first line, lines) of each function, in the layout that clang-format makes."""
    start, head = None, ""
    for number, line in enumerate(text.split("\n"), 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start:
            named = re.findall(r"(\w+)\s*\(", head)
            yield (named[0] if named else "?"), start, number - start + 1
            start, head = None, ""
        elif start is None:
            head = line if re.match(r"\w", line) else head


def rule_size(tree):
    """No file over 500 lines, no function over 70, without a written reason."""
    for name in sources(tree) + sources(tree, "tests") + sources(tree, "bench"):
        whole = read(os.path.join(tree, name))
        lines = whole.split("\n")
        if len(lines) - 1 > FILE_LINES_MAX and REASON not in "\n".join(lines[:30]):
            yield f"{name}: {len(lines) - 1} lines"
        for function, start, length in functions(whole):
            around = "\n".join(lines[max(0, start - 12):start + length])
            if length > FUNCTION_LINES_MAX and REASON not in around:
                yield f"{name}:{start}: {function}() has {length} lines"


def rule_opening(tree):
    """Each source, header, script and build file opens with a comment that says why it exists."""
    for name in tracked(tree):
        lines = read(os.path.join(tree, name)).split("\n")
        if name.endswith((".c", ".h", ".def")):
            if not lines[0].startswith("/*"):
                yield f"{name}: opens with: {lines[0]}"
        elif lines[0].startswith("#!"):
            if len(lines) < 2 or not lines[1].startswith(("#", '"""')):
                yield f"{name}: its second line says nothing about it"
        elif name.endswith(".sh") and not lines[0].startswith("#"):
            yield f"{name}: opens with: {lines[0]}"


def rule_secrets(tree):
    """No key and no certificate is kept in version control."""
    kinds = (".key", ".pfx", ".p12", ".pem", ".crt", ".csr", ".crl", ".srl", ".der", ".cer", ".pass")
    block = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----\r?\n[A-Za-z0-9+/]{60,}")
    for name in tracked(tree):
        if name.endswith(kinds):
            yield f"{name}: is a key or a certificate by its name"
            continue
        with open(os.path.join(tree, name), "rb") as file:
            content = file.read()
        if block.search(content):
            yield f"{name}: holds a PEM block"
        elif content[:2] == b"\x30\x82":
            yield f"{name}: begins like DER"


def rule_places(tree):
    """No file names the place where it was written: this tree's path, this host, this user's home."""
    top = os.path.realpath(tree)
    places = {top, os.path.dirname(top), os.path.expanduser("~")}
    # Short ones (/tmp, /root, /home) are everybody's.
    words = [p for p in places if p.count("/") > 1]
    host = os.uname().nodename
    if len(host) > 6 and host not in ("localhost", "localdomain"):
        words.append(host)
    for name in tracked(tree):
        content = read(os.path.join(tree, name))
        for word in words:
            if word in content:
                yield f"{name}: names {word}"


def rule_tests(tree):
    """Each test script is executable, uses the library, and has a positive and a negative check."""
    positive = re.compile(r"^\s*(check|same|holds|says|ok)\s", re.M)
    # A refusal of the program, or an HTTP status that is one.
    negative = re.compile(r"^\s*(refuse|lacks|fails|not_ok)\s|\b4\d\d\b", re.M)
    for name in tracked(tree):
        if not re.match(r"tests/(e2e|interop)/\d", name):
            continue
        text = read(os.path.join(tree, name))
        for helper in re.findall(r'^\. .*/(\w+\.sh)"?$', text, re.M):
            beside = os.path.join(tree, os.path.dirname(name), helper)
            text += read(beside) if os.path.exists(beside) else ""
        twin = re.search(r"^# twin: (\S+)", text, re.M)
        if not os.access(os.path.join(tree, name), os.X_OK):
            yield f"{name}: is not executable"
        if "lib.sh" not in text:
            yield f"{name}: does not use tests/lib.sh"
        if twin and not os.path.exists(os.path.join(tree, os.path.dirname(name), twin.group(1))):
            yield f"{name}: names a twin that is not there: {twin.group(1)}"
        if not positive.search(text) and not twin:
            yield f"{name}: nothing must succeed in it"
        if not negative.search(text) and not twin:
            yield f"{name}: nothing is refused in it (or name the test that does: '# twin: NAME')"
        if re.search(r"(^|[;&|({]|\bdo|\bthen)\s*sleep\s", text, re.M):
            yield f"{name}: sleeps instead of waiting for an event"
        if re.search(r"\b(pkill|killall)\b", text):
            yield f"{name}: kills by name"


def rule_balance(tree):
    """There is at least as much test as code."""
    code = sum(read(os.path.join(tree, n)).count("\n") for n in sources(tree))
    test = sum(read(os.path.join(tree, n)).count("\n") for n in tracked(tree) if n.startswith("tests/"))
    if test < code:
        yield f"{code} lines of code, {test} lines of test"


def rule_readme(tree):
    """The commands that the documents show exist: verbs of ./dev, commands and options of mtls."""
    verbs = set(re.findall(r"^(\w+) +[\w,]+ +\S", read(os.path.join(tree, "dev")), re.M))
    for name in ("README.md", "CONTRIBUTING.md", "docs/ARCHITECTURE.md"):
        path = os.path.join(tree, name)
        if not os.path.exists(path):
            yield f"{name}: is missing"
            continue
        text = read(path)
        for verb in re.findall(r"\./dev ([a-z]+)", text):
            if verb not in verbs:
                yield f"{name}: ./dev has no verb '{verb}'"
        for link in re.findall(r"\]\(([^)#:]+)\)", text):
            if not os.path.exists(os.path.join(tree, os.path.dirname(name), link)):
                yield f"{name}: links to {link}, which is not there"


RULES = {key[5:]: value for key, value in sorted(globals().items()) if key.startswith("rule_")}


def main(words):
    if len(words) != 2 or words[0] not in RULES:
        for rule, function in RULES.items():
            print(f"{rule:10} {function.__doc__}")
        return 2
    broken = list(RULES[words[0]](words[1]))
    print("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
