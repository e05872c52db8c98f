/* index.txt: read, found in, added to, written. */
#include "pki/index.h"

#include <errno.h>
#include <openssl/bn.h>
#include <sys/stat.h>

enum { FIELDS = 6 };

static void entry_done(struct index_entry *entry)
{
	free(entry->not_after);
	free(entry->revocation);
	free(entry->serial);
	free(entry->file);
	free(entry->subject);
}

void index_done(struct index *index)
{
	for (size_t i = 0; i < index->count; i++)
		entry_done(&index->entries[i]);
	free(index->entries);
	free(index->places);
	*index = (struct index){ 0 };
}

/* Where the serial stands in the table, or where it would. */
static size_t *find_place(const struct index *index, const char *serial)
{
	static const struct hash_key plain; /* nobody chooses the serials but we */
	size_t mask = index->places_count - 1;
	for (size_t i = hash_bytes(&plain, serial, strlen(serial)) & mask;; i = (i + 1) & mask)
		if (!index->places[i] ||
			!strcmp(index->entries[index->places[i] - 1].serial, serial))
			return &index->places[i];
}

/* The last entry can be found from now on; of two with a serial the first is. */
static void remember_last(struct index *index)
{
	size_t first = index->count - 1;
	if (index->count * 2 > index->places_count) {
		index->places_count = index->places_count ? index->places_count * 4 : 16;
		free(index->places);
		index->places = calloc(index->places_count, sizeof *index->places);
		if (!index->places)
			bug("out of memory");
		first = 0;
	}
	for (size_t i = first; i < index->count; i++) {
		size_t *place = find_place(index, index->entries[i].serial);
		if (!*place)
			*place = i + 1;
	}
}

static struct index_entry *grow(struct index *index)
{
	index->entries =
		list_grow(index->entries, index->count, sizeof *index->entries, "the index");
	return &index->entries[index->count++];
}

static bool is_serial(const char *text)
{
	size_t digits = strspn(text, "0123456789ABCDEF");
	return digits && !(digits % 2) && !text[digits];
}

/* A backslash keeps a tab inside its field; both stay as they stand (OpenSSL's TXT_DB). */
static bool parse_line(char *line, struct index *index)
{
	char *fields[FIELDS] = { line };
	size_t found = 1;
	for (char *at = line; *at; at++) {
		if (*at != '\t' || (at > line && at[-1] == '\\'))
			continue;
		if (found == FIELDS)
			return false;
		*at = 0;
		fields[found++] = at + 1;
	}
	if (found != FIELDS || !strchr("VRE", *fields[0]) || strlen(fields[0]) != 1 ||
		!is_serial(fields[3]) || (*fields[0] == 'R') != (*fields[2] != 0))
		return false;
	*grow(index) = (struct index_entry){ .status = *fields[0],
		.not_after = text_copy(fields[1]),
		.revocation = text_copy(fields[2]),
		.serial = text_copy(fields[3]),
		.file = text_copy(fields[4]),
		.subject = text_copy(fields[5]) };
	remember_last(index);
	return true;
}

static bool parse(const char *path, char *text, struct index *index, struct error *reterr)
{
	size_t number = 1;
	for (char *line = text, *next; *line; line = next, number++) {
		size_t length = strcspn(line, "\n");
		next = line + length + (line[length] == '\n');
		line[length] = 0;
		if (length && line[length - 1] == '\r')
			line[length - 1] = 0;
		if (*line && *line != '#' && !parse_line(line, index))
			return error_set(reterr, ERROR_INPUT,
				"cannot read '%s': line %zu is not status, expiry, revocation, "
				"serial, file and subject with tabs between them",
				path, number);
	}
	return true;
}

bool index_read(const char *path, struct index *ret, struct error *reterr)
{
	OWN(buffer) struct buffer text = BUFFER(INDEX_BYTES_MAX);
	OWN(index) struct index index = { 0 };
	struct stat about;
	bool some = stat(path, &about) != 0 ? errno != ENOENT : about.st_size > 0;
	if (some && !file_read(path, &text, reterr))
		return false;
	if (some && memchr(text.data, 0, text.length))
		return error_set(reterr, ERROR_INPUT, "cannot read '%s': it is no text", path);
	if (some && !parse(path, text.data, &index, reterr))
		return false;
	*ret = index;
	index = (struct index){ 0 };
	return true;
}

struct index_entry *index_find(const struct index *index, const char *serial)
{
	size_t place = index->count ? *find_place(index, serial) : 0;
	return place ? &index->entries[place - 1] : NULL;
}

void index_add(struct index *index, const ASN1_INTEGER *serial, const ASN1_TIME *not_after,
	const char *subject)
{
	*grow(index) = (struct index_entry){ .status = 'V',
		.not_after = text_format("%.*s", ASN1_STRING_length(not_after),
			(const char *)ASN1_STRING_get0_data(not_after)),
		.revocation = text_copy(""),
		.serial = index_serial(serial),
		.file = text_copy("unknown"),
		.subject = text_copy(subject) };
	remember_last(index);
}

bool index_write(const struct index *index, struct buffer *ret, struct error *reterr)
{
	for (size_t i = 0; i < index->count; i++) {
		const struct index_entry *entry = &index->entries[i];
		if (!buffer_format(ret, reterr, "%c\t%s\t%s\t%s\t%s\t%s\n", entry->status,
			    entry->not_after, entry->revocation, entry->serial, entry->file,
			    entry->subject))
			return false;
	}
	return true;
}

char *index_serial(const ASN1_INTEGER *serial)
{
	OWN(BIGNUM) BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
	char *digits = number ? BN_bn2hex(number) : NULL;
	if (!digits)
		bug("out of memory");
	/* "0" where it would be "00" (BN_bn2hex of zero), and the sign of a negative one is kept.
	 */
	char *text = text_format("%s%s", !strcmp(digits, "0") ? "0" : "", digits);
	OPENSSL_free(digits);
	return text;
}
