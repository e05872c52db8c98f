/* A transcript from what OpenSSL's message callback would say: names, directions, encryption. */
#include "unit.h"

#include "tls/tls.h"

enum { HEADER = 256, INNER = 257 };

static void record(struct tls_transcript *t, bool sent, bool new, unsigned char type, size_t bytes)
{
	const unsigned char header[5] = { type, 3, 3, (unsigned char)(bytes >> 8),
		(unsigned char)bytes };
	tls_transcript_see(t, sent, new, HEADER, header, sizeof header);
}

static void message(struct tls_transcript *t, bool sent, bool new, int content, unsigned char type)
{
	const unsigned char bytes[4] = { type, type, 0, 0 };
	tls_transcript_see(t, sent, new, content, bytes, content == TLS_ALERT ? 2 : 4);
}

static const char *name_of(const struct tls_transcript *t, size_t index)
{
	static char text[TLS_MESSAGE_NAME_BYTES];
	assert_true(index < t->count);
	return tls_message_name(&t->messages[index], text);
}

static void on_tls_1_2_the_change_of_ciphers_encrypts(void **state)
{
	(void)state;
	struct tls_transcript t = { 0 };
	record(&t, true, false, 22, 4);
	message(&t, true, false, 22, 1);
	record(&t, true, false, 20, 1);
	message(&t, true, false, 20, 1); /* once, although both tell of it */
	record(&t, true, false, 22, 40);
	message(&t, true, false, 22, 20);
	record(&t, false, false, 22, 40);
	message(&t, false, false, 22, 20);
	record(&t, true, false, 23, 100);
	record(&t, true, false, 23, 50);
	assert_int_equal(t.count, 5);
	assert_string_equal(name_of(&t, 0), "ClientHello");
	assert_false(t.messages[0].encrypted);
	assert_string_equal(name_of(&t, 1), "ChangeCipherSpec");
	assert_string_equal(name_of(&t, 2), "Finished");
	assert_true(t.messages[2].encrypted);
	assert_false(t.messages[3].encrypted); /* the other direction has not changed */
	assert_string_equal(name_of(&t, 4), "application data");
	assert_int_equal(t.messages[4].bytes, 150);
}

static void on_tls_1_3_the_record_tells(void **state)
{
	(void)state;
	struct tls_transcript t = { 0 };
	const unsigned char data = 23, handshake = 22;
	record(&t, false, true, 22, 4);
	message(&t, false, true, 22, 2);
	record(&t, false, true, 23, 30);
	tls_transcript_see(&t, false, true, INNER, &handshake, 1);
	message(&t, false, true, 22, 8);
	record(&t, false, true, 23, 99);
	tls_transcript_see(&t, false, true, INNER, &data, 1);
	record(&t, false, true, 23, 19);
	message(&t, false, true, 21, 116);
	assert_int_equal(t.count, 4);
	assert_string_equal(name_of(&t, 0), "ServerHello");
	assert_false(t.messages[0].encrypted);
	assert_string_equal(name_of(&t, 1), "EncryptedExtensions");
	assert_true(t.messages[1].encrypted);
	assert_string_equal(name_of(&t, 2), "application data");
	assert_int_equal(t.messages[2].bytes, 99);
	assert_string_equal(name_of(&t, 3), "alert 116 certificate_required");
	OWN(json_t) json_t *json = tls_transcript_json(&t, false);
	const json_t *alert = json_array_get(json, 3);
	assert_string_equal(json_string_value(json_object_get(alert, "from")), "server");
	assert_int_equal(json_integer_value(json_object_get(alert, "alert")), 116);
	assert_null(json_object_get(json_array_get(json, 0), "alert"));
}

/* What is cut short, unknown or too much changes nothing, and overflows nothing. */
static void odd_input_is_left_out(void **state)
{
	(void)state;
	struct tls_transcript t = { 0 };
	const unsigned char bytes[4] = { 23, 0, 0, 0 };
	tls_transcript_see(&t, true, false, HEADER, bytes, 4);
	tls_transcript_see(&t, true, false, TLS_ALERT, bytes, 1);
	tls_transcript_see(&t, true, false, TLS_HANDSHAKE, bytes, 0);
	tls_transcript_see(&t, true, false, INNER, bytes, 0);
	tls_transcript_see(&t, true, false, 300, bytes, 4);
	assert_int_equal(t.count, 0);
	for (int i = 0; i < TLS_MESSAGES_MAX + 3; i++)
		message(&t, true, false, 22, 99);
	assert_int_equal(t.count, TLS_MESSAGES_MAX);
	assert_int_equal(t.left_out, 3);
	assert_string_equal(name_of(&t, 0), "handshake message 99");
}

/* RFC 8446 section 4: whatever a peer's bytes are, a message has one name, of bounded length. */
static void every_type_has_a_name(void **state)
{
	(void)state;
	static const uint8_t contents[] = { TLS_CHANGE_CIPHER_SPEC, TLS_ALERT, TLS_HANDSHAKE,
		TLS_APPLICATION_DATA };
	for (size_t c = 0; c < sizeof contents; c++)
		for (unsigned type = 0; type < 256; type++) {
			char text[TLS_MESSAGE_NAME_BYTES];
			const struct tls_message one = { .content = contents[c],
				.type = (uint8_t)type };
			size_t bytes = strlen(tls_message_name(&one, text));
			assert_true(bytes > 0 && bytes < TLS_MESSAGE_NAME_BYTES - 1);
		}
}

/* Any bytes in any order: nothing is kept beyond its room, and what is kept can be told. */
static void any_input_stays_within_bounds(void **state)
{
	(void)state;
	static const int types[] = { HEADER, INNER, 20, 21, 22, 23, -1, 0, 24 };
	struct tls_transcript t = { 0 };
	uint32_t random = 1;
	for (int i = 0; i < 20000; i++) {
		unsigned char bytes[8];
		for (size_t b = 0; b < sizeof bytes; b++) {
			random = random * 1664525 + 1013904223;
			bytes[b] = (unsigned char)(random >> 24);
		}
		if (bytes[7] & 1)
			bytes[0] = (unsigned char)(20 + bytes[0] % 4);
		tls_transcript_see(&t, bytes[6] & 1, bytes[6] & 2,
			types[bytes[5] % (sizeof types / sizeof *types)], bytes, bytes[7] % 8);
	}
	assert_int_equal(t.count, TLS_MESSAGES_MAX);
	assert_true(t.left_out > 0);
	OWN(json_t) json_t *json = tls_transcript_json(&t, true);
	assert_int_equal(json_array_size(json), TLS_MESSAGES_MAX);
	for (size_t i = 0; i < TLS_MESSAGES_MAX; i++) {
		const json_t *one = json_array_get(json, i);
		assert_true(json_is_string(json_object_get(one, "message")));
		assert_string_equal(json_string_value(json_object_get(one, "from")),
			t.messages[i].sent ? "server" : "client");
		assert_int_equal(
			json_object_get(one, "alert") != NULL, t.messages[i].content == TLS_ALERT);
	}
}

/* Data in a row is one message; what comes between, or the other way, ends the row. */
static void application_data_in_a_row_is_one(void **state)
{
	(void)state;
	struct tls_transcript t = { 0 };
	const unsigned char data = 23;
	static const struct {
		bool sent;
		size_t bytes, count;
	} rows[] = { { true, 10, 1 }, { true, 0xffff, 1 }, { false, 1, 2 }, { true, 2, 3 },
		{ true, 0, 3 } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		record(&t, rows[i].sent, true, 23, rows[i].bytes);
		tls_transcript_see(&t, rows[i].sent, true, INNER, &data, 1);
		assert_int_equal(t.count, rows[i].count);
	}
	assert_int_equal(t.messages[0].bytes, 10 + 0xffff);
	assert_int_equal(t.messages[2].bytes, 2);
	message(&t, true, true, 21, 0);
	assert_string_equal(name_of(&t, 3), "alert 0 close_notify");
	record(&t, true, true, 23, 5);
	tls_transcript_see(&t, true, true, INNER, &data, 1);
	assert_int_equal(t.count, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_tls_1_2_the_change_of_ciphers_encrypts),
		cmocka_unit_test(on_tls_1_3_the_record_tells),
		cmocka_unit_test(odd_input_is_left_out),
		cmocka_unit_test(every_type_has_a_name),
		cmocka_unit_test(any_input_stays_within_bounds),
		cmocka_unit_test(application_data_in_a_row_is_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
