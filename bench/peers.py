"""The servers that bench/compare and bench/start measure: how each is started, asked and counted.

Each is a Debian package with a configuration of bench/conf; "nginx" is the installed nginx.conf with
nothing but paths, port and certificates changed. All have the same certificates and the same body.
"""
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
INSTALLED_NGINX = "/etc/nginx/nginx.conf"
PYTHON_SERVER = os.path.join(HERE, "../tests/interop/documents/server.py")
os.environ["PATH"] += ":/usr/sbin:/sbin"
# Which of the figures a server has; h2o is asked without a certificate. 2048 strangers one after another
# take too long where a proxy's two writes wait for a delayed acknowledgement, or in Python.
ALL = {"full", "strangers", "resumed", "requests", "h2", "large", "idle", "start"}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def descendants(pid):
    """The process and all that it has started."""
    found = [pid]
    for process in found:
        try:
            for task in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{task}/children") as file:
                    found += [int(child) for child in file.read().split()]
        except OSError:
            pass  # it has ended
    return found


def cpu_seconds(pid):
    """The process CPU clocks, which count nanoseconds, of a process and its descendants."""
    total = 0.0
    for process in descendants(pid):
        try:
            total += time.clock_gettime(~process << 3 | 2)  # clock_getcpuclockid(3)
        except OSError:
            pass
    return total


def memory_kib(pid):
    """Memory that is there because of these processes alone."""
    total = 0
    for process in descendants(pid):
        try:
            with open(f"/proc/{process}/smaps_rollup") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("Private_"))
        except OSError:
            pass
    return total


class Server:
    """One server of `kind` with the certificates of a folder, pinned to `cores` once started."""

    def __init__(self, kind, certs, site, cores, temporary):
        self.kind, self.certs, self.site, self.cores = kind, certs, site, cores
        self.folder = os.path.join(temporary, f"{kind.name}-{os.path.basename(certs)}".replace(" ", "-"))
        self.process = self.backend = None
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(self.folder, 0o777)  # workers that give up root write here

    def fill(self, name, target, **more):
        """A file of bench/conf with its @PLACES@ filled in."""
        with open(os.path.join(HERE, "conf", name)) as file:
            text = file.read()
        with open(os.path.join(self.site, "todo.json")) as file:
            body = file.read()
        places = {"T": self.folder, "CERTS": self.certs, "SITE": self.site, "BODY": body,
                  "PORT": self.port, "CHAIN": "server.crt", **more}
        for place, value in places.items():
            text = text.replace(f"@{place}@", str(value))
        return self.write(target, text)

    def write(self, target, text):
        path = os.path.join(self.folder, target)
        with open(path, "w") as file:
            file.write(text)
        return path

    def spawn(self, words, **more):
        """On the server's cores from its first instruction; taskset would be a start of its own."""
        mine = os.sched_getaffinity(0)
        with open(os.path.join(self.folder, "log"), "a") as log:
            os.sched_setaffinity(0, {int(core) for core in self.cores.split(",")})
            try:
                return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        start_new_session=True, **more)
            finally:
                os.sched_setaffinity(0, mine)

    def prepare(self):
        """Everything that is done before the clock of a start runs."""
        self.port = free_port()
        if self.kind.backend and not self.backend:
            self.backend = Server(BACKEND, self.certs, self.site, self.cores, self.folder)
            self.backend.start()
        self.words = self.kind.configure(self)

    def launch(self):
        self.process = self.spawn(self.words, **self.kind.popen)

    def start(self):
        self.prepare()
        self.launch()
        self.wait_for_listener()

    def wait_for_listener(self):
        until = time.monotonic() + 15
        while True:
            with socket.socket() as tcp:
                if tcp.connect_ex(("127.0.0.1", self.port)) == 0:
                    return tcp
            if time.monotonic() > until or self.process.poll() not in (None, 0):
                raise SystemExit(f"{self.kind.name} does not listen; its log: {self.folder}/log")
            time.sleep(0.01)

    def main_pid(self):
        """Of a server that puts itself into the background: from its pid file."""
        if not self.kind.daemon:
            return self.process.pid
        path, until = os.path.join(self.folder, "pid"), time.monotonic() + 5
        while time.monotonic() < until:
            try:
                with open(path) as file:
                    return int(file.read())
            except (OSError, ValueError):
                time.sleep(0.002)  # it may answer before it has written its number
        raise SystemExit(f"{self.kind.name} writes no {path}")

    def cpu(self):
        return cpu_seconds(self.main_pid())

    def memory(self):
        return memory_kib(self.main_pid())

    def stop(self):
        if self.process:
            pids = descendants(self.main_pid())
            os.kill(pids[0], signal.SIGTERM)
            until = time.monotonic() + 5
            while any(alive(pid) for pid in pids):
                self.process.poll()
                if time.monotonic() > until:
                    for pid in filter(alive, pids):
                        os.kill(pid, signal.SIGKILL)
                time.sleep(0.002)
            self.process.wait()
            self.process = None
        if self.backend:
            self.backend.stop()
            self.backend = None


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Kind:
    def __init__(self, name, package, program, configure, figures=ALL, **more):
        self.name, self.package, self.program = name, package, program
        self.configure, self.figures = configure, set(figures)
        self.daemon = more.get("daemon", False)
        self.backend = more.get("backend", False)
        self.no_client_certificate = more.get("no_client_certificate", False)
        self.popen = more.get("popen", {})

    def missing(self):
        """What a system lacks to run it, or None."""
        if shutil.which(self.program) is None:
            return f"{self.program} (package {self.package})"
        if self is NGINX and not os.path.exists(INSTALLED_NGINX):
            return INSTALLED_NGINX
        return None


def nginx_paths(server):
    kinds = "client_body", "proxy", "fastcgi", "uwsgi", "scgi"
    server.write("paths.conf", "".join(
        f"{kind}_temp_path {server.folder}/{kind};\n" for kind in kinds))


def mtls(server):
    return [os.environ["MTLS"], "serve", "--certs", server.certs, "--root", server.site,
            "--listen", f"127.0.0.1:{server.port}", "--store", f"sqlite:{server.folder}/todo.db",
            *server.kind.extra]


def nginx_installed(server):
    """The installed file, line by line: only what names a path outside of ours is changed."""
    nginx_paths(server)
    server.fill("nginx-site.conf", "site.conf")
    lines = []
    with open(INSTALLED_NGINX) as file:
        for line in file:
            word = line.split()[0] if line.split() else ""
            if word in ("pid", "error_log", "access_log"):
                line = f"{word} {server.folder}/{word.replace('_', '.')};\n"
            elif "sites-enabled" in line:
                line = f"include {server.folder}/paths.conf;\ninclude {server.folder}/site.conf;\n"
            elif "conf.d" in line:
                line = ""
            lines.append(line)
    return ["nginx", "-e", f"{server.folder}/start.log", "-c", server.write("nginx.conf", "".join(lines))]


def nginx_tuned(server):
    nginx_paths(server)
    # With the CA behind it, nginx has no chain to build at each handshake.
    server.fill("nginx-site.conf", "site.conf", CHAIN="chain.crt")
    return ["nginx", "-e", f"{server.folder}/start.log", "-c", server.fill("nginx-tuned.conf", "nginx.conf")]


def nginx_backend(server):
    nginx_paths(server)
    return ["nginx", "-e", f"{server.folder}/start.log", "-c", server.fill("backend.conf", "nginx.conf")]


def haproxy(server):
    return ["haproxy", "-db", "-f", server.fill("haproxy.cfg", "haproxy.cfg")]


def caddy(server):
    return ["env", "GOMAXPROCS=1", f"HOME={server.folder}", "caddy", "run", "--adapter", "caddyfile",
            "--config", server.fill("Caddyfile", "Caddyfile")]


def hitch(server):
    user = ["--user=nobody", "--group=nogroup"] if os.geteuid() == 0 else []
    return ["hitch", *user, "--config=" + server.fill("hitch.conf", "hitch.conf", BACKEND=server.backend.port)]


def stunnel(server):
    return ["stunnel4", server.fill("stunnel.conf", "stunnel.conf", BACKEND=server.backend.port)]


def python_server(server):
    return ["/usr/bin/python3", PYTHON_SERVER, str(server.port)]


def h2o(server):
    return ["h2o", "-m", "worker", "-c", server.fill("h2o.conf", "h2o.conf")]


MTLS = Kind("mtls", "mtls", "taskset", mtls)
MTLS.extra = ["--workers", "1"]
# As "nginx tuned": it has its sessions in memory anyway, and tells of no request that went well.
QUIET = Kind("mtls tuned", "mtls", "taskset", mtls, {"full", "resumed", "requests", "h2", "large"})
QUIET.extra = [*MTLS.extra, "--log-requests", "failed"]
NGINX = Kind("nginx", "nginx-light", "nginx", nginx_installed, daemon=True)
BACKEND = Kind("backend", "nginx-light", "nginx", nginx_backend)
KINDS = [
    MTLS,
    QUIET,
    NGINX,
    Kind("nginx tuned", "nginx-light", "nginx", nginx_tuned),
    Kind("haproxy", "haproxy", "haproxy", haproxy, ALL - {"large"}),
    Kind("caddy", "caddy", "caddy", caddy),
    Kind("hitch", "hitch", "hitch", hitch, ALL - {"h2", "strangers"}, backend=True),
    Kind("stunnel", "stunnel4", "stunnel4", stunnel, ALL - {"h2", "strangers"}, backend=True),
    Kind("python", "python3", "/usr/bin/python3", python_server, {"full", "resumed", "start"}),
    Kind("h2o", "h2o", "h2o", h2o, {"requests", "h2", "large", "idle", "start"},
         no_client_certificate=True),
]


def client_context(certs):
    context = ssl.create_default_context(cafile=f"{certs}/ca.crt")
    context.load_cert_chain(f"{certs}/client.crt", f"{certs}/client.key")
    return context


def first_answer(server, context):
    """Asks until somebody answers: tries again at once, for a pause would be counted too."""
    until = time.monotonic() + 15
    while True:
        tcp = socket.socket()
        if tcp.connect_ex(("127.0.0.1", server.port)) == 0:
            break
        tcp.close()
        if time.monotonic() > until:
            raise SystemExit(f"{server.kind.name} does not listen; its log: {server.folder}/log")
    with context.wrap_socket(tcp, server_hostname="localhost") as tls:
        tls.sendall(b"GET /todo HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = tls.recv(65536)
        if b" 200 " not in answer.split(b"\r\n")[0]:
            raise SystemExit(f"{server.kind.name} answers {answer[:200]!r}")


def start_ms(server, context):
    """From the start of the process to the first answer, in milliseconds."""
    server.prepare()
    begin = time.perf_counter()
    server.launch()
    first_answer(server, context)
    taken = (time.perf_counter() - begin) * 1000
    server.stop()
    return taken


def make_certificates(folder, bits):
    """Our own init makes them, for the bench is not about that; RSA-4096 for the CA, as it says."""
    kind = [] if bits == "R" else ["--key-type", "ec:P-256"]
    subprocess.run([os.environ["MTLS"], "init", *kind, folder], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    certs = os.path.join(folder, "certs")
    for target, parts in {"chain.crt": ["server.crt", "ca.crt"],
                          "server.pem": ["server.crt", "server.key"]}.items():
        with open(f"{certs}/{target}", "w") as file:
            for part in parts:
                file.write(open(f"{certs}/{part}").read())
    for name in os.listdir(certs):
        os.chmod(f"{certs}/{name}", 0o644)  # thrown away afterwards; workers are not root
    os.chmod(certs, 0o755)
    return certs


def make_strangers(certs, count):
    """So many more clients, strangerN.crt with their keys."""
    names = "".join(f"stranger{number}\n" for number in range(count))
    subprocess.run([os.environ["MTLS"], "issue", "--certs", certs, "--key-type", "ec:P-256", "--names", "-",
                    "client"], check=True, input=names, text=True, stdout=subprocess.DEVNULL)
