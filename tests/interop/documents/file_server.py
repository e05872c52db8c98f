"""The first document's Server.py, as it prints it, without the Markdown escapes and `//` remarks.

Usage: file_server.py PORT (0: any free port; the document has 4443), in the folder Server/.
"""
from http.server import HTTPServer, SimpleHTTPRequestHandler
import ssl
import sys

server_address = ('localhost', int(sys.argv[1]))
httpd = HTTPServer(server_address, SimpleHTTPRequestHandler)

context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certfile='server.crt', keyfile='server.key')
context.load_verify_locations('../CA2/ca2.crt')
context.load_verify_locations('../CA/myCA.crt')
context.verify_mode = ssl.CERT_REQUIRED

httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
print(f"Server running on https://localhost:{httpd.server_port}", flush=True)
httpd.serve_forever()
