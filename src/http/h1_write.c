/* The head of a response, as HTTP/1.1 writes it (RFC 9112 section 4). */
#include "http/h1.h"

/* Many small formats would cost more than all else here. */
static bool write_texts(struct buffer *ret, const char *const *texts, struct error *reterr)
{
	bool ok = true;
	for (; ok && *texts; texts++)
		ok = buffer_text(ret, *texts, reterr);
	return ok;
}

bool h1_write_head(const struct http_response *response, const struct http_request *request,
	bool keep_alive, time_t now, struct buffer *ret, struct error *reterr)
{
	char status[TEXT_DECIMAL_BYTES], length[TEXT_DECIMAL_BYTES], date[CLOCK_HTTP_DATE_BYTES];
	if (!write_texts(ret,
		    (const char *[]){ "HTTP/1.1 ", text_decimal((uint64_t)response->status, status),
			    " ", http_status_text(response->status),
			    "\r\nDate: ", clock_http_date(now, date), "\r\n", NULL },
		    reterr))
		return false;
	for (size_t i = 0; i < response->field_count; i++)
		if (!write_texts(ret,
			    (const char *[]){ response->fields[i].name, ": ",
				    response->fields[i].value, "\r\n", NULL },
			    reterr))
			return false;
	/* RFC 9110 section 8.6: 204 has none, and 304 would promise the length of a 200. */
	if (http_response_has_length(response) &&
		!write_texts(ret,
			(const char *[]){ "Content-Length: ",
				text_decimal(response->body_bytes, length), "\r\n", NULL },
			reterr))
		return false;
	/* 1.1 keeps alive unless told otherwise, 1.0 the other way round. */
	const char *connection = "";
	if (!keep_alive)
		connection = "Connection: close\r\n";
	else if (request && request->version == HTTP_1_0)
		connection = "Connection: keep-alive\r\n";
	return write_texts(ret, (const char *[]){ connection, "\r\n", NULL }, reterr);
}
