/* JSON as people read it, the same bytes as Python's json.dumps(indent=2, ensure_ascii=False). */
#ifndef MTLS_BASE_JSON_H
#define MTLS_BASE_JSON_H

#include "base/buffer.h"

/*
 * Before the first JSON: without memory the program ends, where jansson would leave out what it
 * cannot hold or say that a text is no UTF-8.
 */
void json_begin(void);

/*
 * Appends `json` without a newline at its end. Every line but the first is moved right by `margin`
 * spaces, for a value that is put inside another one's text.
 */
must_check bool json_text(
	const json_t *json, size_t margin, struct buffer *ret, struct error *reterr);

#endif
