/* The words that a scenario's two sides are told name its files; what is not told is the default.
 */
#include "lab/make.h"

enum { FILES_MAX = 48 };
#define README_BYTES_MAX ((size_t)64 << 10)

struct files {
	char *names[FILES_MAX];
	size_t count;
};

static void own_files(struct files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->names[i]);
}

static void add_file(struct files *files, const char *name, size_t bytes, const char *ending)
{
	OWN(char) char *file = text_format("%.*s%s", (int)bytes, name, ending);
	for (size_t i = 0; i < files->count; i++)
		if (!strcmp(files->names[i], file))
			return;
	if (files->count == FILES_MAX)
		bug("a scenario has more than %d files", FILES_MAX);
	files->names[files->count++] = TAKE(file);
}

/* A certificate, its key, and the CAs that it comes from with theirs: to issue more like it. */
static void add_pair(struct files *files, const char *name, size_t bytes)
{
	OWN(char) char *stem = text_format("%.*s", (int)bytes, name);
	add_file(files, stem, bytes, ".crt");
	add_file(files, stem, bytes, ".key");
	for (const struct lab_certificate *row = lab_certificates; row->name; row++)
		if (!strcmp(row->name, stem) && row->issuer)
			add_pair(files, row->issuer, strlen(row->issuer));
}

static bool is_ours(const char *word)
{
	return !strncmp(word, "lab/", 4) || !strncmp(word, "certs/", 6);
}

/* "lab/a.crt", "lab/a.key", "lab/a.crl", "file:lab/a.txt" */
static void add_word(struct files *files, const char *word)
{
	if (!strncmp(word, "file:", 5))
		word += 5;
	const char *dot = strrchr(word, '.');
	if (!is_ours(word) || !dot)
		return;
	if (!strcmp(dot, ".crt") || !strcmp(dot, ".key"))
		add_pair(files, word, (size_t)(dot - word));
	else
		add_file(files, word, strlen(word), "");
}

static void add_side(struct files *files, const char *const *words, const char *usual)
{
	bool own = false;
	for (; *words; words++) {
		own = own || !strcmp(*words, "--cert") || !strcmp(*words, "--no-cert");
		add_word(files, *words);
	}
	if (!own)
		add_pair(files, usual, strlen(usual));
}

static must_check bool collect(const char *name, struct files *files, struct error *reterr)
{
	bool any = false;
	for (size_t i = 0; i < scenarios_count; i++) {
		if (!scenario_matches(&scenarios[i], name))
			continue;
		any = true;
		add_pair(files, "certs/ca", strlen("certs/ca"));
		add_side(files, scenarios[i].server, "certs/server");
		add_side(files, scenarios[i].client, "certs/client");
		if (scenarios[i].event == EVENT_REVOKED) {
			/* The list that comes later, and a client that is on it. */
			add_file(files, "certs/ca.crl", strlen("certs/ca.crl"), "");
			add_pair(files, "certs/client-revoked", strlen("certs/client-revoked"));
		}
	}
	if (any)
		return true;
	error_set(reterr, ERROR_USAGE, "there is no scenario '%s'", name);
	return error_hint(reterr, "mtls lab --list names them all");
}

static must_check bool add_to_set(const struct lab_minted *minted, const char *file,
	const char *folder, struct file_set *set, struct buffer *readme, struct error *reterr)
{
	bool private = !strcmp(strrchr(file, '.'), ".key");
	OWN(char) char *path = text_format("%s/%s", folder, file_name(file));
	OWN(buffer)
	struct buffer bytes = { .bytes_max = FILE_INPUT_BYTES_MAX, .secret = private };
	const char *what;
	return lab_minted_file(minted, file, &bytes, &what, reterr) &&
	       file_set_add(set, path, private ? FILE_PRIVATE : FILE_PUBLIC, bytes.data,
		       bytes.length, reterr) &&
	       buffer_format(readme, reterr, "%-34s %s%s\n", file_name(file),
		       private ? "the key of: " : "", what);
}

/* How the two sides are started with these files, as the lab does. */
static must_check bool describe(const char *name, struct buffer *readme, struct error *reterr)
{
	for (size_t i = 0; i < scenarios_count; i++) {
		const struct scenario *row = &scenarios[i];
		const char *const *sides[] = { row->server, row->client };
		if (!scenario_matches(row, name))
			continue;
		if (!buffer_format(readme, reterr, "\n%s: %s.\n%s\n", scenario_name(row),
			    row->title, row->lesson))
			return false;
		for (size_t side = 0; side < 2; side++) {
			if (!buffer_text(readme,
				    side ? "mtls request --certs ." : "mtls serve --certs .",
				    reterr))
				return false;
			for (const char *const *word = sides[side]; *word; word++)
				if (!buffer_format(readme, reterr, " %s",
					    is_ours(*word) ? file_name(*word) : *word))
					return false;
			if (!buffer_text(readme, side ? " URL\n" : "\n", reterr))
				return false;
		}
	}
	return true;
}

bool lab_make(const char *name, const char *folder, json_t *ret_files, struct error *reterr)
{
	OWN(files) struct files files = { .count = 0 };
	OWN(lab_minted) struct lab_minted *minted = NULL;
	OWN(file_set) struct file_set *set = file_set_new();
	OWN(buffer) struct buffer readme = BUFFER(README_BYTES_MAX);
	OWN(char) char *readme_path = text_format("%s/README.txt", folder);
	if (!collect(name, &files, reterr) ||
		!buffer_text(&readme,
			"Made by mtls lab make, for tests: nobody should trust these.\n\n",
			reterr) ||
		!lab_minted_new(NULL, &minted, reterr) || !file_make_folder(folder, reterr))
		return false;
	for (size_t i = 0; i < files.count; i++)
		if (!add_to_set(minted, files.names[i], folder, set, &readme, reterr))
			return false;
	if (!describe(name, &readme, reterr) ||
		!file_set_add(set, readme_path, FILE_PUBLIC, readme.data, readme.length, reterr) ||
		!file_set_commit(set, false, reterr))
		return false;
	for (size_t i = 0; i < files.count; i++)
		json_array_append_new(ret_files, json_string(file_name(files.names[i])));
	json_array_append_new(ret_files, json_string("README.txt"));
	return true;
}
