"""The doctor against other people's servers: python3 doctor_matrix.py MTLS TABLE.

Makes certificates, good and broken, starts each maker's server (once for each configuration), runs
`mtls doctor --json` for every scenario on TLS 1.2 and 1.3, and holds its first finding against the
table that was written beforehand. Prints the matrix; exits 1 when a certainty is false or more than
one cell in twenty is wrong. The rows as they stand in the README go to matrix.md.
"""
import concurrent.futures
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

SERVERS = ["s_server", "nginx", "haproxy", "stunnel", "gnutls-serv", "apache", "node", "python"]
VERSIONS = ["1.2", "1.3"]
RIGHT_MIN = 0.95
HERE = os.getcwd()


def run(*words, **more):
    done = subprocess.run(words, capture_output=True, text=True, check=False, **more)
    if done.returncode:
        sys.exit("%s: exit %d\n%s%s" % (" ".join(words), done.returncode, done.stdout, done.stderr))
    return done.stdout


# --- certificates -----------------------------------------------------------------------------

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
    import base64
    body = "".join(line for line in read(source).split("\n") if line and "-" not in line)
    der = bytearray(base64.b64decode(body))
    der[-1] ^= 1
    with open(target, "w", encoding="ascii") as file:
        file.write("-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(bytes(der)).decode() +
                   "-----END CERTIFICATE-----\n")


# --- servers ----------------------------------------------------------------------------------

# A configuration is a certificate of the server and a CRL.
CONFIGURATIONS = {"usual": ("server", "ca.crl"), "crl-missing": ("server", "foreign.crl"),
                  "crl-expired": ("server", "stale.crl")}
for broken in ("name-mismatch", "no-san", "expired", "not-yet-valid", "wrong-eku", "unknown-ca"):
    CONFIGURATIONS["server-" + broken] = ("server-" + broken, "ca.crl")

# What only some servers can be told: a certificate optional or never asked for, a shorter chain, a
# name that they insist on, a protocol that we do not speak.
PARTIAL = {
    "optional": ["s_server", "nginx", "haproxy", "gnutls-serv", "apache", "node", "python"],
    "none": SERVERS,
    "depth": ["s_server", "nginx", "apache"],
    "sni": ["s_server", "nginx", "haproxy", "gnutls-serv", "node", "python"],
    "alpn": ["s_server"],
}
for special in PARTIAL:
    CONFIGURATIONS[special] = ("server", "ca.crl")
# The log of each that writes why it refused; one caller at a time, as nothing else may write to it.
LOGS = {"s_server": "openssl.log", "nginx": "nginx.log", "stunnel": "stunnel.log",
        "apache": "apache-error.log", "python": "python3.log"}
LOGGED = ", with the server's log"


def can(server, configuration):
    return server in PARTIAL.get(configuration, SERVERS)


processes = []


def spawn(*words):
    log = open(re.sub(r"\W+", "-", os.path.basename(words[0])) + ".log", "ab")
    processes.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log))


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def write(name, text):
    with open(name, "w", encoding="ascii") as file:
        file.write(text)


def path(name):
    return os.path.join(HERE, name)


def start_s_server(ports):
    for name, port in ports.items():
        cert, crl = CONFIGURATIONS[name]
        more = {"optional": ["-verify", "5"], "none": [], "depth": ["-Verify", "5", "-verify_depth", "0"],
                "sni": ["-Verify", "5", "-servername", "served.example", "-servername_fatal",
                        "-cert2", "server.crt", "-key2", "server.key"],
                "alpn": ["-Verify", "5", "-alpn", "acme-tls/1"]}.get(name, ["-Verify", "5"])
        spawn("openssl", "s_server", "-accept", "127.0.0.1:%d" % port, "-cert", cert + ".crt", "-key",
              cert + ".key", "-CAfile", "ca.crt", "-CRL", crl, "-crl_check",
              "-verify_return_error", "-client_sigalgs", SIGNATURES, "-www", *more)


# What servers that can say so accept: ours of Ed25519 has to stay at home.
SIGNATURES = "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA1:RSA+SHA1"


def start_nginx(ports):
    folders = "".join("%s_temp_path %s;\n" % (kind, path("nginx-" + kind))
                      for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    servers = ""
    for name, port in ports.items():
        cert, crl = CONFIGURATIONS[name]
        servers += ("server { listen 127.0.0.1:%d ssl; ssl_certificate %s; ssl_certificate_key %s;\n"
                    "ssl_protocols TLSv1.2 TLSv1.3; ssl_client_certificate %s; ssl_crl %s;\n"
                    "%s ssl_verify_client %s; ssl_verify_depth %d; location / { return 200 \"hello\\n\"; } }\n"
                    % (port, path(cert + ".crt"), path(cert + ".key"), path("ca.crt"), path(crl), "server_name served.example;" if name == "sni" else "",
                       {"optional": "optional", "none": "off"}.get(name, "on"), 1 if name == "depth" else 5))
        if name == "sni":
            servers += ("server { listen 127.0.0.1:%d ssl default_server; "
                        "ssl_protocols TLSv1.2 TLSv1.3; ssl_reject_handshake on; }\n" % port)
    write("nginx.conf", "user root; daemon off; master_process off; pid %s; error_log stderr info;\nevents {}\n"
          "http { access_log off;\n%s%s}\n" % (path("nginx.pid"), folders, servers))
    spawn("nginx", "-p", HERE, "-c", path("nginx.conf"), "-e", "stderr")


def start_haproxy(ports):
    text = ("global\n  ssl-server-verify none\ndefaults\n  mode http\n  timeout client 20s\n"
            "  timeout http-request 20s\n")
    for name, port in ports.items():
        cert, crl = CONFIGURATIONS[name] if name != "sni" else ("server-elsewhere", "ca.crl")
        write(cert + ".both.pem", read(cert + ".crt") + read(cert + ".key"))
        text += ("frontend f-%s\n  bind 127.0.0.1:%d ssl crt %s ca-file %s crl-file %s verify %s %s "
                 "ssl-min-ver TLSv1.2\n  http-request return status 200 content-type text/plain string hello\n"
                 % (name, port, path(cert + ".both.pem"), path("ca.crt"), path(crl),
                    name if name in ("optional", "none") else "required",
                    "strict-sni" if name == "sni" else ""))
    write("haproxy.cfg", text)
    spawn("haproxy", "-db", "-f", path("haproxy.cfg"))


def start_stunnel(ports):
    backend = free_ports(1)[0]
    spawn(sys.executable, "-c", "import http.server as h\n"
          "h.ThreadingHTTPServer(('127.0.0.1', %d), type('H', (h.BaseHTTPRequestHandler,), dict(do_GET="
          "lambda s: (s.send_response(200), s.end_headers(), s.wfile.write(b'hello')))))"
          ".serve_forever()" % backend)
    text = "foreground = yes\npid =\nsyslog = no\n"
    for name, port in ports.items():
        cert, crl = CONFIGURATIONS[name]
        text += ("[%s]\naccept = 127.0.0.1:%d\nconnect = 127.0.0.1:%d\ncert = %s\nkey = %s\n"
                 "sslVersionMin = TLSv1.2\nTIMEOUTclose = 0\n"
                 % (name, port, backend, path(cert + ".crt"), path(cert + ".key")))
        if name != "none":
            text += "CAfile = %s\nCRLfile = %s\nverifyChain = yes\n" % (path("ca.crt"), path(crl))
    write("stunnel.conf", text)
    spawn("stunnel", path("stunnel.conf"))


def start_gnutls_serv(ports):
    for name, port in ports.items():
        cert, crl = CONFIGURATIONS[name]
        more = {"optional": ["--verify-client-cert"], "none": ["--disable-client-cert"],
                "sni": ["--require-client-cert", "--verify-client-cert", "--sni-hostname",
                        "served.example", "--sni-hostname-fatal"]}.get(
                            name, ["--require-client-cert", "--verify-client-cert"])
        spawn("gnutls-serv", "--http", "-q", "-p", str(port), "--x509certfile", cert + ".crt",
              "--x509keyfile", cert + ".key", "--x509cafile", "ca.crt", "--x509crlfile", crl,
              "--noticket", "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", *more)


def start_apache(ports):
    modules = "/usr/lib/apache2/modules"
    text = "ServerRoot %s\nPidFile %s\nServerName localhost\nErrorLog %s\nLogLevel info\n" % (
        HERE, path("apache.pid"), path("apache-error.log"))
    for name in ("mpm_event", "authz_core", "ssl"):
        text += "LoadModule %s_module %s/mod_%s.so\n" % (name, modules, name)
    text += "DocumentRoot %s\nSSLSessionCache none\nMutex posixsem\n" % path("www")
    os.makedirs("www", exist_ok=True)
    write("www/index.html", "hello\n")
    write("www/matrix", "hello\n")
    for name, port in ports.items():
        cert, crl = CONFIGURATIONS[name]
        text += ("Listen 127.0.0.1:%d\n<VirtualHost 127.0.0.1:%d>\nSSLEngine on\nSSLProtocol -all +TLSv1.2 +TLSv1.3\n"
                 "SSLCertificateFile %s\nSSLCertificateKeyFile %s\nSSLCACertificateFile %s\n"
                 "SSLCARevocationFile %s\nSSLCARevocationCheck leaf\nSSLVerifyClient %s\n"
                 "SSLVerifyDepth %d\n</VirtualHost>\n"
                 % (port, port, path(cert + ".crt"), path(cert + ".key"), path("ca.crt"), path(crl),
                    name if name in ("optional", "none") else "require", 1 if name == "depth" else 5))
    write("apache.conf", text)
    spawn("apache2", "-D", "FOREGROUND", "-f", path("apache.conf"))


def start_node(ports):
    rows = [[port, CONFIGURATIONS[name][0], CONFIGURATIONS[name][1], name] for name, port in ports.items()]
    spawn("node", "-e", "const fs = require('fs'), https = require('https');\n"
          "const sni = (name, done) => done(name === 'served.example' ? null : new Error('no such name'));\n"
          "for (const [port, cert, crl, name] of %s) https.createServer({ cert: fs.readFileSync(cert + '.crt'), "
          "key: fs.readFileSync(cert + '.key'), ca: fs.readFileSync('ca.crt'), crl: fs.readFileSync(crl), "
          "...(name === 'sni' ? { SNICallback: sni } : {}), requestCert: name !== 'none', "
          "rejectUnauthorized: name !== 'none' && name !== 'optional', minVersion: 'TLSv1.2' }, "
          "(q, s) => s.end('hello')).listen(port, '127.0.0.1');" % json.dumps(rows))


def start_python(ports):
    rows = [[port, CONFIGURATIONS[name][0], CONFIGURATIONS[name][1], name] for name, port in ports.items()]
    spawn(sys.executable, "-c", """
import http.server, ssl, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'hello')
class Server(http.server.ThreadingHTTPServer):
    def get_request(self):
        plain, who = self.socket.accept()
        return self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), who
def only_served(connection, name, context):
    return None if name == 'served.example' else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
for port, cert, crl, name in %r:
    server = Server(('127.0.0.1', port), Handler)
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(cert + '.crt', cert + '.key')
    server.context.load_verify_locations('ca.crt')
    server.context.load_verify_locations(crl)
    server.context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    server.context.verify_mode = {'optional': ssl.CERT_OPTIONAL, 'none': ssl.CERT_NONE}.get(name, ssl.CERT_REQUIRED)
    if name == 'sni':
        server.context.sni_callback = only_served
    threading.Thread(target=server.serve_forever).start()
""" % rows)


def wait_for(port, who):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    sys.exit("%s does not listen" % who)


# --- scenarios --------------------------------------------------------------------------------

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
    ports, everywhere = {}, []
    numbers = free_ports(len(SERVERS) * len(CONFIGURATIONS))
    for server in SERVERS:
        ports[server] = {name: numbers.pop() for name in CONFIGURATIONS if can(server, name)}
        globals()["start_" + server.replace("-", "_")](ports[server])
    for server in SERVERS:
        for name, port in ports[server].items():
            wait_for(port, "%s (%s)" % (server, name))
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
