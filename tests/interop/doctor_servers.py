"""Other people's servers for doctor_matrix.py: each maker's, once for each configuration that it can be
told, on the certificates of doctor_certificates.py.
"""
import json
import os
import re
import socket
import subprocess
import sys
import time

from doctor_certificates import read, write

SERVERS = ["s_server", "nginx", "haproxy", "stunnel", "gnutls-serv", "apache", "node", "python"]
HERE = os.getcwd()

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


def start_all():
    """Every server, listening; the port of each configuration by the server's name."""
    ports = {}
    numbers = free_ports(len(SERVERS) * len(CONFIGURATIONS))
    for server in SERVERS:
        ports[server] = {name: numbers.pop() for name in CONFIGURATIONS if can(server, name)}
        globals()["start_" + server.replace("-", "_")](ports[server])
    for server in SERVERS:
        for name, port in ports[server].items():
            wait_for(port, "%s (%s)" % (server, name))
    return ports
