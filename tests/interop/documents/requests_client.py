"""The first document's Client.py, its call verbatim but for names that the tests choose.

usage: requests_client.py URL CERT KEY CA [TLS-VERSION]     ("" for CERT: no client certificate)

The `//` remarks behind its two lines are not Python, and its second call overwrites the answer of
the first: the tests make one call a run.
"""

import sys

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.ssl_ import create_urllib3_context
from version import only_version

url, cert, key, ca = sys.argv[1:5]


class Version(HTTPAdapter):
    """Not in the document: one version of TLS."""

    def init_poolmanager(self, *args, **kwargs):
        context = create_urllib3_context()
        only_version(context, sys.argv[5:])
        return super().init_poolmanager(*args, ssl_context=context, **kwargs)


if len(sys.argv) > 5:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", Version())
    requests.get = session.get

if cert:
    resp = requests.get(url, cert=(cert, key), verify=ca)
else:
    resp = requests.get(url, verify=ca)
print(resp.text)
