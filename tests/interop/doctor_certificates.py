"""The certificates of doctor_matrix.py, good and broken, made in the working folder by `openssl`."""
import base64
import os
import shutil
import subprocess
import sys


def run(*words, **more):
    done = subprocess.run(words, capture_output=True, text=True, check=False, **more)
    if done.returncode:
        sys.exit("%s: exit %d\n%s%s" % (" ".join(words), done.returncode, done.stdout, done.stderr))
    return done.stdout


LEAF = ["basicConstraints=critical,CA:FALSE"]
CLIENT = LEAF + ["keyUsage=critical,digitalSignature", "extendedKeyUsage=clientAuth"]
SERVER = LEAF + ["keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth"]
NAMES = ["subjectAltName=DNS:localhost,IP:127.0.0.1"]
CA = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]


def certificate(name, subject, issuer, extensions, key="ec", digest="sha256", days="300"):
    words = ["openssl", "req", "-x509", "-config", "empty.cnf", "-nodes", "-days", days,
             "-" + digest, "-subj", "/CN=" + subject, "-keyout", name + ".key", "-out", name + ".crt"]
    if not os.path.exists(name + ".key"):
        words += {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
                  "rsa1024": ["-newkey", "rsa:1024"], "ed25519": ["-newkey", "ed25519"]}[key]
    else:
        words[words.index("-keyout"):words.index("-keyout") + 2] = ["-key", name + ".key"]
    if issuer:
        words += ["-CA", issuer + ".crt", "-CAkey", issuer + ".key"]
    for extension in extensions:
        words += ["-addext", extension]
    run(*words)
    os.chmod(name + ".key", 0o600)


def dated(name, subject, start, end, section):
    """By `openssl ca`, the only command of OpenSSL 3.0 that dates back and forth."""
    run("openssl", "req", "-new", "-config", "empty.cnf", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key", "-out", name + ".csr",
        "-subj", "/CN=" + subject)
    authority("-in", name + ".csr", "-out", name + ".crt", "-startdate", start, "-enddate", end,
              "-extensions", section)


def authority(*words):
    run("openssl", "ca", "-batch", "-notext", "-config", "ca.cnf", "-keyfile", "ca.key", "-cert",
        "ca.crt", *words)


def make_certificates():
    with open("empty.cnf", "w", encoding="ascii") as file:
        file.write("[req]\ndistinguished_name = dn\n[dn]\n")
    with open("ca.cnf", "w", encoding="ascii") as file:
        file.write("[ca]\ndefault_ca = c\n[c]\ndatabase = index.txt\ncrlnumber = crlnumber\n"
                   "new_certs_dir = .\nrand_serial = yes\ndefault_md = sha256\ndefault_crl_days = 30\n"
                   "policy = p\nunique_subject = no\n[p]\ncommonName = supplied\n"
                   "[client]\n" + "\n".join(CLIENT) + "\n[server]\n" + "\n".join(SERVER + NAMES) + "\n")
    open("index.txt", "w", encoding="ascii").close()
    with open("crlnumber", "w", encoding="ascii") as file:
        file.write("01\n")
    certificate("ca", "Matrix Root CA", None, CA)
    certificate("other-ca", "Another CA", None, CA)
    certificate("server", "localhost", "ca", SERVER + NAMES)
    certificate("good", "client", "ca", CLIENT)
    certificate("client-revoked", "client", "ca", CLIENT)
    certificate("client-unknown-ca", "client", "other-ca", CLIENT)
    certificate("client-self-signed", "client", None, CLIENT)
    certificate("client-wrong-eku", "client", "ca", SERVER)
    certificate("client-no-eku", "client", "ca", LEAF + ["keyUsage=critical,digitalSignature"])
    certificate("client-wrong-key-usage", "client", "ca",
                LEAF + ["keyUsage=critical,keyEncipherment", "extendedKeyUsage=clientAuth"])
    certificate("client-is-ca", "client", "ca", ["basicConstraints=critical,CA:TRUE",
                "keyUsage=critical,keyCertSign,digitalSignature", "extendedKeyUsage=clientAuth"])
    certificate("client-critical-extension", "client", "ca",
                CLIENT + ["1.3.6.1.4.1.55555.1=critical,DER:05:00"])
    certificate("client-weak-digest", "client", "ca", CLIENT, digest="sha1")
    certificate("client-weak-key", "client", "ca", CLIENT, key="rsa1024")
    certificate("client-key-type", "client", "ca", CLIENT, key="ed25519")
    # Below an intermediate, of one sort or another.
    sub = CA[1:]
    certificate("intermediate", "Matrix Intermediate CA", "ca", CA)
    certificate("client-chain-incomplete", "client", "intermediate", CLIENT)
    for name, subject, extensions in (
            ("path-length", "Matrix Narrow CA", ["basicConstraints=critical,CA:TRUE,pathlen:0"] + sub),
            ("intermediate-eku", "Matrix Server CA", CA + ["extendedKeyUsage=serverAuth"]),
            ("issuer-not-ca", "Matrix No CA", LEAF + ["keyUsage=critical,digitalSignature"]),
            ("name-constraint", "Matrix Named CA",
             CA + ["nameConstraints=critical,permitted;DNS:good.example"])):
        certificate("issuer-" + name, subject, "ca", extensions)
        issuer = "issuer-" + name
        if name == "path-length":
            certificate("below", "Matrix Lower CA", issuer, CA)
            issuer = "below"
        more = ["subjectAltName=DNS:bad.example"] if name == "name-constraint" else []
        certificate("client-" + name, "client", issuer, CLIENT + more)
        chain = [issuer] + (["issuer-" + name] if name == "path-length" else [])
        with open("client-%s.crt" % name, "a", encoding="ascii") as file:
            for one in chain:
                file.write(read(one + ".crt"))
    shutil.move("ca.crt", "ca.crt.kept")
    shutil.move("ca.key", "ca.key.kept")
    certificate("ca", "Matrix Root CA", None, CA)
    certificate("client-ca-rekeyed", "client", "ca", CLIENT)
    shutil.move("ca.crt.kept", "ca.crt")
    shutil.move("ca.key.kept", "ca.key")
    dated("client-expired", "client", "20200101000000Z", "20210101000000Z", "client")
    dated("client-not-yet-valid", "client", "20450101000000Z", "20490101000000Z", "client")
    dated("server-expired", "localhost", "20200101000000Z", "20210101000000Z", "server")
    dated("server-not-yet-valid", "localhost", "20450101000000Z", "20490101000000Z", "server")
    shutil.copy("good.key", "client-bad-signature.key")
    corrupt("good.crt", "client-bad-signature.crt")
    certificate("server-name-mismatch", "localhost", "ca", SERVER + ["subjectAltName=DNS:other.example"])
    certificate("server-elsewhere", "served.example", "ca", SERVER + ["subjectAltName=DNS:served.example"])
    certificate("server-no-san", "localhost", "ca", SERVER)
    certificate("server-wrong-eku", "localhost", "ca", CLIENT + NAMES)
    certificate("server-unknown-ca", "localhost", "other-ca", SERVER + NAMES)
    authority("-revoke", "client-revoked.crt")
    authority("-gencrl", "-out", "ca.crl")
    authority("-gencrl", "-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200201000000Z",
              "-out", "stale.crl")
    run("openssl", "ca", "-config", "ca.cnf", "-keyfile", "other-ca.key", "-cert", "other-ca.crt",
        "-gencrl", "-out", "foreign.crl")
    shutil.copy("good.crt", "key-mismatch.crt")
    shutil.copy("server.key", "key-mismatch.key")
    # Below two intermediates, of version 1, with another key's private half, under a passphrase.
    certificate("second-intermediate", "Matrix Second CA", "intermediate", CA)
    certificate("client-chain-too-long", "client", "second-intermediate", CLIENT)
    with open("client-chain-too-long.crt", "a", encoding="ascii") as file:
        file.write(read("second-intermediate.crt") + read("intermediate.crt"))
    run("openssl", "req", "-new", "-config", "empty.cnf", "-key", "good.key", "-subj", "/CN=client",
        "-out", "client-v1.csr")
    run("openssl", "x509", "-req", "-in", "client-v1.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
        "-CAserial", "v1.srl", "-CAcreateserial", "-days", "300", "-out", "client-v1.crt")
    shutil.copy("good.key", "client-v1.key")
    certificate("client-no-possession", "client", "ca", CLIENT)
    forge_key("client-no-possession.key", "good.key")
    shutil.copy("good.crt", "key-passphrase.crt")
    run("openssl", "pkcs8", "-topk8", "-in", "good.key", "-passout", "pass:right", "-out",
        "key-passphrase.key")
    write("wrong.txt", "wrong\n")
    with open("pem-order.crt", "w", encoding="ascii") as file:
        file.write(read("ca.crt") + read("good.crt"))
    shutil.copy("good.key", "pem-order.key")


def write(name, text):
    with open(name, "w", encoding="ascii") as file:
        file.write(text)


def read(name):
    with open(name, encoding="ascii") as file:
        return file.read()


def forge_key(target, source):
    """The private half of `source`, with the public half that `target` has: nothing shows it."""
    def halves(name):
        run("openssl", "ec", "-in", name, "-outform", "DER", "-out", "key.der")
        with open("key.der", "rb") as file:
            return file.read()
    ours, other = halves(target), halves(source)
    start = 7  # SEQUENCE, version 1, OCTET STRING of 32 bytes (RFC 5915 section 3)
    with open("key.der", "wb") as file:
        file.write(ours[:start] + other[start:start + 32] + ours[start + 32:])
    run("openssl", "ec", "-inform", "DER", "-in", "key.der", "-out", target)
    os.chmod(target, 0o600)


def corrupt(source, target):
    body = "".join(line for line in read(source).split("\n") if line and "-" not in line)
    der = bytearray(base64.b64decode(body))
    der[-1] ^= 1
    with open(target, "w", encoding="ascii") as file:
        file.write("-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(bytes(der)).decode() +
                   "-----END CERTIFICATE-----\n")
