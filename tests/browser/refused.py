"""Without a certificate the browser must say that the server wants one."""
import re
import sys

from selenium.common.exceptions import WebDriverException

import browser.chromium as chromium

# On TLS 1.3 the refusal comes after the handshake. When it comes while Chromium still sets the
# connection up, it says ERR_SOCKET_NOT_CONNECTED instead: so it gets several goes.
driver = chromium.start()
seen = []
try:
    while "ERR_BAD_SSL_CLIENT_AUTH_CERT" not in seen and len(seen) < 20:
        try:
            driver.get(sys.argv[1])
            seen += re.findall(r"\bERR_[A-Z_]+", driver.page_source)[-1:]
        except WebDriverException as error:
            seen += re.findall(r"\bERR_[A-Z_]+", error.msg)[-1:]
    print(seen)
finally:
    driver.quit()
