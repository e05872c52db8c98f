/* The table of codes as data: names, sentences, hints, and numbers that a standard gives. */
#include "unit.h"

#include "base/base.h"

#define FOR_EACH_CODE(name) for (int name = CODE_NONE + 1; name < CODE_COUNT; name++)

static bool is_kebab_case(const char *name)
{
	if (!*name || name[strlen(name) - 1] == '-' || strstr(name, "--"))
		return false;
	return *name >= 'a' && *name <= 'z' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

static void names_are_kebab_case_and_stand_once(void **state)
{
	(void)state;
	FOR_EACH_CODE(code)
	{
		const char *name = code_name((enum code)code);
		if (!is_kebab_case(name))
			fail_msg("'%s' is no name of a code", name);
		assert_int_equal(code_from_name(name), code);
		FOR_EACH_CODE(other)
		{
			if (other != code && !strcmp(code_info((enum code)other)->text,
						     code_info((enum code)code)->text))
				fail_msg("'%s' and '%s' say the same", name,
					code_name((enum code)other));
		}
	}
	assert_false(is_kebab_case("Client-expired"));
	assert_false(is_kebab_case("client_expired"));
	assert_false(is_kebab_case("client--expired"));
	assert_false(is_kebab_case("-client"));
}

/* Shown as "text" and "hint: hint": neither begins with a capital nor ends with a full stop. */
static void check_sentence(const char *name, const char *text)
{
	size_t bytes = strlen(text);
	if (!bytes)
		return;
	if (strchr(".!?,;: ", text[bytes - 1]) || text[0] == ' ' || strstr(text, "  "))
		fail_msg("%s: '%s'", name, text);
	if (!text_is_utf8(text, bytes) || strpbrk(text, "\t\r\n\\"))
		fail_msg("%s: '%s' cannot stand in a line", name, text);
	assert_true(bytes < ERROR_HINT_BYTES);
}

static void sentences_fit_where_they_are_shown(void **state)
{
	(void)state;
	FOR_EACH_CODE(code)
	{
		const struct code_info *info = code_info((enum code)code);
		if (!*info->text)
			fail_msg("%s says nothing", info->name);
		check_sentence(info->name, info->text);
		check_sentence(info->name, info->hint);
	}
}

/* RFC 8446 section 6 and, for 40 (no_certificate's successor) and 116, RFC 5246 section 7.2. */
static const int alerts[] = { 0, 10, 20, 22, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 70, 71, 80,
	86, 90, 109, 110, 112, 113, 115, 116, 120 };

static bool is_alert(int number)
{
	for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
		if (alerts[i] == number)
			return true;
	return number == -1;
}

/* Which alert goes with which X.509 error: one table for all codes (SSL_verify_alarm_type's). */
static const struct {
	int x509_error, alert;
} pairs[] = {
	{ 1, 46 },
	{ 3, 48 },
	{ 7, 51 },
	{ 8, 51 },
	{ 9, 42 },
	{ 10, 45 },
	{ 11, 42 },
	{ 12, 45 },
	{ 18, 48 },
	{ 20, 48 },
	{ 22, 48 },
	{ 23, 44 },
	{ 25, 48 },
	{ 26, 43 },
	{ 28, 42 },
	{ 34, 46 },
	{ 41, 46 },
	{ 44, 46 },
	{ 47, 46 },
	{ 48, 46 },
	{ 62, 42 },
	{ 66, 42 },
	{ 68, 42 },
	{ 79, 48 },
};

static void the_same_x509_error_gives_the_same_alert(void **state)
{
	(void)state;
	FOR_EACH_CODE(code)
	{
		const struct code_info *info = code_info((enum code)code);
		bool known = !info->x509_error;
		if (!is_alert(info->alert12) || !is_alert(info->alert13))
			fail_msg("%s: alerts %d and %d", info->name, info->alert12, info->alert13);
		for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
			if (pairs[i].x509_error == info->x509_error) {
				known = true;
				if (info->alert12 != pairs[i].alert ||
					info->alert13 != pairs[i].alert)
					fail_msg("%s: alert %d for X.509 error %d", info->name,
						info->alert13, info->x509_error);
			}
		if (!known)
			fail_msg("%s: X.509 error %d has no alert", info->name, info->x509_error);
	}
	assert_false(is_alert(1));
	assert_false(is_alert(255));
}

/* Only where no certificate is there to look at do the two versions differ. */
static void versions_differ_only_without_a_certificate(void **state)
{
	(void)state;
	FOR_EACH_CODE(code)
	{
		const struct code_info *info = code_info((enum code)code);
		bool differ = info->alert12 != info->alert13;
		if (differ && (info->x509_error || info->alert12 != 40 || info->alert13 != 116))
			fail_msg("%s: %d and %d", info->name, info->alert12, info->alert13);
		if (info->side == SIDE_OWN && (info->alert12 != -1 || info->alert13 != -1))
			fail_msg("%s is found before any packet", info->name);
	}
}

/* Each cause that both sides may find has a code of each side, with the same numbers. */
static void the_two_sides_mirror_each_other(void **state)
{
	(void)state;
	size_t mirrored = 0;
	FOR_EACH_CODE(code)
	{
		const struct code_info *client = code_info((enum code)code);
		if (strncmp(client->name, "client-", 7) != 0)
			continue;
		assert_int_not_equal(client->side, SIDE_CLIENT);
		OWN(char) char *name = text_format("server-%s", client->name + 7);
		const struct code_info *server = code_info(code_from_name(name));
		if (!*server->name || !client->x509_error || !server->x509_error)
			continue;
		mirrored++;
		if (server->x509_error != client->x509_error || server->alert13 != client->alert13)
			fail_msg("%s and %s differ", client->name, server->name);
	}
	assert_true(mirrored >= 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_kebab_case_and_stand_once),
		cmocka_unit_test(sentences_fit_where_they_are_shown),
		cmocka_unit_test(the_same_x509_error_gives_the_same_alert),
		cmocka_unit_test(versions_differ_only_without_a_certificate),
		cmocka_unit_test(the_two_sides_mirror_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
