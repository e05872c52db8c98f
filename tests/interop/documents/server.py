"""The second document's server/server.py, rebuilt around the fragments that it prints.

Usage: server.py PORT (0: any free port), in a folder with certs/. The calls on `ctx`, the endpoints,
the validation rules and the log lines are the document's own.
"""
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

HOST = "127.0.0.1"

TODOS = [
    {"id": 1, "task": "Set up local CA", "done": True},
    {"id": 2, "task": "Issue server certificate", "done": True},
    {"id": 3, "task": "Issue client certificate", "done": True},
    {"id": 4, "task": "Configure mTLS server", "done": True},
    {"id": 5, "task": "Validate mutual auth", "done": False},
]


def log(line):
    print(f"[SERVER] {line}", file=sys.stderr, flush=True)


class Handler(BaseHTTPRequestHandler):
    def common_name(self) -> str | None:
        cert = self.connection.getpeercert()
        for rdn in cert.get("subject", ()):
            for name, value in rdn:
                if name == "commonName":
                    return value
        return None

    def answer(self, status: int, body: dict):
        data = json.dumps(body, indent=2, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format, *args):
        name = self.common_name()
        log(f"REQUEST | peer={self.client_address[0]} | cert-CN={name!r} | {format % args}")

    def do_GET(self):
        if self.path != "/todo":
            return self.answer(404, {"error": "not found"})
        name = self.common_name()
        self.answer(200, {"client": name, "todos": TODOS})
        log(f"AUTHENTICATED | CN={name!r} | serving /todo")

    def do_POST(self):
        if self.path != "/todo":
            return self.answer(404, {"error": "not found"})
        name = self.common_name()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        task, done = body.get("task"), body.get("done", False)
        if not isinstance(task, str) or not task:
            return self.answer(400, {"error": "task must be a non-empty string"})
        if not isinstance(done, bool):
            return self.answer(400, {"error": "done must be a boolean"})
        item = {"id": len(TODOS) + 1, "task": task, "done": done}
        TODOS.append(item)
        self.answer(201, {"client": name, "message": "TODO item created", "todo": item})
        log(f"AUTHENTICATED | CN={name!r} | creating TODO")
        log(f"TODO CREATED | CN={name!r} | item={item}")


ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
# ① Require client certificate — this is the "mutual" in mTLS
ctx.verify_mode = ssl.CERT_REQUIRED
# ② Load the CA that signed the client cert — only certs from this CA are accepted
ctx.load_verify_locations(cafile="certs/ca.crt")
# ③ Load server's own cert + key — sent to the client during the handshake
ctx.load_cert_chain(certfile="certs/server.crt", keyfile="certs/server.key")
# ④ Reject TLS 1.0 and 1.1 (deprecated per RFC 8996)
ctx.minimum_version = ssl.TLSVersion.TLSv1_2

httpd = HTTPServer((HOST, int(sys.argv[1])), Handler)
httpd.socket = ctx.wrap_socket(httpd.socket, server_side=True)
log(f"mTLS server listening on https://{HOST}:{httpd.server_port}")
log("Requiring client cert signed by: ca.crt")
log("Press Ctrl+C to stop.")
httpd.serve_forever()
