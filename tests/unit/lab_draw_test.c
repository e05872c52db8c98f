/* Drawings: what both sides saw becomes one sequence, and what never arrived is marked. */
#include "unit.h"

#include "lab/draw.h"

static json_t *said(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);
	assert_non_null(json);
	return json;
}

#define HELLO "{\"from\":\"client\",\"message\":\"ClientHello\",\"encrypted\":false,\"bytes\":9}"
#define ANSWER "{\"from\":\"server\",\"message\":\"ServerHello\",\"encrypted\":true,\"bytes\":1}"
#define ALERT \
	"{\"from\":\"server\",\"message\":\"alert " \
	"<&>\",\"encrypted\":true,\"bytes\":2,\"alert\":48}"

static bool is_read(const json_t *messages, size_t index)
{
	return json_is_true(json_object_get(json_array_get(messages, index), "read"));
}

static void what_never_arrived_is_marked(void **state)
{
	(void)state;
	OWN(json_t) json_t *client = said("[" HELLO "," ANSWER "," HELLO "]");
	OWN(json_t) json_t *server = said("[" HELLO "," ANSWER "," ALERT "]");
	OWN(json_t) json_t *merged = draw_merge(client, server);
	assert_int_equal(json_array_size(merged), 4);
	assert_true(is_read(merged, 0));
	assert_true(is_read(merged, 1));
	assert_false(is_read(merged, 2)); /* the second hello */
	assert_false(is_read(merged, 3)); /* the alert */
}

static void one_side_alone_is_believed(void **state)
{
	(void)state;
	OWN(json_t) json_t *client = said("[" HELLO "," ANSWER "]");
	OWN(json_t) json_t *server = said("[" HELLO "]");
	OWN(json_t) json_t *mine = draw_merge(client, NULL);
	OWN(json_t) json_t *theirs = draw_merge(NULL, server);
	OWN(json_t) json_t *none = draw_merge(NULL, NULL);
	assert_int_equal(json_array_size(mine), 2);
	assert_true(is_read(mine, 0) && is_read(mine, 1));
	assert_int_equal(json_array_size(theirs), 1);
	assert_int_equal(json_array_size(none), 0);
}

static void lines_show_direction_and_encryption(void **state)
{
	(void)state;
	OWN(json_t) json_t *client = said("[" HELLO "," ANSWER "]");
	OWN(json_t) json_t *merged = draw_merge(client, NULL);
	OWN(buffer) struct buffer text = BUFFER(1 << 16);
	struct error error;
	assert_true(draw_text(merged, &text, &error));
	assert_non_null(strstr(text.data, "|-- ClientHello, 9 bytes ---"));
	assert_non_null(strstr(text.data, "---->|\n"));
	assert_non_null(strstr(text.data, "|<== ServerHello, 1 byte ==="));
	for (const char *line = text.data; line && *line; line = strchr(line + 1, '\n'))
		assert_true(strcspn(line + 1, "\n") < 79);
}

static void svg_escapes_and_marks(void **state)
{
	(void)state;
	OWN(json_t) json_t *client = said("[" HELLO "]");
	OWN(json_t) json_t *server = said("[" HELLO "," ALERT "]");
	OWN(json_t) json_t *merged = draw_merge(client, server);
	OWN(buffer) struct buffer text = BUFFER(1 << 16);
	struct error error;
	assert_true(draw_svg(merged, "a \"title\"", &text, &error));
	assert_non_null(strstr(text.data, "aria-label=\"a &quot;title&quot;\""));
	assert_non_null(strstr(text.data, "alert &lt;&amp;&gt;, 2 bytes"));
	assert_non_null(strstr(text.data, "<g class=\"alert\">"));
	assert_non_null(strstr(text.data, "class=\"sealed\""));
	OWN(buffer) struct buffer small = BUFFER(64);
	assert_false(draw_svg(merged, "title", &small, &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_never_arrived_is_marked),
		cmocka_unit_test(one_side_alone_is_believed),
		cmocka_unit_test(lines_show_direction_and_encryption),
		cmocka_unit_test(svg_escapes_and_marks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
