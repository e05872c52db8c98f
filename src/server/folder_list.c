/* The listing of a folder, in the words of Python's http.server. */
#include "server/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#define ENTRIES_MAX 10000

struct entry {
	char *name;
	bool folder, link;
};

struct entries {
	struct entry *list;
	size_t count;
	bool more;
};

static void own_entries(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		free(entries->list[i].name);
	free(entries->list);
}

static int by_name(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int difference = strcasecmp(a->name, b->name);
	return difference ? difference : strcmp(a->name, b->name);
}

/* Whether a request for it would be answered, and as what. */
static bool look(const struct files *files, int folder, const char *path, struct entry *entry)
{
	struct stat stat;
	if (!folder_serves(files, folder, entry->name) ||
		fstatat(folder, entry->name, &stat, AT_SYMLINK_NOFOLLOW))
		return false;
	entry->link = S_ISLNK(stat.st_mode);
	if (entry->link) {
		char full[FOLDER_PATH_BYTES];
		struct opened opened;
		int bytes = snprintf(full, sizeof full, "%s%s", path, entry->name);
		if (bytes < 0 || (size_t)bytes >= sizeof full ||
			folder_open(files, full, &opened) != 0)
			return false;
		close(opened.fd);
		stat = opened.stat;
	}
	entry->folder = S_ISDIR(stat.st_mode);
	return entry->folder || S_ISREG(stat.st_mode);
}

static void gather(const struct files *files, int folder, const char *path, struct entries *ret)
{
	int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = own < 0 ? NULL : fdopendir(own);
	if (!directory) {
		if (own >= 0)
			close(own);
		return;
	}
	for (const struct dirent *found; (found = readdir(directory));) {
		struct entry entry = { .name = text_copy(found->d_name) };
		if (!look(files, folder, path, &entry)) {
			free(entry.name);
			continue;
		}
		struct entry *list = NULL;
		ret->more = ret->count == ENTRIES_MAX;
		if (!ret->more)
			list = reallocarray(ret->list, ret->count + 1, sizeof *list);
		if (!list) {
			free(entry.name);
			break;
		}
		ret->list = list;
		ret->list[ret->count++] = entry;
	}
	closedir(directory);
	if (ret->count)
		qsort(ret->list, ret->count, sizeof *ret->list, by_name);
}

/* As html.escape(quote=False); bytes that are no UTF-8 are shown as \xNN. */
static bool append_html(struct buffer *ret, const char *text, struct error *reterr)
{
	char escaped[4 * FOLDER_PATH_BYTES];
	text_escape(escaped, sizeof escaped, text, strlen(text));
	for (const char *at = escaped; *at; at++) {
		const char *entity = *at == '&' ? "&amp;" : *at == '<' ? "&lt;" : "&gt;";
		bool plain = *at != '&' && *at != '<' && *at != '>';
		if (!buffer_append(ret, plain ? at : entity, plain ? 1 : strlen(entity), reterr))
			return false;
	}
	return true;
}

/* As urllib.parse.quote: what is not unreserved (RFC 3986 section 2.3) is percent-encoded. */
static bool append_link(struct buffer *ret, const char *name, struct error *reterr)
{
	static const char unreserved[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~";
	for (; *name; name++)
		if (!buffer_format(ret, reterr, strchr(unreserved, *name) ? "%c" : "%%%02X",
			    (unsigned char)*name))
			return false;
	return true;
}

static bool append_entry(struct buffer *ret, const struct entry *entry, struct error *reterr)
{
	return buffer_text(ret, "<li><a href=\"", reterr) &&
	       append_link(ret, entry->name, reterr) &&
	       buffer_text(ret, entry->folder ? "/\">" : "\">", reterr) &&
	       append_html(ret, entry->name, reterr) &&
	       buffer_text(ret,
		       entry->link     ? "@"
		       : entry->folder ? "/"
				       : "",
		       reterr) &&
	       buffer_text(ret, "</a></li>\n", reterr);
}

static bool append_page(struct buffer *ret, const char *shown_path, const struct entries *entries,
	struct error *reterr)
{
	if (!buffer_text(ret,
		    "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<title>Directory listing for ",
		    reterr) ||
		!append_html(ret, shown_path, reterr) ||
		!buffer_text(
			ret, "</title>\n</head>\n<body>\n<h1>Directory listing for ", reterr) ||
		!append_html(ret, shown_path, reterr) ||
		!buffer_text(ret, "</h1>\n<hr>\n<ul>\n", reterr))
		return false;
	for (size_t i = 0; i < entries->count; i++)
		if (!append_entry(ret, &entries->list[i], reterr))
			return false;
	if (entries->more && !buffer_text(ret, "<li>and more</li>\n", reterr))
		return false;
	return buffer_text(ret, "</ul>\n<hr>\n</body>\n</html>\n", reterr);
}

struct http_response *folder_list(
	const struct files *files, int folder, const char *path, const char *shown_path)
{
	__attribute__((cleanup(own_entries))) struct entries entries = { 0 };
	OWN(buffer) struct buffer page = BUFFER(HTTP_RESPONSE_BYTES_MAX);
	struct error error;
	gather(files, folder, path, &entries);
	struct http_response *response = http_response_new(200);
	if (!append_page(&page, shown_path, &entries, &error) ||
		!http_response_append(response, page.data, page.length, &error)) {
		http_response_free(response);
		return http_response_error(500, "the listing does not fit");
	}
	http_response_set(response, HTTP_FIELD_CONTENT_TYPE, "text/html; charset=utf-8");
	return response;
}
