"""The second document's negative test, rebuilt around its fragments: no load_cert_chain.

usage: client_no_cert.py [URL [TLS-VERSION]]

As printed, any failure is its PASS, even when nobody listens; the tests therefore look at the error
that it prints and at the server's record.
"""

import ssl
import sys
import urllib.error
import urllib.request

from version import only_version

BASE = sys.argv[1] if len(sys.argv) > 1 else "https://127.0.0.1:8443"
url = BASE + "/todo"

ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ctx.verify_mode = ssl.CERT_REQUIRED
ctx.check_hostname = True
ctx.load_verify_locations(cafile="certs/ca.crt")

# Not in the document: the tests want either version of TLS.
only_version(ctx, sys.argv[2:])

handler = urllib.request.HTTPSHandler(context=ctx)
opener = urllib.request.build_opener(handler)

print("[NEGATIVE TEST] Attempting connection WITHOUT client certificate...")
print(f"[NEGATIVE TEST] Target: {url}")
try:
    opener.open(url)
except (ssl.SSLError, urllib.error.URLError, OSError) as error:
    # On TLS 1.2 connect fails (URLError holds the cause); on TLS 1.3 reading does.
    cause = getattr(error, "reason", None)
    print("[NEGATIVE TEST] Connection rejected as expected.")
    print(f"[NEGATIVE TEST] Error: {cause if isinstance(cause, Exception) else error}")
    print("[NEGATIVE TEST] PASS: Server correctly refused unauthenticated client.")
else:
    print("[NEGATIVE TEST] FAIL: the server let an unauthenticated client in.")
    sys.exit(1)
