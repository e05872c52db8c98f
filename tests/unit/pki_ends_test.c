/* When the things end that a side relies on: each anchor once, each issuer's newest CRL. */
#include "certs.h"

static struct made *first, *second;

static int make(void **state)
{
	(void)state;
	first = MAKE(NULL, .subject = "CN=first", .key = "P-256#1", .extensions = CA_EXTENSIONS,
		.serial = "0A", .not_after = NOW + 10 * DAY);
	second = MAKE(NULL, .subject = "CN=second/O=\"x\"", .key = "P-256#2",
		.extensions = CA_EXTENSIONS, .serial = "0B", .not_after = NOW + 5 * DAY);
	return 0;
}

static struct end *load(const char *const *cas, size_t ca_count, const char *const *crls,
	size_t crl_count, size_t room, size_t *ret_count)
{
	OWN(trust) struct trust *trust = NULL;
	struct error error;
	if (!trust_load(cas, ca_count, crls, crl_count, &trust, &error))
		fail_msg("%s", error.text);
	return trust_ends(trust, room, ret_count);
}

static void is(const struct end *end, enum end_kind kind, const char *name, const char *serial,
	time_t until)
{
	assert_int_equal(end->kind, kind);
	assert_string_equal(end->name, name);
	assert_string_equal(end->serial, serial);
	assert_int_equal(end->until, until);
}

static void each_anchor_is_there_once(void **state)
{
	(void)state;
	const char *one = WRITE("one.crt", first->certificate);
	const char *other = WRITE("other.crt", second->certificate);
	const char *const cas[] = { one, other, one };
	size_t count;
	struct end *ends = load(cas, 3, NULL, 0, 0, &count);
	assert_int_equal(count, 2);
	is(&ends[0], END_ANCHOR, "CN=first", "0A", NOW + 10 * DAY);
	is(&ends[1], END_ANCHOR, "O=\\x5c\"x\\x5c\",CN=second", "0B", NOW + 5 * DAY);
	assert_int_equal(ends[0].since, NOW - DAY);
	free(ends);
}

/* A CA that was renewed under its name is another anchor, with a serial of its own. */
static void a_renewed_ca_is_another(void **state)
{
	(void)state;
	struct made *renewed = MAKE(NULL, .subject = "CN=first", .key = "P-256#1",
		.extensions = CA_EXTENSIONS, .serial = "0C", .not_after = NOW + 99 * DAY);
	const char *const cas[] = { WRITE("one.crt", first->certificate),
		WRITE("renewed.crt", renewed->certificate) };
	size_t count;
	struct end *ends = load(cas, 2, NULL, 0, 0, &count);
	assert_int_equal(count, 2);
	is(&ends[1], END_ANCHOR, "CN=first", "0C", NOW + 99 * DAY);
	free(ends);
}

static const char *crl(const char *name, struct made *issuer, time_t until)
{
	return certs_write_crl(
		name, issuer, &(struct crl_spec){ .last_update = NOW, .next_update = until });
}

static void the_newest_crl_of_an_issuer_counts(void **state)
{
	(void)state;
	const char *const cas[] = { WRITE("one.crt", first->certificate) };
	const char *const crls[] = { crl("a.crl", first, NOW + 2 * DAY),
		crl("b.crl", first, NOW + 9 * DAY), crl("c.crl", second, NOW + DAY),
		crl("d.crl", first, NOW + 4 * DAY) };
	size_t count;
	struct end *ends = load(cas, 1, crls, 4, 0, &count);
	assert_int_equal(count, 3);
	is(&ends[1], END_CRL, "CN=first", "", NOW + 9 * DAY);
	is(&ends[2], END_CRL, "O=\\x5c\"x\\x5c\",CN=second", "", NOW + DAY);
	free(ends);
}

static void there_is_room_for_the_callers_own(void **state)
{
	(void)state;
	const char *const cas[] = { WRITE("one.crt", first->certificate) };
	size_t count;
	struct end *ends = load(cas, 1, NULL, 0, 2, &count);
	assert_int_equal(count, 3);
	is(&ends[2], END_ANCHOR, "CN=first", "0A", NOW + 10 * DAY);
	free(ends);
	ends = trust_ends(NULL, 1, &count);
	assert_int_equal(count, 1);
	free(ends);
	free(trust_ends(NULL, 0, &count));
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_anchor_is_there_once),
		cmocka_unit_test(a_renewed_ca_is_another),
		cmocka_unit_test(the_newest_crl_of_an_issuer_counts),
		cmocka_unit_test(there_is_room_for_the_callers_own),
	};
	return cmocka_run_group_tests(tests, make, certs_end);
}
