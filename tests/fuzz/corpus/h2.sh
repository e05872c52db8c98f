# Frames made by tests/h2.py, without the preface.
PYTHONPATH="$(cd "$(dirname "$0")/../.." && pwd)" /usr/bin/python3 - <<'END'
from h2 import *
START = frame(SETTINGS)
GET = frame(HEADERS, END_STREAM | END_HEADERS, 1, head('GET', '/todo?a=b', ('x-a', 'b')))
POST = frame(HEADERS, END_HEADERS, 1, head('POST', '/todo', ('content-length', '5')))
SEEDS = {
    'get': START + GET,
    'post': START + POST + frame(DATA, END_STREAM, 1, b'hello'),
    'trailers': START + POST + frame(DATA, 0, 1, b'hello') + frame(HEADERS, 5, 1, block(('x', 'y'))),
    'continuation': START + frame(HEADERS, END_STREAM, 1, head('GET', '/')[:20]) +
                    frame(CONTINUATION, END_HEADERS, 1, head('GET', '/')[20:]),
    'reset': START + GET + frame(RST, 0, 1, b'\0\0\0\x08') + frame(PING, 0, 0, b'12345678'),
    'windows': frame(SETTINGS, 0, 0, b'\0\4\0\0\0\1') + GET + frame(WINDOW, 0, 1, b'\0\0\0\1'),
    'expect': START + frame(HEADERS, 4, 1, head('POST', '/', ('expect', '100-continue'))) + frame(DATA, 1, 1, b'x'),
    'indexed': START + frame(HEADERS, 5, 1, b'\x82\x87\x84\x41\x01a') + frame(GOAWAY, 0, 0, b'\0' * 8),
}
for name, seed in SEEDS.items():
    open(name, 'wb').write(seed)
END
