/* index.txt, ca.srl, serial and crlnumber as other programs and people write them. */
#include "pki_ca_folder.h"

#include "pki/index.h"

#include <openssl/bn.h>

static bool read_text(const char *text, struct index *ret, struct error *reterr)
{
	fixture_write_text("index.txt", text);
	return index_read("index.txt", ret, reterr);
}

/* The whole index as it would be written again; the caller's to free. */
static char *written(const struct index *index)
{
	struct error error;
	OWN(buffer) struct buffer text = BUFFER(INDEX_BYTES_MAX);
	assert_true(index_write(index, &text, &error));
	return text_copy(text.data ? text.data : "");
}

#define LINE_A "V\t271122000000Z\t\t0A\tunknown\t/CN=a\n"
#define LINE_B "R\t271122000000Z\t261122000000Z,keyCompromise\t0B0B\tx.pem\t/O=Lab/CN=b\n"
#define LINE_C "E\t20510101000000Z\t\t00\tunknown\t/CN=c\\\td\n"

static void hand_made_files_are_understood(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t count;
		const char *again; /* as it is written; NULL: as it was read */
	} rows[] = {
		{ "", 0, "" },
		{ "\n\n", 0, "" },
		{ "# nothing but a comment\n", 0, "" },
		{ "#" LINE_A, 0, "" },
		{ LINE_A, 1, NULL },
		{ LINE_A LINE_B LINE_C, 3, NULL },
		{ "# ours\n" LINE_A "\n# theirs\n" LINE_B, 2, LINE_A LINE_B },
		{ "V\t271122000000Z\t\t0A\tunknown\t/CN=a", 1, LINE_A },
		{ "V\t271122000000Z\t\t0A\tunknown\t/CN=a\r\n", 1, LINE_A },
		{ "\r\n# x\r\nV\t271122000000Z\t\t0A\tunknown\t/CN=a\r\n", 1, LINE_A },
		{ "V\t\t\t0A\t\t\n", 1, NULL }, /* empty fields are fields */
		{ "V\t271122000000Z\t\t0A\tunknown\t/CN=\\xC3\\xB1\n", 1, NULL },
		{ "V\t271122000000Z\t\t0A\tunknown\t/CN=\xc3\xb1\n", 1, NULL },
		{ "V\t27\\\t1122\t\t0A\tunknown\t/CN=a\n", 1, NULL }, /* escaped: one field */
		{ "V\tnot a date\t\t0A\tunknown\t/CN=a\n", 1, NULL },
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error error;
		OWN(index) struct index index = { 0 };
		if (!read_text(rows[i].text, &index, &error))
			fail_msg("%s: %s", rows[i].text, error.text);
		assert_int_equal(index.count, rows[i].count);
		OWN(char) char *again = written(&index);
		assert_string_equal(again, rows[i].again ? rows[i].again : rows[i].text);
	}
}

static void fields_are_where_openssl_has_them(void **state)
{
	(void)state;
	struct error error;
	OWN(index) struct index index = { 0 };
	assert_true(read_text(LINE_A LINE_B LINE_C, &index, &error));
	const struct index_entry *b = index_find(&index, "0B0B");
	assert_int_equal(b->status, 'R');
	assert_string_equal(b->not_after, "271122000000Z");
	assert_string_equal(b->revocation, "261122000000Z,keyCompromise");
	assert_string_equal(b->file, "x.pem");
	assert_string_equal(b->subject, "/O=Lab/CN=b");
	assert_string_equal(index_find(&index, "00")->subject, "/CN=c\\\td");
	/* The whole serial, as it is spelled. */
	static const char *const others[] = { "", "0", "0b0b", "B0B", "0B", "0B0B0B", "000A" };
	for (size_t i = 0; i < ROWS(others); i++)
		assert_null(index_find(&index, others[i]));
}

static void a_line_out_of_form_is_counted(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int line;
	} rows[] = {
		{ "V\n", 1 },
		{ "garbage\n", 1 },
		{ "V 271122000000Z  0A unknown /CN=a\n", 1 },
		{ "V\t271122000000Z\t\t0A\tunknown\n", 1 },           /* five fields */
		{ "V\t271122000000Z\t\t0A\tunknown\t/CN=a\tx\n", 1 }, /* seven */
		{ "X\t271122000000Z\t\t0A\tunknown\t/CN=a\n", 1 },
		{ "v\t271122000000Z\t\t0A\tunknown\t/CN=a\n", 1 },
		{ "VR\t271122000000Z\t\t0A\tunknown\t/CN=a\n", 1 },
		{ "\t271122000000Z\t\t0A\tunknown\t/CN=a\n", 1 },
		{ " " LINE_A, 1 },
		{ "V\t271122000000Z\t\t\tunknown\t/CN=a\n", 1 },
		{ "V\t271122000000Z\t\tA\tunknown\t/CN=a\n", 1 },
		{ "V\t271122000000Z\t\t0a\tunknown\t/CN=a\n", 1 },
		{ "V\t271122000000Z\t\t0x0A\tunknown\t/CN=a\n", 1 },
		{ "V\t271122000000Z\t\t-0A\tunknown\t/CN=a\n", 1 },
		{ "V\t271122000000Z\t261122000000Z\t0A\tunknown\t/CN=a\n", 1 }, /* revoked? */
		{ "R\t271122000000Z\t\t0A\tunknown\t/CN=a\n", 1 },              /* or not? */
		{ LINE_A LINE_B "V\n", 3 },
		{ "# comment\n\n" LINE_A "V\r\n", 4 },
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error error;
		struct index index = { 0 };
		OWN(char)
		char *expected =
			text_format("cannot read 'index.txt': line %d is not status, expiry, "
				    "revocation, serial, file and subject with tabs between them",
				rows[i].line);
		bool ok = read_text(rows[i].text, &index, &error);
		if (ok)
			fail_msg("taken: %s", rows[i].text);
		assert_string_equal(error.text, expected);
		assert_int_equal(error.kind, ERROR_INPUT);
		assert_int_equal(index.count, 0);
	}
}

static void what_is_no_text_is_refused(void **state)
{
	(void)state;
	struct error error;
	struct index index = { 0 };
	fixture_write_bytes("index.txt", LINE_A "\0", sizeof LINE_A);
	assert_false(index_read("index.txt", &index, &error));
	assert_string_equal(error.text, "cannot read 'index.txt': it is no text");
	assert_false(index_read(".", &index, &error));
	assert_string_equal(error.text, "cannot read '.': it is a folder, not a file");
	assert_false(index_read("certs/ca.crt/index.txt", &index, &error));
	assert_one_sentence(&error);
	/* One that is not there is an empty one. */
	assert_true(index_read("none.txt", &index, &error));
	assert_int_equal(index.count, 0);
}

static void a_thousand_lines_keep_their_order(void **state)
{
	(void)state;
	enum { LINES = 1000 };
	struct error error;
	FILE *file = fopen("index.txt", "w");
	for (int i = 0; i < LINES; i++)
		fprintf(file, "V\t271122000000Z\t\t%04X\tunknown\t/CN=%d\n", i, i);
	assert_int_equal(fclose(file), 0);
	OWN(index) struct index index = { 0 };
	assert_true(index_read("index.txt", &index, &error));
	assert_int_equal(index.count, LINES);
	assert_string_equal(index_find(&index, "03E7")->subject, "/CN=999");
	assert_null(index_find(&index, "03E8"));
	OWN(char) char *again = written(&index);
	assert_string_equal(again, fixture_read("index.txt"));
}

/* Of two lines with one serial the first counts, however many follow. */
static void the_first_of_a_serial_is_found(void **state)
{
	(void)state;
	enum { LINES = 100 };
	struct error error;
	OWN(index) struct index index = { 0 };
	assert_null(index_find(&index, "00"));
	FILE *file = fopen("index.txt", "w");
	for (int i = 0; i < LINES; i++)
		fprintf(file, "V\t271122000000Z\t\t%04X\tunknown\t/CN=%d\n", i / 2, i);
	assert_int_equal(fclose(file), 0);
	assert_true(index_read("index.txt", &index, &error));
	for (int i = 0; i < LINES; i++) {
		char serial[5], subject[16];
		snprintf(serial, sizeof serial, "%04X", i);
		snprintf(subject, sizeof subject, "/CN=%d", i * 2);
		if (i < LINES / 2)
			assert_string_equal(index_find(&index, serial)->subject, subject);
		else
			assert_null(index_find(&index, serial));
	}
}

static void serials_are_spelled_as_openssl_does(void **state)
{
	(void)state;
	static const struct {
		const char *hexadecimal, *expected;
	} rows[] = {
		{ "0", "00" },
		{ "1", "01" },
		{ "0F", "0F" },
		{ "10", "10" },
		{ "7F", "7F" },
		{ "80", "80" },
		{ "ff", "FF" },
		{ "100", "0100" },
		{ "0001", "01" },
		{ "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
			"7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF" },
		{ "-1", "-01" },
		{ "-8000", "-8000" },
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		OWN(BIGNUM) BIGNUM *number = NULL;
		assert_true(BN_hex2bn(&number, rows[i].hexadecimal));
		OWN(ASN1_INTEGER) ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(number, NULL);
		OWN(char) char *text = index_serial(serial);
		assert_string_equal(text, rows[i].expected);
	}
}

/* The files of one number: what is one, and what stops everything. */
static void numbers_are_read_as_they_come(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool number;
	} rows[] = {
		{ "01\n", true },
		{ "01", true },
		{ "01\r\n", true },
		{ "ff\n", true },
		{ "1000\n\n", true },
		{ "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\n", true },
		{ "\n", false },
		{ "0x01\n", false },
		{ "01 \n", false },
		{ "-01\n", false },
		{ "01\n02\n", false },
		{ "one\n", false },
	};
	static const char *const files[] = { "certs/crlnumber", "certs/ca.srl" };
	for (size_t i = 0; i < ROWS(rows); i++)
		for (size_t j = 0; j < ROWS(files); j++) {
			struct error error;
			OWN(ca) struct ca *ca = NULL;
			OWN(char)
			char *expected = text_format(
				"cannot read '%s': it is no hexadecimal number", files[j]);
			fixture_write_text(files[j], rows[i].text);
			bool ok = ca_open("certs", NULL, &ca, &error);
			if (ok != rows[i].number)
				fail_msg("%s: '%s'", files[j], rows[i].text);
			if (!ok)
				assert_string_equal(error.text, expected);
			assert_int_equal(unlink(files[j]), 0);
		}
}

static size_t lines_of(const char *path)
{
	size_t count = 0;
	for (const char *at = fixture_read(path); *at; at++)
		count += *at == '\n';
	return count;
}

/* What is in the files when a certificate was issued, whatever was there before. */
static void the_state_counts_on_from_what_is_there(void **state)
{
	(void)state;
	fixture_write_text("certs/index.txt", "# kept by hand\r\n" LINE_A LINE_B);
	fixture_write_text("certs/index.txt.attr", "unique_subject = yes\n");
	fixture_write_text("certs/crlnumber", "0fff\n");
	fixture_write_text("certs/ca.srl", "0A\n");
	OWN(ca) struct ca *ca = ca_folder_open();
	OWN(X509) X509 *leaf = ca_folder_issue(ca, "next", 1, NULL);
	OWN(char) char *serial = index_serial(X509_get0_serialNumber(leaf));
	OWN(char) char *line = text_format("%s\n", serial);
	assert_string_equal(fixture_read("certs/ca.srl"), line);
	assert_string_equal(fixture_read("certs/crlnumber"), "0fff\n");
	/* Somebody's choice stays. */
	assert_string_equal(fixture_read("certs/index.txt.attr"), "unique_subject = yes\n");
	assert_int_equal(lines_of("certs/index.txt"), 3);
	assert_memory_equal(fixture_read("certs/index.txt"), LINE_A LINE_B, strlen(LINE_A LINE_B));
	assert_int_equal(lines_of("certs/serial"), 1);
	/* The next is neither the last nor the one that `openssl x509` would take after it. */
	OWN(BIGNUM) BIGNUM *next = NULL;
	OWN(BIGNUM) BIGNUM *last = NULL;
	assert_true(BN_hex2bn(&next, fixture_read("certs/serial")) && BN_hex2bn(&last, serial));
	assert_int_not_equal(BN_cmp(next, last), 0);
	assert_true(BN_add_word(last, 1));
	assert_int_not_equal(BN_cmp(next, last), 0);
	assert_true(BN_num_bits(next) <= 159);

	OWN(buffer) struct buffer crl = BUFFER(CRL_BYTES_MAX);
	OWN(file_set) struct file_set *set = file_set_new();
	struct error error;
	assert_true(ca_crl(ca, 1, &crl, &error) && ca_save(ca, set, &error));
	assert_true(file_set_commit(set, true, &error));
	assert_string_equal(fixture_read("certs/crlnumber"), "1000\n");
}

/* Serials of many certificates: all others', all of at most 20 octets, none negative. */
static void no_serial_comes_twice(void **state)
{
	(void)state;
	enum { MANY = 200 };
	struct error error;
	OWN(ca) struct ca *ca = ca_folder_open();
	OWN(X509_NAME) X509_NAME *name = fixture_name("one of many");
	char *serials[MANY];
	for (int i = 0; i < MANY; i++) {
		OWN(X509) X509 *leaf = NULL;
		assert_true(ca_begin(ca, name, leaf_key, 1, NULL, &leaf, &error));
		serials[i] = index_serial(X509_get0_serialNumber(leaf));
		assert_in_range(strlen(serials[i]), 30, 40);
		assert_true(strchr("01234567", serials[i][0]) || strlen(serials[i]) < 40);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(serials[i], serials[j]);
	}
	for (int i = 0; i < MANY; i++)
		free(serials[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hand_made_files_are_understood),
		cmocka_unit_test(fields_are_where_openssl_has_them),
		cmocka_unit_test(a_line_out_of_form_is_counted),
		cmocka_unit_test(what_is_no_text_is_refused),
		cmocka_unit_test(a_thousand_lines_keep_their_order),
		cmocka_unit_test(the_first_of_a_serial_is_found),
		cmocka_unit_test(serials_are_spelled_as_openssl_does),
		cmocka_unit_test(numbers_are_read_as_they_come),
		cmocka_unit_test(the_state_counts_on_from_what_is_there),
		cmocka_unit_test(no_serial_comes_twice),
	};
	return cmocka_run_group_tests(tests, ca_folder_make, ca_folder_drop);
}
