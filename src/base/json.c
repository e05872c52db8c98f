/* JSON text: jansson's layout is Python's, its escapes are so but for upper-case hexadecimal. */
#include "base/json.h"

#include "base/memory.h"

#include <ctype.h>

static void *take(size_t bytes)
{
	return memory_object(bytes, "JSON");
}

void json_begin(void)
{
	json_set_alloc_funcs(take, memory_give);
}

/* A string of JSON has no raw newline, so one always begins a line. */
static bool append_moved(struct buffer *ret, const char *text, size_t margin, struct error *reterr)
{
	while (*text) {
		size_t line = strcspn(text, "\n");
		line += text[line] == '\n';
		if (!buffer_append(ret, text, line, reterr))
			return false;
		text += line;
		if (text[-1] == '\n' && !buffer_format(ret, reterr, "%*s", (int)margin, ""))
			return false;
	}
	return true;
}

bool json_text(const json_t *json, size_t margin, struct buffer *ret, struct error *reterr)
{
	OWN(char) char *text = json_dumps(json, JSON_INDENT(2) | JSON_ENCODE_ANY);
	if (!text)
		return error_set(reterr, ERROR_BUG, "no JSON text");
	for (char *at = text; *at; at++) {
		if (*at != '\\')
			continue;
		if (*++at == 'u')
			for (int i = 1; i <= 4; i++)
				at[i] = (char)tolower((unsigned char)at[i]);
	}
	return append_moved(ret, text, margin, reterr);
}
