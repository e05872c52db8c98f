/* What mtls init decides: to keep, to follow a .cnf, to replace; and why. */
#include "pki_fixture.h"

#include <sys/stat.h>

/* A set of elliptic keys in a folder of its own. */
static struct setup_options options_for(const char *folder)
{
	return (struct setup_options){ .folder = folder, .key_type = "ec:P-256" };
}

static struct setup *plan(const struct setup_options *options)
{
	struct error error;
	struct setup *setup = NULL;
	if (!setup_plan(options, &setup, &error))
		fail_msg("%s", error.text);
	return setup;
}

static void init(const struct setup_options *options)
{
	struct error error;
	OWN(setup) struct setup *setup = plan(options);
	if (setup_has_work(setup) && !setup_make(setup, NULL, NULL, NULL, &error))
		fail_msg("%s", error.text);
}

/* What is to be made, a letter each: n for .cnf, k for key, r for request, c for certificate. */
static char *planned(const struct setup *setup)
{
	OWN(char) char *text = text_copy("");
	for (size_t i = 0; i < setup->count; i++) {
		const struct setup_member *member = &setup->members[i];
		char *longer = text_format("%s%s%s=%s%s%s%s", text, i ? " " : "", member->name,
			member->make_cnf ? "n" : "", member->make_key ? "k" : "",
			member->make_request ? "r" : "", member->make_cert ? "c" : "");
		free(text);
		text = longer;
	}
	return text_format("%s%s", text, setup->make_pfx ? " pfx" : "");
}

static void assert_plan(const struct setup_options *options, const char *what, const char *expected)
{
	OWN(setup) struct setup *setup = plan(options);
	OWN(char) char *text = planned(setup);
	if (strcmp(text, expected) != 0)
		fail_msg("%s: %s", what, text);
	assert_int_equal(setup_has_work(setup), strcmp(expected, "ca= server= client=") != 0);
}

static const struct setup_member *member_of(const struct setup *setup, const char *name)
{
	for (size_t i = 0; i < setup->count; i++)
		if (!strcmp(setup->members[i].name, name))
			return &setup->members[i];
	fail_msg("no member %s", name);
	return NULL;
}

static void shell(const char *line)
{
	(void)fixture_says(line);
}

static void an_empty_folder_gets_everything(void **state)
{
	(void)state;
	struct setup_options options = options_for("one");
	assert_plan(&options, "first", "ca=nkc server=nkrc client=nkrc pfx");
	/* Planning leaves nothing, not even the folder. */
	assert_string_equal(fixture_says("find . -path './one*'"), "");
	init(&options);
	assert_plan(&options, "second", "ca= server= client=");
	assert_string_equal(fixture_says("ls -A one/certs | tr '\\n' ' '"),
		".lock ca.cnf ca.crt ca.key ca.srl client.cnf client.crt client.csr client.key "
		"client.pfx client.pfx.pass crlnumber index.txt index.txt.attr serial server.cnf "
		"server.crt server.csr server.key ");
	assert_string_equal(
		fixture_says("cd one/certs && find . -type f -perm 600 | sort | tr '\\n' ' '"),
		"./.lock ./ca.key ./client.key ./client.pfx ./client.pfx.pass ./server.key ");
}

/* Each change to a good set, what is made of it, and why. */
static void a_change_is_followed_as_far_as_it_reaches(void **state)
{
	(void)state;
	static const struct {
		const char *change; /* in certs/ */
		const char *expected, *member, *why;
	} rows[] = {
		{ ":", "ca= server= client=", NULL, NULL },
		{ "touch *", "ca= server= client=", NULL, NULL },
		{ "echo '# a comment' >>server.cnf", "ca= server= client=", NULL, NULL },
		{ "echo 'IP.2 = ::1' >>server.cnf", "ca= server=rc client=", "server",
			"its extensions have changed" },
		{ "sed -i 's/^DNS.1.*/DNS.1 = other/' server.cnf",
			"ca= server=rc client=", "server", "its extensions have changed" },
		{ "sed -i 's/^CN = .*/CN = another/' server.cnf", "ca= server=rc client=", "server",
			"its subject has changed" },
		{ "sed -i '/^\\[ v3_client/,$s/clientAuth/clientAuth, emailProtection/' "
		  "client.cnf",
			"ca= server= client=c pfx", "client", "its extensions have changed" },
		{ "sed -i '/^\\[ req_ext/,/^$/s/clientAuth/clientAuth, emailProtection/' "
		  "client.cnf",
			"ca= server= client=r", NULL, NULL },
		{ "sed -i 's/^CN = .*/CN = New CA/' ca.cnf", "ca=c server=c client=c pfx", "ca",
			"its subject has changed" },
		{ "sed -i 's/^CN = .*/CN = New CA/' ca.cnf", "ca=c server=c client=c pfx", "server",
			"its CA's certificate is new" },
		{ "sed -i 's/CA:TRUE/CA:TRUE, pathlen:0/' ca.cnf", "ca=c server=c client=c pfx",
			"ca", "its extensions have changed" },
		{ "rm ca.key", "ca=kc server=c client=c pfx", "ca", "its key is new" },
		{ "rm ca.crt", "ca=c server=c client=c pfx", "client",
			"its CA's certificate is new" },
		{ "rm server.key", "ca= server=krc client=", "server", "its key is new" },
		{ "rm server.crt", "ca= server=c client=", "server", NULL },
		{ "rm server.csr", "ca= server=r client=", "server", NULL },
		{ "rm server.cnf", "ca= server=n client=", "server", NULL },
		{ "rm client.pfx", "ca= server= client= pfx", NULL, NULL },
		{ "rm client.pfx.pass", "ca= server= client=", NULL, NULL },
		{ "rm client.crt", "ca= server= client=c pfx", "client", NULL },
		{ "echo damaged >server.csr", "ca= server=r client=", "server", NULL },
		{ "cp client.csr server.csr", "ca= server=r client=", "server", NULL },
		{ "cp client.key server.key", "ca= server=rc client=", "server",
			"its key is another one" },
		{ "cp ../../other/certs/ca.* .", "ca= server=c client=c pfx", "server",
			"another key has signed it" },
	};
	struct setup_options options = options_for("changed"), other = options_for("other"),
			     good = options_for("good");
	init(&good);
	init(&other);
	for (size_t i = 0; i < ROWS(rows); i++) {
		OWN(char)
		char *line = text_format(
			"rm -rf changed; cp -R good changed; cd changed/certs; %s", rows[i].change);
		shell(line);
		assert_plan(&options, rows[i].change, rows[i].expected);
		if (rows[i].member) {
			OWN(setup) struct setup *setup = plan(&options);
			const char *why = member_of(setup, rows[i].member)->why;
			assert_string_equal(why ? why : "", rows[i].why ? rows[i].why : "");
		}
		/* Followed once, it stays. */
		init(&options);
		assert_plan(&options, rows[i].change, "ca= server= client=");
	}
}

static void force_replaces_keys_and_never_a_cnf(void **state)
{
	(void)state;
	struct setup_options options = options_for("forced");
	init(&options);
	shell("echo '# mine' >>forced/certs/ca.cnf; cp -R forced before");
	options.force = true;
	assert_plan(&options, "force", "ca=kc server=krc client=krc pfx");
	init(&options);
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "ca", "server", "client" };
		OWN(char)
		char *line = text_format("cmp before/certs/%s.cnf forced/certs/%s.cnf && "
					 "! cmp -s before/certs/%s.key forced/certs/%s.key",
			names[i], names[i], names[i], names[i]);
		shell(line);
	}
	shell("openssl verify -x509_strict -CAfile forced/certs/ca.crt forced/certs/server.crt "
	      "forced/certs/client.crt");
}

static void key_types_come_from_options_files_and_what_there_was(void **state)
{
	(void)state;
	static const struct {
		const char *before; /* shell, in an empty kinds/ */
		const char *key_type, *ca_key_type;
		bool force;
		const char *types; /* of ca, server and client */
		size_t notes;
	} rows[] = {
		{ ":", NULL, NULL, false, "RSA-4096 RSA-2048 RSA-2048", 0 },
		{ ":", "ed25519", NULL, false, "Ed25519 Ed25519 Ed25519", 0 },
		{ ":", "ec:P-384", "ec:P-521", false, "P-521 P-384 P-384", 0 },
		{ ":", NULL, "ec:P-256", false, "P-256 RSA-2048 RSA-2048", 0 },
		{ "mkdir kinds/certs; sed 's/^default_md/default_bits = 3072\\n&/' "
		  "good/certs/server.cnf >kinds/certs/server.cnf",
			NULL, "ec:P-256", false, "P-256 RSA-3072 RSA-2048", 0 },
		{ "cp -R good/certs kinds", NULL, NULL, false, "P-256 P-256 P-256", 0 },
		{ "cp -R good/certs kinds", NULL, NULL, true, "P-256 P-256 P-256", 0 },
		{ "cp -R good/certs kinds", "ed448", NULL, false, "P-256 P-256 P-256", 3 },
		{ "cp -R good/certs kinds", "ed448", "ec:P-256", false, "P-256 P-256 P-256", 2 },
		{ "cp -R good/certs kinds", "ed448", NULL, true, "Ed448 Ed448 Ed448", 0 },
	};
	struct setup_options good = options_for("good");
	init(&good);
	for (size_t i = 0; i < ROWS(rows); i++) {
		OWN(char)
		char *line = text_format("rm -rf kinds; mkdir kinds; %s", rows[i].before);
		struct setup_options options = { .folder = "kinds",
			.key_type = rows[i].key_type,
			.ca_key_type = rows[i].ca_key_type,
			.force = rows[i].force };
		shell(line);
		OWN(setup) struct setup *setup = plan(&options);
		char name[3][KEY_NAME_BYTES];
		OWN(char)
		char *types =
			text_format("%s %s %s", key_type_name(&setup->members[0].key_type, name[0]),
				key_type_name(&setup->members[1].key_type, name[1]),
				key_type_name(&setup->members[2].key_type, name[2]));
		assert_string_equal(types, rows[i].types);
		assert_int_equal(setup->notes.count, rows[i].notes);
		if (rows[i].notes)
			assert_non_null(strstr(setup->notes.texts[rows[i].notes - 1],
				"client.key' is kept, although it is of another type (P-256): "
				"--force replaces it"));
	}
}

static void subjects_and_days_are_what_was_said(void **state)
{
	(void)state;
	struct setup_options options = options_for("said");
	options.subjects[ROLE_CA] = "/O=Lab/CN=Said CA";
	options.subjects[ROLE_SERVER] = "CN=web";
	options.subjects[ROLE_CLIENT] = "caller";
	options.days = 7;
	options.ca_days = 70;
	OWN(setup) struct setup *setup = plan(&options);
	static const struct {
		const char *name, *subject;
		int days;
	} rows[] = {
		{ "ca", "CN=Said CA,O=Lab", 70 },
		{ "server", "CN=web", 7 },
		{ "client", "CN=caller", 7 },
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct setup_member *member = member_of(setup, rows[i].name);
		OWN(char) char *subject = subject_text(member->subject);
		assert_string_equal(subject, rows[i].subject);
		assert_int_equal(member->days, rows[i].days);
	}
}

static void the_other_layout_has_two_authorities(void **state)
{
	(void)state;
	struct error error;
	struct setup_options options = options_for("folders");
	options.layout = SETUP_FOLDERS;
	init(&options);
	OWN(setup) struct setup *setup = plan(&options);
	assert_false(setup_has_work(setup));
	assert_int_equal(setup->count, 5);
	assert_null(setup->pfx_path);
	static const struct {
		const char *ca, *leaf;
		bool good;
	} rows[] = {
		{ "CA/ca.crt", "Server/server.crt", true },
		{ "CA/myCA.crt", "Client/client.crt", true },
		{ "CA2/ca2.crt", "Client/client2.crt", true },
		{ "CA2/ca2.crt", "Client/client.crt", false },
		{ "CA/ca.crt", "Client/client2.crt", false },
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		int status;
		OWN(char)
		char *line = text_format(
			"cd folders && openssl verify -CAfile %s %s", rows[i].ca, rows[i].leaf);
		const char *text = fixture_shell(&status, line);
		if ((status == 0) != rows[i].good)
			fail_msg("%s: %s", line, text);
	}
	/* Only one program at a time looks at a set: the lock goes with the plan. */
	setup_free(TAKE(setup));
	assert_true(setup_plan(&options, &setup, &error));
}

static void what_cannot_be_planned_makes_no_file(void **state)
{
	(void)state;
	static const struct {
		const char *before; /* in bad/certs, which is a good set */
		struct setup_options options;
		const char *text;
	} rows[] = {
		{ ":", { .key_type = "rsa:1024" }, "'rsa:1024' is no key type" },
		{ ":", { .ca_key_type = "" }, "'' is no key type" },
		{ ":", { .extensions = "no" },
			"cannot use the configuration 'bad/certs/server.cnf': it has no section "
			"[no], which --extensions names" },
		{ ":", { .subjects = { [ROLE_CLIENT] = "/x" } },
			"'/x' is no subject: a part of it is not TYPE=VALUE" },
		{ "rm *.crt *.key; sed -i 's/^default_md/default_bits = 1024\\n&/' client.cnf",
			{ 0 },
			"cannot use the configuration 'bad/certs/client.cnf': default_bits = 1024 "
			"is no number from 2048 to 16384" },
		{ "rm *.crt *.key; sed -i 's/^default_md/default_bits = many\\n&/' client.cnf",
			{ 0 },
			"cannot use the configuration 'bad/certs/client.cnf': default_bits = many "
			"is no number from 2048 to 16384" },
		{ ": >ca.crt", { 0 }, "cannot use 'bad/certs/ca.crt': it is empty" },
		{ "cp ca.key server.crt", { 0 },
			"cannot use 'bad/certs/server.crt': it is a private key, not a "
			"certificate" },
		{ "cp ca.crt client.key", { 0 },
			"cannot use 'bad/certs/client.key': it is a certificate, not a private "
			"key" },
	};
	struct setup_options good = options_for("good");
	init(&good);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error error;
		struct setup *setup = NULL;
		struct setup_options options = rows[i].options;
		options.folder = "bad";
		OWN(char)
		char *line = text_format("rm -rf bad; cp -R good bad; cd bad/certs; %s; cd ../..; "
					 "rm -rf bad.before; cp -R bad bad.before",
			rows[i].before);
		shell(line);
		assert_false(setup_plan(&options, &setup, &error));
		assert_null(setup);
		assert_string_equal(error.text, rows[i].text);
		assert_one_sentence(&error);
		shell("diff -r bad bad.before");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_folder_gets_everything),
		cmocka_unit_test(a_change_is_followed_as_far_as_it_reaches),
		cmocka_unit_test(force_replaces_keys_and_never_a_cnf),
		cmocka_unit_test(key_types_come_from_options_files_and_what_there_was),
		cmocka_unit_test(subjects_and_days_are_what_was_said),
		cmocka_unit_test(the_other_layout_has_two_authorities),
		cmocka_unit_test(what_cannot_be_planned_makes_no_file),
	};
	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
