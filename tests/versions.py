"""The same request with the same client, curl, over HTTP/1.1 and HTTP/2: are the answers the same?

    both = Versions(port1, port2)       one server a version, so that both may be changed alike
    both.same('what', '/path', ['-X', 'PUT'], 405)    status, headers and body; returns the two Answers

`{tag}` in an option stands for the entity tag of the last answer that had one, of that server.
"""
import collections
import re
import subprocess

Answer = collections.namedtuple('Answer', 'version status headers body')
OWN = {'connection', 'date', 'etag'}   # the connection's, the clock's, and that of a list's life


class Versions:
    def __init__(self, port1, port2, certificate='client'):
        self.ports = {'--http1.1': port1, '--http2': port2}
        self.tags = {}
        self.identity = ['--cacert', 'certs/ca.crt']
        if certificate:
            self.identity += ['--cert', f'certs/{certificate}.crt', '--key', f'certs/{certificate}.key']

    def ask(self, version, path, options):
        options = [option.replace('{tag}', self.tags.get(version, '')) for option in options]
        done = subprocess.run(['curl', '-sS', '-i', version, *self.identity, *options,
                               f'https://localhost:{self.ports[version]}{path}'], capture_output=True)
        assert not done.stderr, (path, done.stderr)
        answer = done.stdout
        while True:     # the last head counts: 100 stands before it
            first, body = answer.split(b'\r\n\r\n', 1)
            lines = first.decode().split('\r\n')
            if ' 100' not in lines[0]:
                break
            answer = body
        headers = [tuple(re.split(': *', line, maxsplit=1)) for line in lines[1:]]
        headers = sorted((name.lower(), value) for name, value in headers)
        self.tags[version] = dict(headers).get('etag', self.tags.get(version, ''))
        return Answer(*lines[0].split(' ')[:2], headers, body)

    def same(self, what, path, options=(), status=None, body=True):
        """With body=False only the headers are compared."""
        one, two = (self.ask(version, path, options) for version in self.ports)
        assert one.version == 'HTTP/1.1' and two.version == 'HTTP/2', (what, one.version, two.version)
        assert status is None or one.status == str(status), (what, one.status, one.body[:300])
        assert one.status == two.status, (what, one.status, two.status, one.body[:300], two.body[:300])
        lengths = {'content-length', 'content-type'} if not body else set()
        kept = [[header for header in answer.headers if header[0] not in OWN | lengths] for answer in (one, two)]
        assert kept[0] == kept[1], (what, kept)
        assert {name for name, _ in one.headers} - OWN == {name for name, _ in two.headers} - OWN, what
        assert ('etag' in dict(one.headers)) == ('etag' in dict(two.headers)), what
        assert not body or one.body == two.body, (what, one.body[:300], two.body[:300])
        return one, two
