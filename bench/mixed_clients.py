"""Clients of bench/mixed: each has request(method, path, value), which gives (status, JSON or None)."""
import json
import socket

import h2
import raw

PATIENCE_S = 60
JSON = "Content-Type: application/json\r\n"


class H1(raw.Raw):
    def request(self, method, path, value=None):
        body = b"" if value is None else json.dumps(value).encode()
        status, headers, answer = self.ask(path, JSON, method, body)
        if status == 503 and "retry-after" not in headers:
            raise ValueError("503 without Retry-After")
        return status, json.loads(answer) if answer else None


class H2(h2.H2):
    """One request at a time. Its status is told from the body, which is one of a few."""

    def __init__(self, port, name):
        super().__init__(port, name)
        self.stream, self.going_away = -1, False
        self.send(h2.frame(h2.WINDOW, 0, 0, (2**31 - 65536).to_bytes(4, "big")))

    def request(self, method, path, value=None):
        self.stream += 2
        body = b"" if value is None else json.dumps(value).encode()
        flags = h2.END_HEADERS | (0 if body else h2.END_STREAM)
        head = h2.head(method, path, ("content-type", "application/json"))
        asked = h2.frame(h2.HEADERS, flags, self.stream, head)
        if body:
            asked += h2.frame(h2.DATA, h2.END_STREAM, self.stream, body)
        if not self.send(asked):
            raise ConnectionError("the connection has ended")
        answer, over = b"", False
        while not over:
            frame = self.frame()
            if not frame:
                raise ConnectionError("the connection has ended")
            kind, flags, stream, payload = frame
            if kind == h2.SETTINGS and not flags & h2.ACK:
                self.send(h2.frame(h2.SETTINGS, h2.ACK))
            self.going_away |= kind == h2.GOAWAY
            if stream != self.stream:
                continue
            if kind == h2.RST:
                raise ConnectionError("the stream was reset")
            answer += payload if kind == h2.DATA else b""
            over = kind in (h2.DATA, h2.HEADERS) and flags & h2.END_STREAM
        made = json.loads(answer) if answer else None
        error = (made or {}).get("error", "")
        if error:
            return (503 if error.startswith("the store failed") else 403), made
        return (204 if not answer else 201 if method == "POST" else 200), made


class Visits:
    """A connection for each request, resumed as often as it can be."""

    def __init__(self, port, name, version=None):
        self.port, self.name, self.version, self.session, self.resumed = port, name, version, None, False
        self.context = raw.context(name, version)

    def request(self, method, path, value=None):
        one = H1.__new__(H1)
        tcp = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        with self.context.wrap_socket(tcp, server_hostname="localhost", session=self.session) as one.tls:
            one.input = one.tls.makefile("rb")
            status, answer = one.request(method, path, value)
            self.resumed = one.tls.session_reused
            self.session = one.tls.session
        return status, answer
