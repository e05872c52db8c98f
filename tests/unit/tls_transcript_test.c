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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_tls_1_2_the_change_of_ciphers_encrypts),
		cmocka_unit_test(on_tls_1_3_the_record_tells),
		cmocka_unit_test(odd_input_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
