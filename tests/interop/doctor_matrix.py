"""The doctor against other people's servers: python3 doctor_matrix.py MTLS TABLE.

Makes certificates, good and broken, starts each maker's server (once for each configuration), runs
`mtls doctor --json` for every scenario on TLS 1.2 and 1.3, and holds its first finding against the
table that was written beforehand. Prints the matrix; exits 1 when a certainty is false or more than
one cell in twenty is wrong. The rows as they stand in the README go to matrix.md.
"""
import concurrent.futures
import json
import os
import subprocess
import sys
import threading

from doctor_certificates import make_certificates
from doctor_servers import CONFIGURATIONS, LOGGED, LOGS, SERVERS, can, processes, start_all

VERSIONS = ["1.2", "1.3"]
RIGHT_MIN = 0.95


def scenarios():
    """(name, configuration, words for the doctor by version)"""
    def plain(name, cert=None, configuration="usual", more=()):
        words = ["--no-cert"] if cert is None else ["--cert", cert + ".crt", "--key", cert + ".key"]
        return name, configuration, lambda version: words + list(more)
    yield plain("good", "good")
    yield plain("no-client-certificate")
    for name in ("unknown-ca self-signed wrong-eku no-eku wrong-key-usage expired not-yet-valid "
                 "chain-incomplete path-length issuer-not-ca intermediate-eku name-constraint ca-rekeyed "
                 "bad-signature critical-extension weak-digest weak-key is-ca key-type").split():
        yield plain("client-" + name, "client-" + name)
    yield plain("client-revoked", "client-revoked", more=["--crl", "ca.crl"])
    yield plain("client-revoked, no CRL at hand", "client-revoked")
    yield plain("crl-missing", "good", "crl-missing")
    yield plain("crl-expired", "good", "crl-expired")
    for name in ("client-revoked", "crl-missing", "crl-expired"):
        yield plain(name + LOGGED, "client-revoked" if name == "client-revoked" else "good",
                    "usual" if name == "client-revoked" else name)
    yield plain("client-v1", "client-v1")
    yield plain("client-no-possession", "client-no-possession")
    yield plain("client-chain-too-long", "client-chain-too-long", "depth")
    yield plain("key-passphrase", "key-passphrase", more=["--key-pass", "file:wrong.txt"])
    yield plain("optional-none-given", None, "optional")
    yield plain("optional-bad-given", "client-unknown-ca", "optional")
    yield plain("verify-none", "good", "none")
    yield plain("sni-unknown", "good", "sni")
    yield plain("alpn-mismatch", "good", "alpn")
    yield plain("key-mismatch", "key-mismatch")
    yield plain("pem-order", "pem-order")
    yield "tls-no-shared-cipher", "usual", lambda version: [
        "--cert", "good.crt", "--ciphers",
        "ECDHE-RSA-AES128-GCM-SHA256" if version == "1.2" else "TLS_AES_128_CCM_8_SHA256"]
    yield plain("tls-version", "good", more=["--tls-min", "1.1", "--tls-max", "1.1", "--ciphers",
                                             "DEFAULT@SECLEVEL=0"])
    for name in CONFIGURATIONS:
        if name.startswith("server-"):  # its certificate is at fault
            yield plain(name, "good", name)
    yield plain("server-unknown-ca, another --ca", "good", "usual", ["--ca", "other-ca.crt"])


def expectations(table):
    """(scenario, server, version) -> (known, code, evidence); a later row of TABLE wins."""
    found = {}
    names = [name for name, _, _ in scenarios()]
    with open(table, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.startswith("#") or not line.strip():
                continue
            scenario, servers, versions, known, code, evidence = line.rstrip("\n").split("\t")
            if scenario not in names:
                sys.exit("%s:%d: no scenario '%s'" % (table, number, scenario))
            for server in SERVERS if servers == "*" else servers.split(","):
                for version in VERSIONS if versions == "*" else versions.split(","):
                    found[scenario, server, version] = known, code, evidence
    return found


def judge(report, exit_code, known, code):
    """(right, false certainty, what was seen)"""
    findings = report.get("findings", [])
    first = findings[0] if findings else {"code": "works" if report.get("works") else "nothing", "certain": False}
    seen = ("certain " if first["certain"] else "likely ") + first["code"] if findings else first["code"]
    certain = [f["code"] for f in findings if f["certain"]]
    if known == "works":
        return exit_code == 0 and report["works"], bool(certain) and not report["works"], seen
    if known == "certain":
        return first["certain"] and first["code"] == code, any(c != code for c in certain[:1]), seen
    return (not certain and code in [f["code"] for f in findings]), bool(certain), seen


def main(words):
    mtls, table = os.path.abspath(words[0]), os.path.abspath(words[1])
    make_certificates()
    expected = expectations(table)
    ports = start_all()
    busy = {}
    cells = [(s, server, version) for s in scenarios() for server in SERVERS for version in VERSIONS
             if can(server, s[1]) and (server in LOGS or not s[0].endswith(LOGGED))]

    def one(cell):
        (name, configuration, make), server, version = cell
        port = ports[server][configuration]
        more = make(version)
        call = [mtls, "doctor", "--json"]
        call += [] if "--ca" in more else ["--ca", "ca.crt"]
        if name.endswith(LOGGED):
            call += ["--server-log", LOGS[server]]
        call += [] if "--tls-min" in more else ["--tls-min", version, "--tls-max", version]
        # A server that takes one connection at a time gets one caller at a time.
        with busy.setdefault(server if name.endswith(LOGGED) else port, threading.Lock()):
            done = subprocess.run(call + more + ["https://localhost:%d/matrix" % port], timeout=120,
                                  capture_output=True, text=True, check=False)
        try:
            report = json.loads(done.stdout)
        except ValueError:
            report = {"works": False, "findings": [], "error": done.stderr}
        if (name, server, version) not in expected:
            sys.exit("the table says nothing of %s, %s, TLS %s" % (name, server, version))
        known, code, _ = expected[name, server, version]
        return cell, known, code, report, judge(report, done.returncode, known, code)

    # A log tells of one caller at a time: those cells wait until all others are done.
    logged = [cell for cell in cells if cell[0][0].endswith(LOGGED)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(one, [cell for cell in cells if cell not in logged]))
        results += list(pool.map(one, logged))
    results.sort(key=lambda result: cells.index(result[0]))
    with open("matrix.md", "w", encoding="utf-8") as file:
        show(results, file, True)
    show(results, sys.stdout, False)
    wrong = [r for r in results if not r[4][0]]
    false = [r for r in results if r[4][1]]
    for (name, _, _), server, version in [r[0] for r in wrong]:
        result = next(r for r in wrong if r[0][0][0] == name and r[0][1:] == (server, version))
        print("# wrong: %s, %s, TLS %s: expected %s %s, seen %s%s" % (
            name, server, version, result[1], result[2], result[4][2],
            " " + result[3].get("error", "").strip()))
    right = len(results) - len(wrong)
    print("%d cells, %d right (%.1f%%), %d false certainties" % (
        len(results), right, 100 * right / len(results), len(false)))
    return 1 if false or right < RIGHT_MIN * len(results) else 0


def show(results, file, for_readme):
    """A row a scenario, a column a server: C certain, l likely, + works, x wrong, ! falsely certain."""
    marks = {}
    for ((name, _, _), server, version), known, _, _, (right, false, _) in results:
        mark = "!" if false else "x" if not right else {"certain": "C", "likely": "l", "works": "+"}[known]
        marks.setdefault(name, {}).setdefault(server, {})[version] = mark
    wide = max(len(name) for name in marks)
    if for_readme:
        print("| TLS 1.2, 1.3 | " + " | ".join(SERVERS) + " |", file=file)
        print("|" + " --- |" * (len(SERVERS) + 1), file=file)
    else:
        print("%-*s " % (wide, "TLS 1.2, TLS 1.3") + " ".join("%-11s" % s for s in SERVERS), file=file)
    for name, row in marks.items():
        texts = [" ".join(row[s][v] for v in VERSIONS) if s in row else "" for s in SERVERS]
        print("| " + " | ".join([name] + texts) + " |" if for_readme
              else "%-*s " % (wide, name) + " ".join("%-11s" % t for t in texts).rstrip(), file=file)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()
