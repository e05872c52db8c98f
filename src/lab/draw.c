/* Sequences drawn from transcripts. Nothing here knows TLS: it draws what was recorded. */
#include "lab/draw.h"

#include <stdio.h>

enum { LANE = 60, TEXT_BYTES = 96 };

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

static bool from_client(const json_t *message)
{
	return !strcmp(text_of(message, "from"), "client");
}

/* How often that side's list has the same message: what one side sent, the other has read. */
static size_t count_like(const json_t *list, const json_t *like, size_t until)
{
	size_t count = 0, index;
	json_t *item;
	json_array_foreach((json_t *)list, index,
		item) if (index < until && !strcmp(text_of(item, "from"), text_of(like, "from")) &&
			  !strcmp(text_of(item, "message"), text_of(like, "message"))) count++;
	return count;
}

static void add(json_t *merged, const json_t *message, bool was_read)
{
	json_t *copy = json_copy((json_t *)message);
	json_object_set_new(copy, "read", json_boolean(was_read));
	json_array_append_new(merged, copy);
}

json_t *draw_merge(const json_t *client, const json_t *server)
{
	json_t *merged = json_array(), *message;
	size_t index;
	bool both = json_is_array(client) && json_is_array(server);
	const json_t *base = json_is_array(client) ? client : server;
	json_array_foreach((json_t *)base, index, message)
	{
		bool sent_from_here = from_client(message) == (base == client);
		size_t which = count_like(base, message, index);
		bool arrived =
			!both || !sent_from_here || count_like(server, message, SIZE_MAX) > which;
		add(merged, message, arrived);
	}
	/* What the server still sent, and nobody was there to read. */
	if (both)
		json_array_foreach((json_t *)server, index,
			message) if (!from_client(message) &&
				     count_like(server, message, index) >=
					     count_like(client, message, SIZE_MAX))
			add(merged, message, false);
	return merged;
}

static const char *label(const json_t *message, char target[static TEXT_BYTES])
{
	long long bytes = json_integer_value(json_object_get(message, "bytes"));
	snprintf(target, TEXT_BYTES, "%s, %lld byte%s", text_of(message, "message"), bytes,
		bytes == 1 ? "" : "s");
	return target;
}

/* ---- A terminal ---- */

static must_check bool draw_line(const json_t *message, struct buffer *ret, struct error *reterr)
{
	char text[TEXT_BYTES], lane[LANE + 1];
	bool right = from_client(message);
	bool was_read = json_is_true(json_object_get(message, "read"));
	char line = json_is_true(json_object_get(message, "encrypted")) ? '=' : '-';
	size_t bytes = strlen(label(message, text));
	memset(lane, line, LANE);
	lane[LANE] = 0;
	if (bytes > LANE - 8)
		bytes = LANE - 8;
	lane[right ? 2 : 3] = lane[(right ? 3 : 4) + bytes] = ' ';
	memcpy(lane + (right ? 3 : 4), text, bytes);
	lane[right ? LANE - 1 : 0] = was_read ? right ? '>' : '<' : 'x';
	return buffer_format(ret, reterr, "  |%s|\n", lane);
}

bool draw_text(const json_t *messages, struct buffer *ret, struct error *reterr)
{
	size_t index;
	json_t *message;
	if (!buffer_format(ret, reterr, "client%*s\n", LANE + 2, "server"))
		return false;
	json_array_foreach((json_t *)messages, index,
		message) if (!draw_line(message, ret, reterr)) return false;
	return buffer_text(
		ret, "  = encrypted   - in the clear   x never read by the other side\n", reterr);
}

/* ---- SVG ---- */

bool draw_escaped(const char *text, struct buffer *ret, struct error *reterr)
{
	for (; *text; text++) {
		const char *entity = *text == '<'   ? "&lt;"
				     : *text == '>' ? "&gt;"
				     : *text == '&' ? "&amp;"
				     : *text == '"' ? "&quot;"
						    : NULL;
		if (!(entity ? buffer_text(ret, entity, reterr)
			     : buffer_append(ret, text, 1, reterr)))
			return false;
	}
	return true;
}

enum { WIDTH = 360, LEFT = 14, RIGHT = WIDTH - LEFT, STEP = 30, TOP = 34 };

static must_check bool draw_arrow(
	const json_t *message, int y, struct buffer *ret, struct error *reterr)
{
	char text[TEXT_BYTES];
	bool right = from_client(message);
	bool was_read = json_is_true(json_object_get(message, "read"));
	int end = right ? RIGHT : LEFT, back = right ? -7 : 7;
	const char *kind = json_object_get(message, "alert") ? " class=\"alert\"" : "";
	if (!was_read)
		end += back * 4;
	if (!buffer_format(ret, reterr, "<g%s><text x=\"%d\" y=\"%d\" text-anchor=\"middle\">",
		    kind, WIDTH / 2, y - 6) ||
		!draw_escaped(label(message, text), ret, reterr))
		return false;
	return buffer_format(ret, reterr,
		"</text><path d=\"M%d %dH%d%s\"%s/><path d=\"M%d %dl%d -4v8z\" "
		"class=\"head\"/></g>\n",
		right ? LEFT : RIGHT, y, end, was_read ? "" : "m-5 -5l10 10m0 -10l-10 10",
		json_is_true(json_object_get(message, "encrypted")) ? " class=\"sealed\"" : "", end,
		y, was_read ? back : 0);
}

bool draw_svg(const json_t *messages, const char *title, struct buffer *ret, struct error *reterr)
{
	int count = (int)json_array_size(messages), height = TOP + (count + 1) * STEP;
	size_t index;
	json_t *message;
	if (!buffer_format(ret, reterr, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
		    WIDTH, height) ||
		!draw_escaped(title, ret, reterr) ||
		!buffer_format(ret, reterr,
			"\"><text x=\"%d\" y=\"16\">client</text><text x=\"%d\" y=\"16\" "
			"text-anchor=\"end\">server</text>"
			"<path d=\"M%d 22V%dM%d 22V%d\" class=\"lane\"/>\n",
			4, WIDTH - 4, LEFT, height - 4, RIGHT, height - 4))
		return false;
	json_array_foreach((json_t *)messages, index,
		message) if (!draw_arrow(message, TOP + ((int)index + 1) * STEP - 6, ret,
				     reterr)) return false;
	return buffer_text(ret, "</svg>\n", reterr);
}
