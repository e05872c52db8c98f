/* The tables of certificates made real: all of them in memory, then as files. */
#include "lab/certificates.h"

#include <time.h>
#include <unistd.h>

/* Not large, but CRLs and chains have no fixed size. */
#define MINTED_FILE_BYTES_MAX ((size_t)1 << 20)

struct lab_minted {
	bool own_ca;             /* the CA folder's files are the lab's, too */
	const char *client_name; /* instead of the table's; or NULL */
	size_t count;
	struct mint *certificates[]; /* by row */
};

static size_t rows(void)
{
	size_t count = 0;
	while (lab_certificates[count].name)
		count++;
	return count;
}

static size_t row_of(const char *name)
{
	for (size_t i = 0; lab_certificates[i].name; i++)
		if (!strcmp(lab_certificates[i].name, name))
			return i;
	bug("the lab has no certificate '%s'", name);
}

static bool in_ca_folder(const char *name)
{
	return !strncmp(name, "certs/", strlen("certs/"));
}

void lab_minted_free(struct lab_minted *minted)
{
	if (!minted)
		return;
	for (size_t i = 0; i < minted->count; i++)
		mint_free(minted->certificates[i]);
	free(minted);
}

static struct lab_minted *make(struct mint *ca)
{
	size_t count = rows();
	struct lab_minted *minted = calloc(1, sizeof *minted + count * sizeof(struct mint *));
	if (!minted)
		bug("out of memory");
	minted->count = count;
	minted->certificates[0] = ca; /* the table begins with it */
	return minted;
}

/* One row, unless what would have to sign it is not there. */
static must_check bool mint_row(
	struct lab_minted *minted, size_t i, time_t now, struct error *reterr)
{
	const struct lab_certificate *row = &lab_certificates[i];
	struct mint_recipe recipe = row->recipe;
	const struct mint *issuer = NULL;
	if (row->copy_of) {
		minted->certificates[i] = mint_copy(minted->certificates[row_of(row->copy_of)]);
		return true;
	}
	if (row->issuer) {
		issuer = minted->certificates[row_of(row->issuer)];
		if (!issuer || !mint_can_sign(issuer))
			return true;
	}
	if (row->named_after)
		recipe.named_after = minted->certificates[row_of(row->named_after)];
	if (minted->client_name && strstr(row->name, "/client"))
		recipe.common_name = minted->client_name;
	return mint_new(&recipe, issuer, now, &minted->certificates[i], reterr);
}

bool lab_minted_new(struct mint *ca, struct lab_minted **ret, struct error *reterr)
{
	OWN(lab_minted) struct lab_minted *minted = make(ca);
	time_t now = time(NULL);
	minted->own_ca = !ca;
	for (size_t i = ca ? 1 : 0; i < minted->count; i++) {
		const struct lab_certificate *row = &lab_certificates[i];
		bool wanted = !ca || (!in_ca_folder(row->name) && row->demo);
		if (wanted && !mint_row(minted, i, now, reterr))
			return false;
	}
	*ret = TAKE(minted);
	return true;
}

const struct mint *lab_minted_ca(const struct lab_minted *minted)
{
	return minted->certificates[0];
}

static must_check bool add_certificate(
	const struct lab_minted *minted, const char *name, struct buffer *ret, struct error *reterr)
{
	return !name || mint_add_certificate(minted->certificates[row_of(name)], ret, reterr);
}

static must_check bool certificate_file(const struct lab_minted *minted,
	const struct lab_certificate *row, struct buffer *ret, struct error *reterr)
{
	if (!add_certificate(minted, row->front, ret, reterr) ||
		!add_certificate(minted, row->name, ret, reterr))
		return false;
	for (size_t i = 0; i < LAB_EXTRA_MAX; i++)
		if (!add_certificate(minted, row->chain[i], ret, reterr))
			return false;
	size_t i = row_of(row->name);
	return !i || mint_add_above(minted->certificates[i], ret, reterr);
}

static const struct lab_crl *find_crl(const char *name)
{
	for (const struct lab_crl *crl = lab_crls; crl->name; crl++)
		if (!strcmp(crl->name, name))
			return crl;
	bug("the lab has no CRL '%s'", name);
}

static must_check bool crl_file(const struct lab_minted *minted, const struct lab_crl *crl,
	struct buffer *ret, struct error *reterr)
{
	const struct mint *revoked =
		crl->revoked ? minted->certificates[row_of(crl->revoked)] : NULL;
	return mint_add_crl(minted->certificates[row_of(crl->issuer)], revoked, crl->from_s,
		crl->until_s, ret, reterr);
}

/* ---- What is no certificate ---- */

static const struct other {
	const char *name, *what, *text; /* text NULL: a random key */
} others[] = {
	{ LAB_WRONG_PASSPHRASE, "a passphrase that opens nothing", "wrong\n" },
	{ LAB_POLICY, "rules that let our client do nothing",
		"[policy]\nothers = allow CN=somebody-else; *; **\n" },
	{ LAB_TICKET_KEYS, "a key for session tickets, for two servers", NULL },
	{ 0 },
};

static const struct other *other_file(const char *name)
{
	const struct other *other = others;
	while (other->name && strcmp(other->name, name) != 0)
		other++;
	return other->name ? other : NULL;
}

static must_check bool add_other(
	const struct other *other, struct buffer *ret, const char **ret_what, struct error *reterr)
{
	unsigned char bytes[80];
	*ret_what = other->what;
	if (other->text)
		return buffer_text(ret, other->text, reterr);
	if (getentropy(bytes, sizeof bytes) != 0)
		return error_errno(reterr, ERROR_IO, "cannot get random bytes");
	return buffer_append(ret, bytes, sizeof bytes, reterr);
}

bool lab_minted_file(const struct lab_minted *minted, const char *file, struct buffer *ret,
	const char **ret_what, struct error *reterr)
{
	const char *dot = strrchr(file, '.');
	OWN(char) char *name = text_copy(file);
	name[dot ? dot - file : 0] = 0;
	if (other_file(file))
		return add_other(other_file(file), ret, ret_what, reterr);
	if (dot && !strcmp(dot, ".crl")) {
		const struct lab_crl *crl = find_crl(name);
		*ret_what = crl->what;
		return crl_file(minted, crl, ret, reterr);
	}
	const struct lab_certificate *row = &lab_certificates[row_of(name)];
	*ret_what = row->what;
	if (dot && !strcmp(dot, ".key"))
		return mint_add_key(
			minted->certificates[row_of(name)], row->passphrase, ret, reterr);
	return certificate_file(minted, row, ret, reterr);
}

static must_check bool write_file(const struct lab_minted *minted, struct file_set *set,
	const char *folder, const char *name, const char *ending, struct error *reterr)
{
	OWN(char) char *file = text_format("%s%s", name, ending);
	OWN(char) char *path = text_format("%s/%s", folder, file);
	bool private = !strncmp(ending, ".key", 4);
	OWN(buffer)
	struct buffer bytes = { .bytes_max = MINTED_FILE_BYTES_MAX, .secret = private };
	const char *what;
	return lab_minted_file(minted, file, &bytes, &what, reterr) &&
	       file_set_add(set, path, private ? FILE_PRIVATE : FILE_PUBLIC, bytes.data,
		       bytes.length, reterr);
}

static must_check bool write_other(const struct lab_minted *minted, struct file_set *set,
	const char *folder, const char *name, struct error *reterr)
{
	const char *dot = strrchr(name, '.');
	OWN(char) char *stem = text_format("%.*s", (int)(dot - name), name);
	return write_file(minted, set, folder, stem, dot, reterr);
}

bool lab_minted_write(const struct lab_minted *minted, const char *folder, struct error *reterr)
{
	OWN(file_set) struct file_set *set = file_set_new();
	file_set_spare_disk(set); /* they can be minted again */
	OWN(char) char *certs = text_format("%s/certs", folder);
	OWN(char) char *lab = text_format("%s/lab", folder);
	if (!file_make_folder(certs, reterr) || !file_make_folder(lab, reterr))
		return false;
	for (size_t i = 0; i < minted->count; i++) {
		const char *name = lab_certificates[i].name;
		if (!minted->certificates[i] || (!minted->own_ca && in_ca_folder(name)))
			continue;
		if (!write_file(minted, set, folder, name, ".crt", reterr) ||
			!write_file(minted, set, folder, name, ".key", reterr))
			return false;
	}
	for (const struct lab_crl *crl = lab_crls; minted->own_ca && crl->name; crl++)
		if (!write_file(minted, set, folder, crl->name, ".crl", reterr))
			return false;
	for (const struct other *other = others; minted->own_ca && other->name; other++)
		if (!write_other(minted, set, folder, other->name, reterr))
			return false;
	return file_set_commit(set, true, reterr);
}

/* ---- One by one ---- */

struct lab_minted *lab_minted_under(struct mint *ca, const char *client_name)
{
	struct lab_minted *minted = make(ca);
	minted->client_name = client_name;
	return minted;
}

/* The table has what a row needs above it, so that this comes to an end. */
static must_check bool mint_with_all(
	struct lab_minted *minted, size_t i, time_t now, struct error *reterr)
{
	const struct lab_certificate *row = &lab_certificates[i];
	if (minted->certificates[i])
		return true;
	if (row->issuer && !mint_with_all(minted, row_of(row->issuer), now, reterr))
		return false;
	if (row->copy_of && !mint_with_all(minted, row_of(row->copy_of), now, reterr))
		return false;
	for (size_t link = 0; link < LAB_EXTRA_MAX && row->chain[link]; link++)
		if (!mint_with_all(minted, row_of(row->chain[link]), now, reterr))
			return false;
	return mint_row(minted, i, now, reterr);
}

bool lab_minted_add(struct lab_minted *minted, const char *name, const char *folder, bool *ret_made,
	struct error *reterr)
{
	size_t i = row_of(name);
	bool there = minted->certificates[i] != NULL;
	OWN(file_set) struct file_set *set = file_set_new();
	OWN(char) char *parent = text_format("%s/%.*s", folder, (int)strcspn(name, "/"), name);
	file_set_spare_disk(set);
	if (!mint_with_all(minted, i, time(NULL), reterr))
		return false;
	*ret_made = minted->certificates[i] != NULL;
	if (!*ret_made || there)
		return true;
	return file_make_folder(parent, reterr) &&
	       write_file(minted, set, folder, name, ".crt", reterr) &&
	       write_file(minted, set, folder, name, ".key", reterr) &&
	       file_set_commit(set, true, reterr);
}

bool lab_mint(const char *folder, struct error *reterr)
{
	OWN(char) char *cert = text_format("%s/certs/ca.crt", folder);
	OWN(char) char *key = text_format("%s/certs/ca.key", folder);
	struct mint *ca = NULL;
	OWN(lab_minted) struct lab_minted *minted = NULL;
	return mint_load(cert, key, &ca, reterr) && lab_minted_new(ca, &minted, reterr) &&
	       lab_minted_write(minted, folder, reterr);
}

bool lab_mint_short(const struct mint *ca, const char *client_name, time_t until,
	const char *cert_path, const char *key_path, struct error *reterr)
{
	struct mint_recipe recipe = lab_certificates[row_of("certs/client")].recipe;
	time_t now = time(NULL);
	OWN(mint) struct mint *mint = NULL;
	recipe.not_after_s = until - now;
	if (client_name)
		recipe.common_name = client_name;
	return mint_new(&recipe, ca, now, &mint, reterr) &&
	       mint_save(mint, cert_path, key_path, reterr);
}
