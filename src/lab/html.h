/* The lab as one page: results, filters and drawn handshakes, without a network. */
#ifndef MTLS_LAB_HTML_H
#define MTLS_LAB_HTML_H

#include "lab/result.h"

must_check bool lab_html(
	const struct lab_result *results, size_t count, struct buffer *ret, struct error *reterr);

#endif
