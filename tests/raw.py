"""A TLS client for tests that send what no client library would send.

    raw = Raw(port)                    certs/client.* of the working folder, any version
    raw.send(b'GET / HTTP/1.1...')     as it is
    status, headers, body = raw.answer()
    raw.rest()                         what comes until the server ends the connection
    for _ in tries(pid): ...           until the caller leaves it: not for ever, and not behind the server's end
"""
import socket
import ssl
import time


def context(name='client', version=None, ca='certs/ca.crt'):
    made = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=ca)
    if name:
        made.load_cert_chain(f'certs/{name}.crt', f'certs/{name}.key')
    if version:
        made.minimum_version = made.maximum_version = version
    return made


def tries(pid, seconds=60):
    until, ended = time.monotonic() + seconds, False
    while not ended and time.monotonic() < until:
        try:
            with open(f'/proc/{pid}/stat', encoding='ascii') as file:
                ended = file.read().rsplit(') ', 1)[1][0] == 'Z'
        except OSError:  # and somebody has asked how
            ended = True
        yield  # once more behind its end, so that a last deed is not missed
    raise SystemExit('the server has ended' if ended else f'not within {seconds} s')


class Raw:
    def __init__(self, port, name='client', version=None, host='localhost', session=None):
        tcp = socket.create_connection(('127.0.0.1', int(port)), timeout=30)
        self.tls = context(name, version).wrap_socket(tcp, server_hostname=host, session=session)
        self.input = self.tls.makefile('rb')

    def send(self, data):
        self.tls.sendall(data)

    def get(self, path, headers=''):
        self.send(f'GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n'.encode())

    def ask(self, path, headers='', method='GET', body=b''):
        """A whole request and its answer; the connection lives on."""
        self.send(f'{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}'.encode('latin-1') +
                  (b'Content-Length: %d\r\n' % len(body) if body else b'') + b'\r\n' + body)
        return self.answer(method)

    def answer(self, method='GET'):
        line = self.input.readline().decode()
        status = int(line.split(' ')[1])
        headers = {}
        while (line := self.input.readline().decode().rstrip('\r\n')):
            name, value = line.split(': ', 1)
            headers[name.lower()] = value
        length = 0 if method == 'HEAD' or status < 200 else int(headers.get('content-length', 0))
        return status, headers, self.input.read(length)

    def rest(self):
        return self.input.read()

    def close(self):
        self.tls.close()
