/*
 * What OpenSSL was told before it began, as it says itself: this program starts itself as `serve`,
 * with words and an environment, and the second one prints what it finds in main.
 */
#include "unit.h"

#include "certs.h"
#include "cmd/early.h"
#include "tls/tls.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ADX (1ULL << 19)
#define WORDS_MAX 8

extern char **environ;

static bool can; /* this processor gains by it, and this build can tell OpenSSL early */
static const char *rsa, *p256;

/* What the second one prints: a line of its own words about OpenSSL, then its environment. */
static int say(void)
{
	const char *info = OPENSSL_info(OPENSSL_INFO_CPU_SETTINGS), *features;
	features = info ? strrchr(info, ':') : NULL;
	bool adx = features && strtoull(features + 1, NULL, 16) & ADX;
	printf("told %d adx %d\n", early_told(), adx);
	for (char **entry = environ; *entry; entry++)
		puts(*entry);
	return 0;
}

static void run(const char *const *words, const char *const *environment, char *ret, size_t bytes)
{
	int ends[2], status;
	size_t count = 0;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (!pid) {
		dup2(ends[1], STDOUT_FILENO);
		execve("/proc/self/exe", (char *const *)words, (char *const *)environment);
		_exit(127);
	}
	close(ends[1]);
	for (ssize_t some; (some = read(ends[0], ret + count, bytes - 1 - count)) > 0;)
		count += (size_t)some;
	ret[count] = 0;
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Behind the program's name and the command's. */
#define WORDS(...) \
	(const char *const[]) \
	{ \
		"mtls", __VA_ARGS__, NULL \
	}
#define WITH(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}
#define USUAL WITH("HOME=/", "PATH=/bin:/usr/bin", "TERM=dumb")

/* Its environment comes out as it went in, whatever OpenSSL saw of it. */
static void assert_told(bool expected, const char *const *words, const char *const *environment)
{
	char out[4096], line[64];
	run(words, environment, out, sizeof out);
	char *rest = strchr(out, '\n');
	assert_non_null(rest);
	*rest++ = 0;
	snprintf(line, sizeof line, "told %d", expected);
	if (strncmp(out, line, strlen(line)) != 0)
		fail_msg("%s %s: %s", words[1], words[2] ? words[2] : "", out);
	if (expected)
		assert_string_equal(out + strlen(line), " adx 0");
	for (; *environment; environment++) {
		size_t bytes = strlen(*environment);
		assert_int_equal(strncmp(rest, *environment, bytes), 0);
		assert_int_equal(rest[bytes], '\n');
		rest += bytes + 1;
	}
	assert_string_equal(rest, "");
}

static void a_server_with_rsa_tells_openssl(void **state)
{
	(void)state;
	char joined[128];
	snprintf(joined, sizeof joined, "--cert=%s", rsa);
	assert_told(can, WORDS("serve", "--cert", rsa), USUAL);
	assert_told(can, WORDS("serve", joined), USUAL);
	assert_told(can, WORDS("serve", "--verify", "none", "--cert", rsa, "--json"), USUAL);
	assert_told(can, WORDS("serve", "--cert", rsa), WITH("PATH="));
	assert_told(can, WORDS("serve", "--certs", p256, "--cert", rsa), USUAL);
}

static void it_looks_where_the_server_will(void **state)
{
	(void)state;
	char folder[64], joined[96], name[96];
	snprintf(folder, sizeof folder, "%s/certs", certs_folder);
	snprintf(joined, sizeof joined, "--certs=%s", folder);
	snprintf(name, sizeof name, "%s/server.crt", folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_told(false, WORDS("serve", joined), USUAL);
	assert_int_equal(rename(rsa, name), 0);
	assert_told(can, WORDS("serve", "--certs", folder), USUAL);
	assert_told(can, WORDS("serve", joined), USUAL);
	assert_told(false, WORDS("serve", joined, "--cert", p256), USUAL);
	assert_told(false, WORDS("serve"), USUAL);
	assert_int_equal(chdir(certs_folder), 0);
	assert_told(can, WORDS("serve"), USUAL); /* certs/server.crt */
	assert_told(can, WORDS("serve", "--cert"), USUAL);
	assert_int_equal(rename(name, rsa), 0);
	rmdir(folder);
}

static void nothing_is_done_where_nothing_is_gained(void **state)
{
	(void)state;
	char name[PATH_MAX + 8];
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = 0;
	assert_told(false, WORDS("serve", "--cert", p256), USUAL);
	assert_told(false, WORDS("serve", "--cert", "missing"), USUAL);
	assert_told(false, WORDS("serve", "--cert="), USUAL);
	assert_told(false, WORDS("serve", "--certs", name), USUAL);
	assert_told(false, WORDS("serve", "--certificate", rsa), USUAL);
	assert_told(false, WORDS("serve", rsa), USUAL);
}

static void what_the_user_says_stands(void **state)
{
	(void)state;
	static const char *const said[] = { "OPENSSL_ia32cap=", "OPENSSL_ia32cap=:~0",
		"OPENSSL_ia32cap=:~0x80000" };
	for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
		assert_told(false, WORDS("serve", "--cert", rsa), WITH(said[i], "PATH=/bin"));
		assert_told(false, WORDS("serve", "--cert", rsa), WITH("PATH=/bin", said[i]));
	}
	assert_told(can, WORDS("serve", "--cert", rsa), WITH("OPENSSL_ia32=", "PATH=/bin"));
}

static void without_a_place_it_is_left(void **state)
{
	(void)state;
	assert_told(false, WORDS("serve", "--cert", rsa), WITH(NULL));
	assert_told(false, WORDS("serve", "--cert", rsa), WITH("HOME=/", "PATHS=/bin"));
}

static int begin(void **state)
{
	(void)state;
	rsa = WRITE(
		"rsa.crt", MAKE(NULL, .subject = "CN=localhost", .key = "rsa:2048")->certificate);
	p256 = WRITE("p256.crt", MAKE(NULL, .subject = "CN=localhost")->certificate);
#if defined __x86_64__ && defined __GLIBC__ && !defined MTLS_SANITIZED
	can = tls_processor_gains(rsa);
#endif
	return 0;
}

int main(int count, char **words)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_with_rsa_tells_openssl),
		cmocka_unit_test(it_looks_where_the_server_will),
		cmocka_unit_test(nothing_is_done_where_nothing_is_gained),
		cmocka_unit_test(what_the_user_says_stands),
		cmocka_unit_test(without_a_place_it_is_left),
	};
	if (count > 1 && !strcmp(words[1], "serve"))
		return say();
	return cmocka_run_group_tests(tests, begin, certs_end);
}
