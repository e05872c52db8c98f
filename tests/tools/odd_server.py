"""Servers that misbehave, one behaviour each, on a free loopback port.

Usage: odd_server.py BEHAVIOUR CERTS. Prints "listening on PORT". Every connection gets the behaviour.
"""
import socket
import ssl
import struct
import sys

behaviour, certs = sys.argv[1:3]

RESET = struct.pack("ii", 1, 0)


def tls(connection, **_):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(f"{certs}/server.crt", f"{certs}/server.key")
    ctx.load_verify_locations(f"{certs}/ca.crt")
    ctx.verify_mode = ssl.CERT_OPTIONAL
    return ctx.wrap_socket(connection, server_side=True)


def head(connection):
    """One request's head, so that nothing is closed with bytes unread."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            break
        data += more
    return data


def plain(connection):
    """HTTP without TLS."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def closes(connection):
    """Reads the ClientHello and hangs up."""
    connection.recv(65536)


def resets(connection):
    """A reset in the handshake, without an alert."""
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def silent(connection):
    """Takes everything, says nothing."""
    while connection.recv(65536):
        pass


def refuses_anonymous_by_reset(connection):
    """Serves whoever has a certificate; resets everybody else after the handshake, without an alert."""
    session = tls(connection)
    head(session)
    if session.getpeercert():
        session.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        return
    raw = socket.socket(fileno=session.detach())
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    raw.close()


def answers(text):
    def behave(connection):
        session = tls(connection)
        head(session)
        session.sendall(text)
        try:
            session.unwrap()
        except OSError:
            pass

    return behave


def mirror(connection):
    """Answers each request of a connection with its own bytes, and closes when asked to."""
    session = tls(connection)
    while request := head(session):
        top, body = request.split(b"\r\n\r\n", 1)
        lengths = [line for line in top.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        while len(body) < length:
            body += session.recv(65536)
        seen = top + b"\r\n\r\n" + body
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(seen)
        session.sendall(answer if top.startswith(b"HEAD ") else answer + seen)


def mute(connection):
    """A handshake and a request, and then nothing."""
    silent(tls(connection))


def stalls(connection):
    """Half an answer, and then nothing."""
    session = tls(connection)
    head(session)
    session.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    silent(session)


behaviours = {
    "mirror": mirror,
    "mute": mute,
    "stalls": stalls,
    "plain": plain,
    "closes": closes,
    "resets": resets,
    "silent": silent,
    "anonymous-reset": refuses_anonymous_by_reset,
    "no-http": answers(b"220 mail.example ESMTP\r\n"),
    "cut": answers(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"),
    "big-head": answers(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 90000 + b"\r\n"
                        + (b"Y: " + b"b" * 90000 + b"\r\n") * 3 + b"\r\n"),
    "big-body": answers(b"HTTP/1.1 200 OK\r\nContent-Length: 70000000\r\n\r\n" + bytes(70000000)),
    "escape": answers(b"HTTP/1.1 404 Not Found\r\nX-Evil: \x1b[31m\r\nContent-Length: 5\r\n\r\n"
                      b"\x00\xff\x1b[m"),
    "interim": answers(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                       b"HTTP/1.1 201 Created\r\nX-Last: yes\r\nContent-Length: 4\r\n\r\nmade"),
    "redirect": answers(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n"
                        b"Content-Length: 0\r\n\r\n"),
}

listener = socket.create_server(("127.0.0.1", 0))
print("listening on", listener.getsockname()[1], flush=True)
while True:
    accepted, _ = listener.accept()
    try:
        behaviours[behaviour](accepted)
    except OSError:
        pass
    accepted.close()
