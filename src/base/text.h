/* Small helpers for text that we own and for text that a peer sent. */
#ifndef MTLS_BASE_TEXT_H
#define MTLS_BASE_TEXT_H

#include "base/buffer.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A new string, the caller's to free. Ends the program when memory is out. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_format_list(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));
char *text_copy(const char *text);
/* The pieces, up to NULL, as one: for what is too frequent for a format. */
char *text_join(const char *const *pieces);

/*
 * Puts bytes where there is room for them, and returns where the next ones go: for what is made so
 * often that formats, or appends that each look for room, would cost more than all else.
 */
static inline char *text_put(char *to, const char *bytes, size_t count)
{
	memcpy(to, bytes, count);
	return to + count;
}
#define TEXT_PUT(to, literal) text_put((to), (literal), sizeof(literal) - 1)

/*
 * Writes peer-made bytes so that they cannot break a line of a log, a terminal or a header: NUL,
 * control characters, DEL, backslash and bytes that are no UTF-8 become \xNN. Always ends with NUL;
 * what does not fit is cut. Returns `target`.
 */
char *text_escape(char *target, size_t target_bytes, const void *source, size_t source_bytes);
/* The same where nothing but ASCII can be right, as in the name of a host: all else becomes \xHH.
 */
char *text_escape_ascii(char *target, size_t target_bytes, const void *source, size_t source_bytes);

/* Whether the bytes are well-formed UTF-8 (RFC 3629 section 4) without NUL. */
bool text_is_utf8(const void *source, size_t bytes);

/*
 * How many bytes from the start on may stand within a line of a message: printable ASCII, TAB, and
 * what is no ASCII (obs-text, RFC 9110 section 5.5).
 */
size_t text_line_bytes(const char *bytes, size_t count);

/*
 * Levenshtein's distance, for "did you mean": how many characters to put in, take out or replace.
 * Words of more than 40 are 40 apart.
 */
size_t text_distance(const char *a, const char *b);

/* Where `text` goes on after blanks and tabs. */
const char *text_skip_space(const char *text);

/* What a hexadecimal digit of either case stands for; -1 for another character. */
int text_hex_value(char digit);
/* The number's digits, at the end of `target`: returns where they begin. */
#define TEXT_DECIMAL_BYTES 21
const char *text_decimal(uint64_t number, char target[static TEXT_DECIMAL_BYTES]);
/* A decimal number from the whole of `text`, within the bounds. */
must_check bool text_number(const char *text, long long min, long long max, long long *ret);

#endif
