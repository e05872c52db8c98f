"""One version of TLS for the documents' clients, which leave it open: the tests want each."""

import ssl

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def only_version(context, words):
    """The version that `words` begin with; any where they are none."""
    if words:
        context.minimum_version = context.maximum_version = VERSIONS[words[0]]
