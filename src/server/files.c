/* A file as an answer: its type, its age, and the parts of it that were asked for. */
#include "server/files.h"
#include "server/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

bool files_new(const char *root, struct files **ret, struct error *reterr)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(reterr, ERROR_INPUT, "cannot serve the folder '%s'", root);
	struct files *files = calloc(1, sizeof *files);
	if (!files)
		bug("out of memory for a folder");
	files->root = fd;
	files->contents = contents_new();
	*ret = files;
	return true;
}

void files_keep_back(struct files *files, const char *path)
{
	struct stat about;
	OWN(char) char *folder = text_format("%.*s.", (int)(file_name(path) - path), path);
	if (stat(folder, &about) != 0)
		return;
	free(files->store.name);
	files->store = (struct kept_back){ text_copy(file_name(path)), about.st_ino, about.st_dev };
}

void files_free(struct files *files)
{
	if (!files)
		return;
	free(files->store.name);
	close(files->root);
	contents_free(files->contents);
	free(files);
}

static const char *type_of(const char *name)
{
	static const char *const types[][2] = {
		{ ".html", "text/html; charset=utf-8" },
		{ ".htm", "text/html; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".mjs", "text/javascript; charset=utf-8" },
		{ ".txt", "text/plain; charset=utf-8" },
		{ ".md", "text/markdown; charset=utf-8" },
		{ ".csv", "text/csv; charset=utf-8" },
		{ ".py", "text/x-python; charset=utf-8" },
		{ ".xml", "application/xml" },
		{ ".json", "application/json" },
		{ ".pdf", "application/pdf" },
		{ ".wasm", "application/wasm" },
		{ ".zip", "application/zip" },
		{ ".gz", "application/gzip" },
		{ ".tar", "application/x-tar" },
		{ ".pem", "application/x-pem-file" },
		{ ".crt", "application/x-x509-ca-cert" },
		{ ".cer", "application/pkix-cert" },
		{ ".crl", "application/pkix-crl" },
		{ ".csr", "application/pkcs10" },
		{ ".svg", "image/svg+xml" },
		{ ".png", "image/png" },
		{ ".jpg", "image/jpeg" },
		{ ".jpeg", "image/jpeg" },
		{ ".gif", "image/gif" },
		{ ".webp", "image/webp" },
		{ ".ico", "image/vnd.microsoft.icon" },
		{ ".woff2", "font/woff2" },
		{ ".mp3", "audio/mpeg" },
		{ ".mp4", "video/mp4" },
		{ ".webm", "video/webm" },
	};
	const char *extension = strrchr(name, '.');
	for (size_t i = 0; extension && i < sizeof types / sizeof *types; i++)
		if (!strcasecmp(extension, types[i][0]))
			return types[i][1];
	return "application/octet-stream";
}

/* ---- Conditions (RFC 9110 section 13.2.2) ---- */

struct version {
	char tag[64]; /* strong: size and nanoseconds change with every write */
	char date[CLOCK_HTTP_DATE_BYTES];
	time_t modified;
};

static struct version version_of(const struct stat *stat)
{
	struct version version = { .modified = stat->st_mtim.tv_sec };
	snprintf(version.tag, sizeof version.tag, "\"%jx-%jx-%jx\"", (uintmax_t)stat->st_size,
		(uintmax_t)stat->st_mtim.tv_sec, (uintmax_t)stat->st_mtim.tv_nsec);
	clock_http_date(version.modified, version.date);
	return version;
}

/* 412, 304, or 0 to go on. A date that cannot be read says nothing. */
static int check_conditions(const struct http_request *request, const struct version *version)
{
	time_t date;
	const char *match = http_request_header(request, "if-match");
	const char *since = http_request_header(request, "if-unmodified-since");
	if (match && !http_tag_listed(match, version->tag, false))
		return 412;
	if (!match && since && clock_from_http_date(since, &date) && version->modified > date)
		return 412;
	match = http_request_header(request, "if-none-match");
	since = http_request_header(request, "if-modified-since");
	if (match)
		return http_tag_listed(match, version->tag, true) ? 304 : 0;
	if (since && clock_from_http_date(since, &date) && version->modified <= date)
		return 304;
	return 0;
}

/* Whether Range counts: If-Range names this very version, or is not there. */
static const char *range_wanted(const struct http_request *request, const struct version *version)
{
	const char *range = http_request_header(request, "range");
	const char *condition = http_request_header(request, "if-range");
	if (!range || strcmp(request->method, "GET") != 0)
		return NULL;
	if (condition && strcmp(condition, version->tag) != 0 &&
		strcmp(condition, version->date) != 0)
		return NULL;
	return range;
}

/* ---- Bodies ---- */

static void add_one_range(struct http_response *response, const struct http_range *range,
	uint64_t size, const char *type)
{
	http_response_set(response, HTTP_FIELD_CONTENT_TYPE, "%s", type);
	http_response_set(response, HTTP_FIELD_CONTENT_RANGE,
		"bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->first,
		range->first + range->bytes - 1, size);
	http_response_append_file(response, range->first, range->bytes);
}

/* multipart/byteranges (RFC 9110 section 14.6). */
static bool add_ranges(struct http_response *response, const struct http_range *ranges,
	size_t count, uint64_t size, const char *type, struct error *reterr)
{
	uint64_t random[2];
	if (getrandom(random, sizeof random, 0) != sizeof random)
		return error_errno(reterr, ERROR_IO, "cannot make a boundary between ranges");
	char boundary[40];
	snprintf(boundary, sizeof boundary, "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
	for (size_t i = 0; i < count; i++) {
		OWN(char) char *head = text_format("\r\n--%s\r\nContent-Type: %s\r\n"
						   "Content-Range: bytes %" PRIu64 "-%" PRIu64
						   "/%" PRIu64 "\r\n\r\n",
			boundary, type, ranges[i].first, ranges[i].first + ranges[i].bytes - 1,
			size);
		if (!http_response_append(response, head, strlen(head), reterr))
			return false;
		http_response_append_file(response, ranges[i].first, ranges[i].bytes);
	}
	http_response_set(
		response, HTTP_FIELD_CONTENT_TYPE, "multipart/byteranges; boundary=%s", boundary);
	OWN(char) char *end = text_format("\r\n--%s--\r\n", boundary);
	return http_response_append(response, end, strlen(end), reterr);
}

static struct http_response *answer_range(const char *range, uint64_t size, const char *type)
{
	struct http_range ranges[HTTP_RANGES_MAX];
	size_t count = 0;
	struct error error;
	enum http_ranges kind =
		range ? http_ranges_parse(range, size, ranges, &count) : HTTP_RANGES_NONE;
	if (kind == HTTP_RANGES_UNSATISFIABLE) {
		struct http_response *refusal =
			http_response_error(416, "the file has no such range of bytes");
		http_response_set(refusal, HTTP_FIELD_CONTENT_RANGE, "bytes */%" PRIu64, size);
		return refusal;
	}
	struct http_response *response = http_response_new(kind == HTTP_RANGES_SOME ? 206 : 200);
	if (kind == HTTP_RANGES_NONE) {
		http_response_set(response, HTTP_FIELD_CONTENT_TYPE, "%s", type);
		http_response_append_file(response, 0, size);
	} else if (count == 1) {
		add_one_range(response, &ranges[0], size, type);
	} else if (!add_ranges(response, ranges, count, size, type, &error)) {
		http_response_free(response);
		return http_response_error(500, "the ranges cannot be sent");
	}
	return response;
}

/* Takes the descriptor. */
static void add_file(
	const struct files *files, struct http_response *response, const struct opened *opened)
{
	struct content *content = NULL;
	if (response->body_bytes)
		content = contents_get(files->contents, opened->fd, &opened->stat, time(NULL));
	if (!content) {
		http_response_file(response, opened->fd);
		return;
	}
	http_response_hold(response, content_bytes(content), content, content_release);
	close(opened->fd);
}

static struct http_response *answer_file(const struct files *files,
	const struct http_request *request, const struct opened *opened, const char *name)
{
	struct version version = version_of(&opened->stat);
	int refused = check_conditions(request, &version);
	struct http_response *response;
	if (refused == 412)
		response = http_response_error(412, "the file is another version by now");
	else if (refused)
		response = http_response_new(refused);
	else
		response = answer_range(range_wanted(request, &version),
			(uint64_t)opened->stat.st_size, type_of(name));
	add_file(files, response, opened);
	http_response_set(response, HTTP_FIELD_ETAG, "%s", version.tag);
	http_response_set(response, HTTP_FIELD_LAST_MODIFIED, "%s", version.date);
	http_response_set(response, HTTP_FIELD_ACCEPT_RANGES, "bytes");
	http_response_set(response, HTTP_FIELD_X_CONTENT_TYPE_OPTIONS, "nosniff");
	return response;
}

/* ---- Folders ---- */

static struct http_response *redirect_to_folder(const struct http_request *request)
{
	struct http_response *response =
		http_response_error(301, "it is a folder: %s/", request->path);
	http_response_set(response, HTTP_FIELD_LOCATION, "%s/%s%s", request->path,
		request->query ? "?" : "", request->query ? request->query : "");
	return response;
}

static struct http_response *answer_folder(const struct files *files,
	const struct http_request *request, const struct opened *folder, const char *path)
{
	static const char *const indexes[] = { "index.html", "index.htm" };
	for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
		char index[FOLDER_PATH_BYTES + 16];
		struct opened opened;
		snprintf(index, sizeof index, "%s%s", path, indexes[i]);
		if (strlen(index) >= FOLDER_PATH_BYTES || folder_open(files, index, &opened) != 0)
			continue;
		if (S_ISREG(opened.stat.st_mode))
			return answer_file(files, request, &opened, indexes[i]);
		close(opened.fd);
	}
	char shown[FOLDER_PATH_BYTES + 1];
	snprintf(shown, sizeof shown, "/%s", path);
	return folder_list(files, folder->fd, path, shown);
}

struct http_response *files_answer(const struct files *files, const struct http_request *request)
{
	char path[FOLDER_PATH_BYTES];
	struct opened opened;
	int failure =
		folder_decode(request->path, path) ? folder_open(files, path, &opened) : ENOENT;
	if (failure == ENOENT)
		return http_response_error(404, "there is no %s", request->path);
	if (failure)
		return http_response_error(503, "the server cannot open more files");
	if (!S_ISDIR(opened.stat.st_mode))
		return answer_file(files, request, &opened, path);
	size_t length = strlen(path);
	struct http_response *response = length && path[length - 1] != '/'
						 ? redirect_to_folder(request)
						 : answer_folder(files, request, &opened, path);
	close(opened.fd);
	return response;
}
