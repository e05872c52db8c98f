/* Looks at the header fields of a response. */
#ifndef MTLS_TESTS_HTTP_FIELD_H
#define MTLS_TESTS_HTTP_FIELD_H

#include "http/http.h"

/* The value that was set; NULL when none. */
static inline const char *field_of(const struct http_response *response, const char *name)
{
	for (size_t i = 0; i < response->field_count; i++)
		if (!strcmp(response->fields[i].name.text, name))
			return response->fields[i].value;
	return NULL;
}

#endif
