/* HTTP/1 requests: what is read and how, what is refused with which status and sentence. */
#include "unit.h"

#include "h1_transcript.h"

/* Small limits, so that rows reach them. */
static const struct http_limits limits = {
	.target_bytes_max = 40,
	.header_line_bytes_max = 60,
	.header_bytes_max = 200,
	.headers_max = 6,
	.body_bytes_max = 16,
};

#define H "Host: h\r\n"
#define GET "GET / HTTP/1.1\r\n"
#define POST "POST /t HTTP/1.1\r\n" H
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define CHUNKED_SEEN "POST /t 11 h [transfer-encoding=chunked] body="
#define X10 "xxxxxxxxxx"
#define X40 X10 X10 X10 X10

struct row {
	const char *name, *bytes, *events;
	size_t count; /* where NUL is among the bytes; else 0 */
};

static const struct row rows[] = {
	/* ---- read ---- */
	{ "the smallest request", GET H "\r\n", "GET / 11 h; " },
	{ "nothing", "", "" },
	{ "half a request line", "GET /", "..." },
	{ "half a header", GET "Ho", "..." },
	{ "headers without their end", GET H, "..." },
	{ "half a body", POST "Content-Length: 3\r\n\r\nab", "..." },
	{ "path and query", "GET /a/b?c=d&e HTTP/1.1\r\n" H "\r\n", "GET /a/b?c=d&e 11 h; " },
	{ "an empty query", "GET /? HTTP/1.1\r\n" H "\r\n", "GET /? 11 h; " },
	{ "two question marks", "GET /?a?b HTTP/1.1\r\n" H "\r\n", "GET /?a?b 11 h; " },
	{ "names become lower case, values lose the space around them",
		GET H "X-One: \t a b \t \r\n\r\n", "GET / 11 h [x-one=a b]; " },
	{ "a header without space", GET H "a:b\r\n\r\n", "GET / 11 h [a=b]; " },
	{ "an empty header", GET H "a:\r\nb: \r\n\r\n", "GET / 11 h [a=] [b=]; " },
	{ "a colon in a value", GET H "a: b:c\r\n\r\n", "GET / 11 h [a=b:c]; " },
	{ "bytes above 127 in a value", GET H "a: \xc3\xb1\r\n\r\n", "GET / 11 h [a=\xc3\xb1]; " },
	{ "a host with a port", GET "Host: a.b:8443\r\n\r\n", "GET / 11 a.b:8443; " },
	{ "an IPv6 host", GET "Host: [::1]:8443\r\n\r\n", "GET / 11 [::1]:8443; " },
	{ "one empty line in front", "\r\n" GET H "\r\n", "GET / 11 h; " },
	{ "any method that HTTP knows", "DELETE / HTTP/1.1\r\n" H "\r\n", "DELETE / 11 h; " },
	{ "OPTIONS *", "OPTIONS * HTTP/1.1\r\n" H "\r\n", "OPTIONS * 11 h; " },
	{ "the absolute form", "GET https://o:1/p?q HTTP/1.1\r\n" H "\r\n", "GET /p?q 11 o:1; " },
	{ "the absolute form without path", "GET HTTP://o HTTP/1.1\r\n" H "\r\n", "GET / 11 o; " },
	{ "the absolute form with a query only", "GET http://o?q HTTP/1.1\r\n" H "\r\n",
		"GET /?q 11 o; " },
	/* ---- bodies ---- */
	{ "a body by length", POST "Content-Length: 3\r\n\r\nabc",
		"POST /t 11 h [content-length=3] body=abc; " },
	{ "a body of nothing", POST "Content-Length: 0\r\n\r\n",
		"POST /t 11 h [content-length=0] body=; " },
	{ "leading zeros in a length", POST "Content-Length: 003\r\n\r\nabc",
		"POST /t 11 h [content-length=003] body=abc; " },
	{ "no body", POST "\r\n", "POST /t 11 h; " },
	{ "the largest body", POST "Content-Length: 16\r\n\r\n0123456789abcdef",
		"POST /t 11 h [content-length=16] body=0123456789abcdef; " },
	{ "a GET with a body", GET H "Content-Length: 1\r\n\r\nx" GET H "\r\n",
		"GET / 11 h [content-length=1] body=x; GET / 11 h; " },
	{ "chunks", CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", CHUNKED_SEEN "abcde; " },
	{ "no chunk but the last", CHUNKED "0\r\n\r\n", CHUNKED_SEEN "; " },
	{ "hexadecimal sizes", CHUNKED "A\r\n0123456789\r\n00\r\n\r\n",
		CHUNKED_SEEN "0123456789; " },
	{ "a chunk extension", CHUNKED "1;a=b\r\nx\r\n0;c\r\n\r\n", CHUNKED_SEEN "x; " },
	{ "CR LF within a chunk", CHUNKED "4\r\n\r\n\r\n\r\n0\r\n\r\n", CHUNKED_SEEN "\r\n\r\n; " },
	{ "trailers", CHUNKED "1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n", CHUNKED_SEEN "x; " },
	{ "chunked in any case", POST "transfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n",
		"POST /t 11 h [transfer-encoding=CHUNKED] body=; " },
	{ "chunks up to the limit", CHUNKED "8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n",
		CHUNKED_SEEN "0123456701234567; " },
	/* ---- persistence ---- */
	{ "pipelining", GET H "\r\n" POST "Content-Length: 1\r\n\r\nx" GET H "\r\n",
		"GET / 11 h; POST /t 11 h [content-length=1] body=x; GET / 11 h; " },
	{ "a chunked request, then another", CHUNKED "1\r\nx\r\n0\r\n\r\n" GET H "\r\n",
		CHUNKED_SEEN "x; GET / 11 h; " },
	{ "close", GET H "Connection: close\r\n\r\n", "GET / 11 h [connection=close] close; " },
	{ "close in a list", GET H "Connection: a, Close\r\n\r\n",
		"GET / 11 h [connection=a, Close] close; " },
	{ "HTTP/1.0 closes", "GET / HTTP/1.0\r\n\r\n", "GET / 10 - close; " },
	{ "HTTP/1.0 with keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"GET / 10 - [connection=keep-alive]; " },
	{ "HTTP/1.0 with keep-alive and close",
		"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
		"GET / 10 - [connection=keep-alive, close] close; " },
	{ "HTTP/1.0 with a body", "POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx",
		"POST / 10 - [content-length=1] body=x close; " },
	{ "an upgrade is ignored",
		GET H "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n" GET H "\r\n",
		"GET / 11 h [connection=upgrade] [upgrade=websocket]; GET / 11 h; " },
	{ "an upgrade with a body is ignored",
		POST "Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nx" GET H
		     "\r\n",
		"POST /t 11 h [connection=upgrade] [upgrade=h2c] [content-length=1] body=x; "
		"GET / 11 h; " },
	/* ---- Expect ---- */
	{ "100-continue", POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
		"continue; POST /t 11 h [expect=100-continue] [content-length=1] body=x; " },
	{ "100-continue with chunks",
		POST "Transfer-Encoding: chunked\r\nExpect: 100-Continue\r\n\r\n0\r\n\r\n",
		"continue; POST /t 11 h [transfer-encoding=chunked] [expect=100-Continue] "
		"body=; " },
	{ "100-continue without a body", GET H "Expect: 100-continue\r\n\r\n",
		"GET / 11 h [expect=100-continue]; " },
	{ "100-continue of HTTP/1.0",
		"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
		"POST / 10 - [expect=100-continue] [content-length=1] body=x close; " },
	{ "another expectation", GET H "Expect: a miracle\r\n\r\n",
		"417 the only expectation that can be met is 100-continue" },
	/* ---- smuggling: framing ---- */
	{ "Transfer-Encoding with Content-Length",
		POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
		"400 Transfer-Encoding and Content-Length exclude each other" },
	{ "Content-Length with Transfer-Encoding",
		POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"400 Transfer-Encoding and Content-Length exclude each other" },
	{ "two lengths", POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
		"400 more than one Content-Length" },
	{ "the same length twice", POST "Content-Length: 3\r\ncontent-length: 3\r\n\r\nabc",
		"400 more than one Content-Length" },
	{ "a list of lengths", POST "Content-Length: 3, 3\r\n\r\nabc",
		"400 Content-Length is not a number" },
	{ "a negative length", POST "Content-Length: -1\r\n\r\n",
		"400 Content-Length is not a number" },
	{ "a length with a plus", POST "Content-Length: +1\r\n\r\nx",
		"400 Content-Length is not a number" },
	{ "a hexadecimal length", POST "Content-Length: 0x1\r\n\r\nx",
		"400 Content-Length is not a number" },
	{ "an empty length", POST "Content-Length:\r\n\r\n", "400 Content-Length is not a number" },
	{ "a length beyond 64 bits", POST "Content-Length: 18446744073709551617\r\n\r\nx",
		"400 Content-Length is not a number" },
	{ "two encodings", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		"400 more than one Transfer-Encoding" },
	{ "an encoding before chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n",
		"501 no Transfer-Encoding but chunked is supported" },
	{ "an encoding without chunked", POST "Transfer-Encoding: gzip\r\n\r\n",
		"400 Transfer-Encoding does not end in chunked" },
	{ "an encoding after chunked", POST "Transfer-Encoding: chunked, gzip\r\n\r\n",
		"400 Transfer-Encoding does not end in chunked" },
	{ "identity", POST "Transfer-Encoding: identity\r\n\r\n",
		"400 Transfer-Encoding does not end in chunked" },
	{ "nearly chunked", POST "Transfer-Encoding: xchunked\r\n\r\n",
		"400 Transfer-Encoding does not end in chunked" },
	{ "chunked in quotes", POST "Transfer-Encoding: \"chunked\"\r\n\r\n",
		"400 Transfer-Encoding does not end in chunked" },
	{ "an empty encoding", POST "Transfer-Encoding:\r\n\r\n",
		"400 Transfer-Encoding does not end in chunked" },
	{ "an encoding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
		"400 HTTP/1.0 has no Transfer-Encoding" },
	/* ---- smuggling: lines ---- */
	{ "LF behind the request line", "GET / HTTP/1.1\n" H "\r\n",
		"400 a line ends in LF without CR" },
	{ "LF behind a header", GET "Host: h\n\r\n", "400 a line ends in LF without CR" },
	{ "LF as the last line", GET H "\n", "400 a line ends in LF without CR" },
	{ "CR in a value", GET H "a: b\rc\r\n\r\n", "400 a line holds a CR without LF" },
	{ "CR CR LF", GET H "a: b\r\r\n\r\n", "400 a line holds a CR without LF" },
	{ "obsolete folding", GET H "a: b\r\n c\r\n\r\n",
		"400 a header line begins with white space (obsolete folding)" },
	{ "obsolete folding by TAB", GET H "a: b\r\n\tc\r\n\r\n",
		"400 a header line begins with white space (obsolete folding)" },
	{ "white space before the first header", GET " a: b\r\n" H "\r\n",
		"400 a header line begins with white space (obsolete folding)" },
	{ "a space before the colon", GET "Host : h\r\n\r\n",
		"400 white space stands before the colon of a header" },
	{ "a TAB before the colon", GET "Host\t: h\r\n\r\n",
		"400 white space stands before the colon of a header" },
	{ "a header without colon", GET H "abc\r\n\r\n",
		"400 a header line is not of the form \"name: value\"" },
	{ "a header without name", GET H ": b\r\n\r\n",
		"400 a header line is not of the form \"name: value\"" },
	{ "a name that is no token", GET H "a(b: c\r\n\r\n",
		"400 a header line is not of the form \"name: value\"" },
	{ "a name in UTF-8", GET H "\xc3\xb1: c\r\n\r\n",
		"400 a header line is not of the form \"name: value\"" },
	{ "NUL in a value", GET H "a: b\0c\r\n\r\n", "400 a line holds a control character",
		sizeof(GET H "a: b\0c\r\n\r\n") - 1 },
	{ "NUL in the target", "GET /\0 HTTP/1.1\r\n", "400 a line holds a control character",
		sizeof("GET /\0 HTTP/1.1\r\n") - 1 },
	{ "an escape in a value", GET H "a: \x1b[0m\r\n\r\n",
		"400 a line holds a control character" },
	{ "DEL in a value", GET H "a: \x7f\r\n\r\n", "400 a line holds a control character" },
	/* ---- chunks ---- */
	{ "a size that is no number", CHUNKED "x\r\n", "400 a chunk does not begin with its size" },
	{ "no size", CHUNKED "\r\n", "400 a chunk does not begin with its size" },
	{ "a size with 0x", CHUNKED "0x1\r\nx\r\n", "400 a chunk does not begin with its size" },
	{ "a size with a minus", CHUNKED "-1\r\n", "400 a chunk does not begin with its size" },
	{ "a size with a space", CHUNKED "1 \r\nx\r\n",
		"400 a chunk does not begin with its size" },
	{ "a size of 16 digits", CHUNKED "0000000000000001\r\nx\r\n",
		"400 a chunk does not begin with its size" },
	{ "the largest size", CHUNKED "fffffffffffffff\r\nx\r\n", "413 the body is too large" },
	{ "LF behind a size", CHUNKED "1\nx\r\n", "400 a line ends in LF without CR" },
	{ "CR without LF behind a size", CHUNKED "1\rx\r\n", "400 a line holds a CR without LF" },
	{ "NUL in a chunk extension", CHUNKED "1;\0\r\nx\r\n",
		"400 a line holds a control character", sizeof(CHUNKED "1;\0\r\nx\r\n") - 1 },
	{ "an endless chunk extension",
		CHUNKED "1;" X40 X40 X40 X40 X40 X40 X10 X10 "\r\nx\r\n0\r\n\r\n",
		"400 the line of a chunk is too long" },
	{ "a chunk longer than its size", CHUNKED "1\r\nxy\r\n0\r\n\r\n",
		"400 a chunk is longer than its size says" },
	{ "LF behind a chunk", CHUNKED "1\r\nx\n0\r\n\r\n", "400 a line ends in LF without CR" },
	{ "a trailer with a space before the colon", CHUNKED "0\r\nA : b\r\n\r\n",
		"400 white space stands before the colon of a header" },
	{ "a folded trailer", CHUNKED "0\r\nA: b\r\n c\r\n\r\n",
		"400 a header line begins with white space (obsolete folding)" },
	{ "LF behind a trailer", CHUNKED "0\r\nA: b\n\r\n", "400 a line ends in LF without CR" },
	{ "a length in a trailer", CHUNKED "0\r\nContent-Length: 5\r\n\r\n",
		"400 a trailer may not change how the message is read" },
	{ "an encoding in a trailer", CHUNKED "0\r\nTransfer-Encoding: chunked\r\n\r\n",
		"400 a trailer may not change how the message is read" },
	{ "a host in a trailer", CHUNKED "0\r\nHost: i\r\n\r\n",
		"400 a trailer may not change how the message is read" },
	/* ---- the request line ---- */
	{ "two empty lines in front", "\r\n\r\n" GET,
		"400 the request line does not begin with a method and a space" },
	{ "TLS", "\x16\x03\x01\x02", "400 a line holds a control character" },
	{ "words", "hello\r\n", "400 the request line does not begin with a method and a space" },
	{ "HTTP/0.9", "GET /\r\n", "400 the request line has no version" },
	{ "HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"505 only HTTP/1.1 and HTTP/1.0 are spoken here" },
	{ "HTTP/1.2", "GET / HTTP/1.2\r\n" H "\r\n",
		"505 only HTTP/1.1 and HTTP/1.0 are spoken here" },
	{ "HTTP/1.10", "GET / HTTP/1.10\r\n",
		"400 the request line does not end in a version such as HTTP/1.1" },
	{ "http/1.1", "GET / http/1.1\r\n",
		"400 the request line does not end in a version such as HTTP/1.1" },
	{ "a space behind the version", "GET / HTTP/1.1 \r\n",
		"400 the request line does not end in a version such as HTTP/1.1" },
	{ "two spaces", "GET  / HTTP/1.1\r\n",
		"400 the request line does not end in a version such as HTTP/1.1" },
	{ "a TAB for a space", "GET\t/ HTTP/1.1\r\n",
		"400 the request line does not begin with a method and a space" },
	{ "a space in front", " GET / HTTP/1.1\r\n",
		"400 the request line does not begin with a method and a space" },
	{ "a TAB in the target", "GET /a\tb HTTP/1.1\r\n",
		"400 the request target holds a byte that no URI may hold" },
	{ "UTF-8 in the target", "GET /\xc3\xb1 HTTP/1.1\r\n",
		"400 the request target holds a byte that no URI may hold" },
	{ "a fragment", "GET /#a HTTP/1.1\r\n",
		"400 the request target holds a byte that no URI may hold" },
	{ "a method nobody knows", "BREW / HTTP/1.1\r\n" H "\r\n", "501 the method is not known" },
	{ "a method in lower case", "get / HTTP/1.1\r\n" H "\r\n", "501 the method is not known" },
	{ "CONNECT", "CONNECT h:443 HTTP/1.1\r\n" H "\r\n",
		"501 CONNECT is not supported: this is no proxy" },
	{ "GET *", "GET * HTTP/1.1\r\n" H "\r\n",
		"400 the request target is neither a path nor an http URI" },
	{ "no slash", "GET todo HTTP/1.1\r\n",
		"400 the request target is neither a path nor an http URI" },
	{ "another scheme", "GET ftp://h/ HTTP/1.1\r\n",
		"400 the request target is neither a path nor an http URI" },
	{ "a URI without host", "GET https:/// HTTP/1.1\r\n",
		"400 the request target is neither a path nor an http URI" },
	{ "a URI with a user", "GET https://u@h/ HTTP/1.1\r\n",
		"400 the request target is neither a path nor an http URI" },
	/* ---- Host ---- */
	{ "no host", GET "\r\n", "400 the Host header is missing" },
	{ "two hosts", GET H H "\r\n", "400 more than one Host header" },
	{ "two hosts in HTTP/1.0", "GET / HTTP/1.0\r\n" H "hOST: i\r\n\r\n",
		"400 more than one Host header" },
	{ "an empty host", GET "Host:\r\n\r\n", "400 Host is no host name" },
	{ "a host with a path", GET "Host: h/p\r\n\r\n", "400 Host is no host name" },
	{ "a host with a user", GET "Host: u@h\r\n\r\n", "400 Host is no host name" },
	{ "two names in a host", GET "Host: a, b\r\n\r\n", "400 Host is no host name" },
	{ "a port that is no number", GET "Host: h:a\r\n\r\n", "400 Host is no host name" },
	{ "an open bracket", GET "Host: [::1\r\n\r\n", "400 Host is no host name" },
	/* ---- limits ---- */
	{ "the longest target", "GET /" X10 X10 X10 "123456789 HTTP/1.1\r\n" H "\r\n",
		"GET /" X10 X10 X10 "123456789 11 h; " },
	{ "a target one byte longer", "GET /" X40 " HTTP/1.1\r\n" H "\r\n",
		"414 the request target is too long" },
	{ "an endless target", "GET /" X40 X40 X40, "414 the request line is too long" },
	{ "an endless line", X40 X40 X40, "414 the request line is too long" },
	{ "the longest header line", GET H "a: " X40 X10 "1234567\r\n\r\n",
		"GET / 11 h [a=" X40 X10 "1234567]; " },
	{ "an endless header line", GET H "a: " X40 X40, "431 a header line is too long" },
	{ "six headers", GET H "a:1\r\nb:2\r\nc:3\r\nd:4\r\ne:5\r\n\r\n",
		"GET / 11 h [a=1] [b=2] [c=3] [d=4] [e=5]; " },
	{ "seven headers", GET H "a:1\r\nb:2\r\nc:3\r\nd:4\r\ne:5\r\nf:6\r\n\r\n",
		"431 too many header lines" },
	{ "too many trailers", CHUNKED "0\r\na:1\r\nb:2\r\nc:3\r\nd:4\r\ne:5\r\n\r\n",
		"431 too many header lines" },
	{ "too many bytes of headers",
		GET H "a: " X40 "\r\nb: " X40 "\r\nc: " X40 "\r\nd: " X40 X10 "12\r\n",
		"431 the header is too large" },
	{ "too many bytes of trailers",
		CHUNKED "0\r\na: " X40 "\r\nb: " X40 "\r\nc: " X40 "\r\nd: " X40 "\r\n",
		"431 the header is too large" },
	{ "a length one too large", POST "Content-Length: 17\r\n\r\n",
		"413 the body is too large" },
	{ "a chunk one too large", CHUNKED "11\r\n", "413 the body is too large" },
	{ "chunks that are too large together", CHUNKED "8\r\n01234567\r\n9\r\n",
		"413 the body is too large" },
};

static void feed(const struct row *row, size_t step)
{
	OWN(buffer) struct buffer events = BUFFER(65536);
	h1_run(&limits, row->bytes, row->count ? row->count : strlen(row->bytes), step, &events);
	const char *seen = events.data ? events.data : "";
	if (strcmp(seen, row->events) != 0)
		fail_msg("%s, %zu bytes at a time:\n  expected %s\n  seen     %s", row->name, step,
			row->events, seen);
}

static void reads_and_refuses_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		feed(&rows[i], SIZE_MAX);
}

static void reads_and_refuses_the_same_however_the_bytes_are_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t step = 1; step < 40; step++)
			feed(&rows[i], step);
}

static void says_how_far_it_is(void **state)
{
	(void)state;
	OWN(h1) struct h1 *h1 = h1_new(&limits);
	size_t used;
	assert_int_equal(h1_stage(h1), H1_IDLE);
	assert_null(h1_request(h1));
	assert_int_equal(h1_input(h1, "P", 1, &used), H1_MORE);
	assert_int_equal(h1_stage(h1), H1_HEAD);
	const char rest[] = "OST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n";
	assert_int_equal(h1_input(h1, rest, sizeof rest - 1, &used), H1_MORE);
	assert_int_equal(h1_stage(h1), H1_BODY);
	assert_int_equal(h1_input(h1, "xGET", 4, &used), H1_REQUEST);
	assert_int_equal(used, 1);
	assert_int_equal(h1_stage(h1), H1_DONE);
	const struct http_request *request = h1_request(h1);
	assert_string_equal(request->target, "/");
	assert_string_equal(http_request_header(request, "host"), "h");
	assert_null(http_request_header(request, "hos"));
	assert_memory_equal(request->body, "x", 2);
	h1_next(h1);
	assert_int_equal(h1_stage(h1), H1_IDLE);
	assert_int_equal(h1_input(h1, "\n", 1, &used), H1_REFUSED);
	assert_int_equal(h1_input(h1, GET, 16, &used), H1_REFUSED);
	assert_int_equal(h1_stage(h1), H1_DONE);
}

static void the_default_limits_take_what_browsers_send(void **state)
{
	(void)state;
	const struct http_limits defaults = HTTP_LIMITS_DEFAULT;
	OWN(buffer) struct buffer bytes = BUFFER(1 << 20);
	OWN(buffer) struct buffer events = BUFFER(1 << 20);
	struct error error;
	assert_true(buffer_text(&bytes, GET H "Cookie: ", &error));
	for (int i = 0; i < 400; i++)
		assert_true(buffer_text(&bytes, X10, &error));
	assert_true(buffer_text(&bytes, "\r\n\r\n", &error));
	h1_run(&defaults, bytes.data, bytes.length, SIZE_MAX, &events);
	assert_memory_equal(events.data, "GET / 11 h [cookie=x", 20);
}

static void no_limit_but_ours_is_in_force(void **state)
{
	(void)state;
	const struct http_limits wide = { .target_bytes_max = 100000,
		.header_line_bytes_max = 200000,
		.header_bytes_max = 400000,
		.headers_max = 3000,
		.body_bytes_max = 1 };
	OWN(buffer) struct buffer bytes = BUFFER(1 << 20);
	OWN(buffer) struct buffer events = BUFFER(1 << 20);
	struct error error;
	assert_true(buffer_format(&bytes, &error, "GET /%090000d HTTP/1.1\r\n" H, 0));
	assert_true(buffer_format(&bytes, &error, "a: %0190000d\r\n", 0));
	for (int i = 0; i < 2000; i++)
		assert_true(buffer_text(&bytes, "b: c\r\n", &error));
	assert_true(buffer_text(&bytes, "\r\n", &error));
	h1_run(&wide, bytes.data, bytes.length, 1000, &events);
	assert_memory_equal(events.data, "GET /0000", 9);
	assert_string_equal(events.data + events.length - 8, " [b=c]; ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_refuses_whole),
		cmocka_unit_test(reads_and_refuses_the_same_however_the_bytes_are_cut),
		cmocka_unit_test(says_how_far_it_is),
		cmocka_unit_test(the_default_limits_take_what_browsers_send),
		cmocka_unit_test(no_limit_but_ours_is_in_force),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
