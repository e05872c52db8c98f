/* What an openssl.cnf has about OpenSSL itself, told without OpenSSL: never less than it would
 * find. */
#include "unit.h"

#include "tls/configuration.h"
#include "tls/context.h"

#include <openssl/conf.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLAIN "HOME = .\nopenssl_conf = openssl_init\n[openssl_init]\n"

/* What OpenSSL finds: 1 nothing, 0 something, -1 a file that it does not take. */
static int openssl_finds_nothing(const char *text, size_t bytes)
{
	CONF *conf = NCONF_new(NULL);
	BIO *file = BIO_new_mem_buf(text, (int)bytes);
	int result = -1;
	if (NCONF_load_bio(conf, file, NULL) == 1) {
		const char *section = NCONF_get_string(conf, NULL, "openssl_conf");
		STACK_OF(CONF_VALUE) *all = section ? NCONF_get_section(conf, section) : NULL;
		result = !section || (all && sk_CONF_VALUE_num(all) == 0);
	}
	BIO_free(file);
	NCONF_free(conf);
	return result;
}

static void assert_is(bool plain, const char *text)
{
	if (tls_configuration_is_plain(text, strlen(text)) != plain)
		fail_msg("taken for %s: %s", plain ? "more" : "plain", text);
	if (plain && openssl_finds_nothing(text, strlen(text)) == 0)
		fail_msg("OpenSSL finds something: %s", text);
}

static void what_names_nothing_is_plain(void **state)
{
	(void)state;
	assert_is(true, "");
	assert_is(true, "\n \t\r\n# comment, 'quoted', .include = file\n");
	assert_is(true, "[ req ]\ndefault_bits = 2048\n");
	assert_is(true, "openssl_conf=openssl_init#.\n[openssl_init]");
	assert_is(true, PLAIN);
	assert_is(true, PLAIN "# providers = provider_sect\n");
	assert_is(true, PLAIN "[ other ] # comment\nproviders = provider_sect\n");
	assert_is(true, "[ openssl_init ]\r\n[default]\r\nopenssl_conf = openssl_init\r\n");
	/* A value that nobody asks for may hold anything. */
	assert_is(true, PLAIN "[ cmp ]\nsubject = \"/C=FI/O=A # B\" # which\na = 'b\nc = d\\\\e\n");
	assert_is(true, PLAIN "[ ca ]\ndir = ./demoCA\ncerts = $dir/certs\nb = ${dir}\n");
	/* The name counts where it stands alone, and nowhere else. */
	assert_is(true, "[ other ]\nopenssl_conf = a\n[a]\nproviders = b\n");
	assert_is(true, "openssl_conf2 = a\n[a]\nproviders = b\n");
}

static void what_names_something_is_not(void **state)
{
	(void)state;
	static const char *const names[] = { "providers", "engines", "alg_section", "ssl_conf",
		"oid_section", "random", "stbl_section", "unknown", "providers.1" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		OWN(char) char *text = text_format(PLAIN "%s = other\n[other]\n", names[i]);
		assert_is(false, text);
	}
	/* Before the name, in two parts, and in the section that the name itself is in. */
	assert_is(false, "[a]\nproviders = b\n[default]\nopenssl_conf = a\n");
	assert_is(false, PLAIN "[b]\n[openssl_init]\n\tssl_conf = b\n");
	assert_is(false, "openssl_conf = default\n");
}

static void what_may_be_misunderstood_is_left_to_openssl(void **state)
{
	(void)state;
	static const char *const texts[] = {
		/* Twice, missing, nothing, quoted, put together. */
		PLAIN "[default]\nopenssl_conf = openssl_init\n",
		"openssl_conf = openssl_init\n",
		"openssl_conf =\n[b]\n",
		"openssl_conf = 'a'\n[a]\n",
		"a = b\nopenssl_conf = $a\n[b]\n",
		"openssl_conf = a b\n[a]\n",
		"openssl_conf = a\\b\n[a]\n",
		/* Another file, or how to read this one. */
		PLAIN ".include other.cnf\n",
		PLAIN "  .include = other.cnf\n",
		".pragma = dollarid:on\n" PLAIN,
		/* Lines that go on, in comments too. */
		PLAIN "[other]\na = b\\\n[c]\n",
		PLAIN "[other]\n# comment \\\nproviders = b\n",
		PLAIN "[other]\na = b\\",
		/* Another section than the one where it stands. */
		PLAIN "[other]\nopenssl_init::providers = b\n",
		"other::a = b\n",
		/* No such grammar. */
		PLAIN "[other\n",
		PLAIN "[]\n",
		PLAIN "[a b]\n",
		PLAIN "['a']\n",
		PLAIN "no sign\n",
		PLAIN "= value\n",
		PLAIN "a b = value\n",
		PLAIN "'a' = value\n",
		"\xef\xbb\xbf" PLAIN,
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_is(false, texts[i]);
	static const char with_nul[] = PLAIN "[other]\na = \0b\n";
	assert_false(tls_configuration_is_plain(with_nul, sizeof with_nul - 1));
}

/* Each text of a few pieces, of which no two readers may think differently. */
static void of_all_texts_of_four_pieces_none_hides_anything(void **state)
{
	(void)state;
	static const char *const pieces[] = { "\n", "[a]", "[default]", "openssl_conf = a",
		"providers = b", "#", "\\", "'", " ", "a::", "=" };
	enum { PIECES = sizeof pieces / sizeof *pieces, TEXTS = PIECES * PIECES * PIECES * PIECES };
	size_t plain = 0;
	for (size_t number = 0; number < TEXTS; number++) {
		size_t rest = number;
		char text[256] = "openssl_conf = a\n[a]\n";
		for (size_t i = 0; i < 4; i++, rest /= PIECES)
			strcat(text, pieces[rest % PIECES]);
		if (!tls_configuration_is_plain(text, strlen(text)))
			continue;
		plain++;
		if (openssl_finds_nothing(text, strlen(text)) == 0)
			fail_msg("OpenSSL finds something: %s", text);
	}
	assert_in_range(plain, 100, TEXTS / 2);
}

/* ---- In a process ---- */

static const char *write_text(const char *text)
{
	static char path[] = "/tmp/mtls-unit-XXXXXX";
	strcpy(path, "/tmp/mtls-unit-XXXXXX");
	int fd = mkstemp(path);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

/* What `look` says in a process whose openssl.cnf is this. */
static int under(const char *path, int (*look)(void))
{
	int status;
	pid_t child = fork();
	if (!child) {
		setenv("OPENSSL_CONF", path, 1);
		_Exit(look());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int look_passed(void)
{
	return tls_configuration_passed() ? 11 : 12;
}

/* The lowest version of TLS that a server has of itself, beside what tls_library says. */
static int look_version(void)
{
	SSL_CTX *ssl = SSL_CTX_new_ex(tls_library(), NULL, TLS_server_method());
	return !ssl ? 12 : SSL_CTX_get_min_proto_version(ssl) == TLS1_3_VERSION ? 13 : 14;
}

static int in_a_process(void **state)
{
	(void)state;
	const char *path = write_text(PLAIN);
	assert_int_equal(under(path, look_passed), 11);
	assert_int_equal(under(path, look_version), 14);
	unlink(path);
	path = write_text(
		PLAIN "ssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = TLSv1.3\n");
	assert_int_equal(under(path, look_passed), 12);
	assert_int_equal(under(path, look_version), 13);
	unlink(path);
	/* What is not there, no file, or none of the usual size is for OpenSSL to tell of. */
	assert_int_equal(under(path, look_passed), 12);
	assert_int_equal(under("/", look_passed), 12);
	assert_int_equal(under("", look_passed), 12);
	OWN(char) char *large = calloc(1, 100000);
	memset(large, '\n', 99999);
	path = write_text(large);
	assert_int_equal(under(path, look_passed), 12);
	unlink(path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_names_nothing_is_plain),
		cmocka_unit_test(what_names_something_is_not),
		cmocka_unit_test(what_may_be_misunderstood_is_left_to_openssl),
		cmocka_unit_test(of_all_texts_of_four_pieces_none_hides_anything),
	};
	return cmocka_run_group_tests(tests, in_a_process, NULL);
}
