"""HTTP/2 frames by hand, for tests that send what no client library would send.

    h2 = H2(port)                     certs/client.* of the working folder, ALPN h2, preface sent
    h2.send(frame(PING, 0, 0, b'8 bytes.'))
    h2.get(1, '/todo')                a request on stream 1
    kind, flags, stream, payload = h2.frame()      the next frame; None when the server has ended
    h2.until(GOAWAY)                  the payload of the next frame of that kind
"""
import socket
import struct

import raw

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4
ENHANCE_YOUR_CALM = 11
PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'


def frame(kind, flags=0, stream=0, payload=b''):
    return struct.pack('>IBI', len(payload) << 8 | kind, flags, stream) + payload


def string(text):
    """RFC 7541 section 5.2, without Huffman."""
    data, left = text.encode('latin-1'), len(text)
    if left < 127:
        return bytes([left]) + data
    size, left = bytes([127]), left - 127
    while left > 127:
        size, left = size + bytes([left % 128 | 128]), left // 128
    return size + bytes([left]) + data


def block(*fields):
    """Literals that are not indexed."""
    return b''.join(b'\0' + string(name) + string(value) for name, value in fields)


def head(method, path, *more, host='localhost'):
    return block((':method', method), (':scheme', 'https'), (':authority', host), (':path', path), *more)


class H2:
    def __init__(self, port, name='client', version=None, start=PREFACE + frame(SETTINGS)):
        context = raw.context(name, version)
        context.set_alpn_protocols(['h2'])
        tcp = socket.create_connection(('127.0.0.1', int(port)), timeout=30)
        self.tls = context.wrap_socket(tcp, server_hostname='localhost')
        assert self.tls.selected_alpn_protocol() == 'h2'
        self.input = self.tls.makefile('rb')
        self.send(start)

    def send(self, data):
        """False when the server has ended the connection."""
        try:
            self.tls.sendall(data)
            return True
        except OSError:
            return False

    def get(self, stream, path, *more):
        return self.send(frame(HEADERS, END_STREAM | END_HEADERS, stream, head('GET', path, *more)))

    def frame(self):
        try:
            start = self.input.read(9)
        except OSError:
            return None
        if len(start) < 9:
            return None
        size, flags, stream = struct.unpack('>IBI', start)
        return size & 255, flags, stream, self.input.read(size >> 8)

    def until(self, kind):
        while (seen := self.frame()):
            if seen[0] == kind:
                return seen[3]
        return None

    def goaway(self):
        """The error code of the server's GOAWAY; None when it said none."""
        payload = self.until(GOAWAY)
        return struct.unpack('>I', payload[4:8])[0] if payload else None

    def bodies(self, streams):
        """{stream: body} of answers that end, in whatever order they come."""
        made = {stream: b'' for stream in streams}
        left = set(streams)
        while left:
            kind, flags, stream, payload = self.frame()
            if kind == DATA:
                made[stream] += payload
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                left.remove(stream)
        return made

    def close(self):
        self.tls.close()
