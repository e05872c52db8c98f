/*
 * Every command that is given too little, too much or something else says so in one sentence with
 * exit code 2, prints no result, and leaves an empty folder empty. The twins are at the end.
 */
#include "certs.h"

#include "cmd_run.h"

#include <dirent.h>

#define NO_CA "there is no CA in 'certs': 'certs/ca.crt' is missing"
#define MAKE_ONE "make one with: mtls init, or name its folder with --certs"
#define ABSENT "cannot read 'absent': No such file or directory"
#define FOLDER "cannot read '/': it is a folder, not a file"

static const struct {
	const struct command *command;
	const char *words[5], *text, *hint;
} mistakes[] = {
	{ &lint_command, { NULL }, "mtls lint needs FILE...",
		"usage: mtls lint [OPTION...] FILE..." },
	{ &lint_command, { "absent" }, ABSENT, NULL },
	{ &lint_command, { "/" }, FOLDER, NULL },
	{ &lint_command, { "--role", "x", "y" },
		"mtls lint: --role is one of ca|server|client|peer, not 'x'", NULL },
	{ &verify_command, { NULL }, "mtls verify needs LEAF",
		"usage: mtls verify [OPTION...] LEAF" },
	{ &verify_command, { "absent" },
		"trust anchors: cannot read 'certs/ca.crt': No such file or directory",
		"make a CA with: mtls init, or name one with --ca or its folder with --certs" },
	{ &verify_command, { "x", "--purpose", "x" },
		"mtls verify: --purpose is one of any|server|client, not 'x'", NULL },
	{ &verify_command, { "x", "--time", "yesterday" },
		"mtls verify: --time takes RFC 3339, not 'yesterday'",
		"for example 2027-01-31T12:00:00Z" },
	{ &verify_command, { "x", "--time", "1970-01-01T00:00:00Z" },
		"mtls verify: --time cannot be the epoch itself", NULL },
	{ &verify_command, { "x", "--depth", "101" },
		"mtls verify: --depth is a whole number from 0 to 100, not '101'", NULL },
	{ &sign_command, { NULL }, "mtls sign needs FILE.csr",
		"usage: mtls sign [OPTION...] FILE.csr" },
	{ &sign_command, { "absent" }, "mtls sign needs --role server, client or peer",
		"the role decides what the certificate may be used for" },
	{ &sign_command, { "absent", "--role", "server" }, NO_CA, MAKE_ONE },
	{ &sign_command, { "absent", "--role", "nobody" },
		"mtls sign: --role is one of server|client|peer, not 'nobody'", NULL },
	{ &inspect_command, { NULL }, "mtls inspect needs FILE|URL",
		"usage: mtls inspect [OPTION...] FILE|URL" },
	{ &inspect_command, { "absent" }, ABSENT, NULL },
	{ &inspect_command, { "/" }, FOLDER, NULL },
	{ &revoke_command, { NULL }, "mtls revoke needs CERT",
		"usage: mtls revoke [OPTION...] CERT" },
	{ &revoke_command, { "absent" }, NO_CA, MAKE_ONE },
	{ &crl_command, { NULL }, NO_CA, MAKE_ONE },
	{ &issue_command, { NULL }, "mtls issue needs server|client|peer [NAME...]",
		"usage: mtls issue [OPTION...] server|client|peer [NAME...]" },
	{ &issue_command, { "server" }, "nobody is named to issue a certificate to",
		"mtls issue server NAME, or --names FILE" },
	{ &issue_command, { "nobody", "x" },
		"a certificate is for a server, a client or a peer, not for 'nobody'", NULL },
	{ &pfx_command, { NULL }, "mtls pfx needs CERT", "usage: mtls pfx [OPTION...] CERT" },
	{ &pfx_command, { "absent" }, ABSENT, NULL },
	{ &request_command, { NULL }, "mtls request needs [METHOD] URL",
		"usage: mtls request [OPTION...] [METHOD] URL" },
	{ &request_command, { "POST" }, "'POST' is a method, and the URL is missing",
		"if it is a host, write https://POST" },
	{ &request_command, { "http://h/" }, "the URL 'http://h/' is not https://",
		"mutual TLS needs https://" },
};

static void each_mistake_is_one_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		struct ran ran;
		run_command(mistakes[i].command, mistakes[i].words, &ran);
		OWN(char)
		char *said = text_format("mtls: %s\n%s%s%s", mistakes[i].text,
			mistakes[i].hint ? "hint: " : "", mistakes[i].hint ? mistakes[i].hint : "",
			mistakes[i].hint ? "\n" : "");
		assert_string_equal(ran.err, said);
		assert_string_equal(ran.out, "");
		assert_int_equal(ran.code, 2);
	}
}

static void nothing_was_written(void **state)
{
	(void)state;
	DIR *here = opendir(".");
	const struct dirent *entry;
	assert_non_null(here);
	while ((entry = readdir(here)) != NULL)
		assert_true(!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."));
	closedir(here);
}

/* The twins: with a file that is there, both readers of one file are content. */
static void what_is_there_is_read(void **state)
{
	(void)state;
	static const struct command *const readers[] = { &inspect_command, &lint_command };
	struct made *ca = MAKE(NULL, .subject = "CN=CA/O=Lab", .extensions = CA_EXTENSIONS);
	const char *const words[] = { WRITE("ca.crt", ca->certificate), "--json", NULL };
	for (size_t i = 0; i < 2; i++) {
		struct ran ran;
		run_command(readers[i], words, &ran);
		json_t *result = json_loads(ran.out, JSON_REJECT_DUPLICATES, NULL);
		assert_string_equal(ran.err, "");
		assert_non_null(result);
		assert_true(ran.code < 2);
		json_decref(result);
	}
}

static int enter_folder(void **state)
{
	(void)state;
	const char *path = certs_path("none"); /* makes the folder */
	unsetenv("MTLS_CERTS");
	unsetenv("MTLS_CONFIG");
	return path ? chdir(certs_folder) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mistake_is_one_sentence),
		cmocka_unit_test(nothing_was_written),
		cmocka_unit_test(what_is_there_is_read),
	};
	return cmocka_run_group_tests(tests, enter_folder, certs_end);
}
