/* A handshake as it was observed, as a sequence: for a terminal and as SVG. */
#ifndef MTLS_LAB_DRAW_H
#define MTLS_LAB_DRAW_H

#include "base/base.h"

/*
 * What both sides saw, out of their transcripts (tls_transcript_json; NULL for a side that kept
 * none): [{"from", "message", "encrypted", "bytes", "alert"?, "read"}], where `read` is false for
 * what never reached the other side. The order is the client's. The caller's to release.
 */
json_t *draw_merge(const json_t *client, const json_t *server);

/* The sequence as lines of at most 78 characters: `=` is encrypted, `-` is not, `x` never came. */
must_check bool draw_text(const json_t *messages, struct buffer *ret, struct error *reterr);
/* The same as an <svg> element that takes its colours from the page (currentColor, classes). */
must_check bool draw_svg(
	const json_t *messages, const char *title, struct buffer *ret, struct error *reterr);

/* Text into XML or HTML, markup escaped. */
must_check bool draw_escaped(const char *text, struct buffer *ret, struct error *reterr);

#endif
