"""The second document's client, rebuilt around its fragments, whose calls stand here verbatim.

usage: client.py [URL [TLS-VERSION]]     certs/ is looked for in the working folder
"""

import json
import ssl
import sys
import urllib.request

from version import only_version

BASE = sys.argv[1] if len(sys.argv) > 1 else "https://127.0.0.1:8443"
url = BASE + "/todo"

ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# ① Verify server cert against our local CA (not the OS trust store)
ctx.verify_mode = ssl.CERT_REQUIRED
ctx.check_hostname = True
ctx.load_verify_locations(cafile="certs/ca.crt")
# ② Present client cert + key during the TLS handshake
ctx.load_cert_chain(certfile="certs/client.crt", keyfile="certs/client.key")

# Not in the document: the tests want either version of TLS.
only_version(ctx, sys.argv[2:])

handler = urllib.request.HTTPSHandler(context=ctx)
opener = urllib.request.build_opener(handler)

print(f"[CLIENT] Connecting to {url}")
print("[CLIENT] Client cert: client.crt")
print("[CLIENT] CA trust: ca.crt")

print("[CLIENT] Creating new TODO with POST /todo ...")
request = urllib.request.Request(
    url,
    method="POST",
    data=json.dumps({"task": "Añadir endpoint POST", "done": False}).encode(),
    headers={"Content-Type": "application/json"},
)
with opener.open(request) as response:
    print(f"[CLIENT] POST response (HTTP {response.status}):")
    print(json.dumps(json.load(response), indent=2, ensure_ascii=False))

print("[CLIENT] Fetching TODO list with GET /todo ...")
with opener.open(url) as response:
    body = json.load(response)
    print(f'[CLIENT] Authenticated as: "{body["client"]}"')
    print(f"[CLIENT] Response (HTTP {response.status}):")
    print(json.dumps(body, indent=2, ensure_ascii=False))
