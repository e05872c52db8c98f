/* The description as text: a line a member, in the order in which it was made. */
#include "pki/show_parts.h"

enum { LABEL_COLUMNS = 28 };

static bool add_value(struct buffer *ret, const json_t *value, struct error *reterr);

static bool add_object(struct buffer *ret, const json_t *object, struct error *reterr)
{
	const char *name;
	const json_t *value;
	bool first = true;
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		if (!buffer_format(ret, reterr, "%s%s ", first ? "" : ", ", name) ||
			!add_value(ret, value, reterr))
			return false;
		first = false;
	}
	return true;
}

/* Two names in a list are not to be told from one that has a comma in it. */
static bool add_item(struct buffer *ret, const json_t *value, struct error *reterr)
{
	const char *text = json_string_value(value);
	return text && strstr(text, ", ") ? buffer_format(ret, reterr, "\"%s\"", text)
					  : add_value(ret, value, reterr);
}

static bool add_list(struct buffer *ret, const json_t *list, struct error *reterr)
{
	if (!json_array_size(list))
		return buffer_text(ret, "none", reterr);
	/* What is an object itself gets a line of its own. */
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *value = json_array_get(list, i);
		bool line = json_is_object(value);
		if ((i && !(line ? buffer_format(ret, reterr, "\n%*s", LABEL_COLUMNS, "")
				 : buffer_text(ret, ", ", reterr))) ||
			!add_item(ret, value, reterr))
			return false;
	}
	return true;
}

static bool add_value(struct buffer *ret, const json_t *value, struct error *reterr)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return add_object(ret, value, reterr);
	case JSON_ARRAY:
		return add_list(ret, value, reterr);
	case JSON_STRING:
		return buffer_text(ret, json_string_value(value), reterr);
	case JSON_INTEGER:
		return buffer_format(ret, reterr, "%lld", (long long)json_integer_value(value));
	case JSON_REAL:
		return buffer_format(ret, reterr, "%g", json_real_value(value));
	case JSON_TRUE:
		return buffer_text(ret, "yes", reterr);
	case JSON_FALSE:
		return buffer_text(ret, "no", reterr);
	case JSON_NULL:
		return buffer_text(ret, "unknown", reterr);
	}
	return true;
}

static bool add_member(
	struct buffer *ret, const char *name, const json_t *value, struct error *reterr)
{
	OWN(char) char *label = text_copy(name);
	for (char *at = label; *at; at++)
		if (*at == '_')
			*at = ' ';
	return buffer_format(ret, reterr, "  %-*s", LABEL_COLUMNS - 2, label) &&
	       add_value(ret, value, reterr) && buffer_text(ret, "\n", reterr);
}

bool show_text(const json_t *shown, struct buffer *ret, struct error *reterr)
{
	const json_t *objects = json_object_get(shown, "objects");
	for (size_t i = 0; i < json_array_size(objects); i++) {
		const json_t *object = json_array_get(objects, i);
		const char *name;
		const json_t *value;
		if (!buffer_format(ret, reterr, "%s%s: %s\n", i ? "\n" : "",
			    json_string_value(json_object_get(shown, "file")),
			    json_string_value(json_object_get(object, "kind"))))
			return false;
		json_object_foreach((json_t *)(uintptr_t)object, name, value)
		{
			if (strcmp(name, "kind") != 0 && !add_member(ret, name, value, reterr))
				return false;
		}
	}
	return true;
}
