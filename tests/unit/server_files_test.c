/* Static files: what is served, with which headers and bytes, and what never is. */
#include "unit.h"

#include "server_ask.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char top[] = "/tmp/mtls-files.XXXXXX";
static struct files *files;

#define BIG_BYTES 1000000

static void put(const char *path, const char *bytes)
{
	struct error error;
	if (!file_write(path, FILE_PUBLIC, bytes, strlen(bytes), &error))
		fail_msg("%s", error.text);
}

static void link_to(const char *target, const char *path)
{
	assert_int_equal(symlink(target, path), 0);
}

/* All that is there has one modification time, so that dates and tags are known. */
static void put_old(const char *path, const char *bytes)
{
	const struct timespec times[2] = { { 784111777, 0 }, { 784111777, 0 } };
	put(path, bytes);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}
#define OLD_DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define OLD_TAG "\"a-2ebc98a1-0\""

static void make_tree(void)
{
	static const char *const secrets[] = { "secret/plan.txt", "root-beside.txt",
		"root/back\\slash.txt", "root/.hidden", "root/.git/config", "root/server.key",
		"root/Client.PFX", "root/client.pfx.pass", "root/server.key.4711.0.tmp",
		"root/Server.Key~", "root/client.p12-old", "root/state.db", "root/state.db-wal" };
	struct error error;
	const char *const folders[] = { "root/sub/deep", "root/.git", "root/indexed", "root/htm",
		"root/names", "root/empty", "secret" };
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		assert_true(file_make_folder(folders[i], &error));
	put_old("root/ten.txt", "0123456789");
	put("root/sub/page.html", "<p>");
	put("root/sub/deep/data", "x");
	put("root/indexed/index.html", "index");
	put("root/indexed/index.htm", "other");
	put("root/htm/index.htm", "htm");
	put("root/a b%20c.txt", "odd name");
	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
		put(secrets[i], "secret");
	put("root/sub/state.db", "x");
	put("root/keyboard.keys", "x");
	put("root/nothing", "");
	put("root/names/<b>&\"'.txt", "x");
	put("root/names/A\xc3\xb1o", "x");
	put("root/names/Upper", "x");
	put("root/names/lower", "x");
	assert_true(file_make_folder("root/names/folder", &error));
	link_to("ten.txt", "root/link-inside");
	link_to("sub/../ten.txt", "root/link-around");
	link_to("sub", "root/link-folder");
	link_to("../ten.txt", "root/sub/link-up");
	link_to("../root-beside.txt", "root/link-outside");
	link_to("../secret", "root/link-outside-folder");
	link_to("sub/../../root-beside.txt", "root/link-outside-around");
	link_to("/etc/passwd", "root/link-absolute");
	OWN(char) char *absolute = text_format("%s/root/ten.txt", top);
	link_to(absolute, "root/link-absolute-inside");
	link_to(".hidden", "root/link-hidden");
	link_to("server.key", "root/link-key");
	link_to("link-loop", "root/link-loop");
	link_to("../../ten.txt", "root/sub/deep/links-1");
	for (int i = 1; i < 9; i++) {
		OWN(char) char *target = text_format("links-%d", i);
		OWN(char) char *path = text_format("root/sub/deep/links-%d", i + 1);
		link_to(target, path);
	}
	link_to("nowhere", "root/link-dangling");
	link_to("/dev/zero", "root/link-device");
	link_to("fifo", "root/link-fifo");
	assert_int_equal(mkfifo("root/fifo", 0644), 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strcpy(address.sun_path, "root/socket");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd);
}

static int set_up(void **state)
{
	(void)state;
	struct error error;
	assert_non_null(mkdtemp(top));
	assert_int_equal(chdir(top), 0);
	make_tree();
	assert_true(files_new("root", &files, &error));
	files_keep_back(files, "root/state.db");
	routes_up(files);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	routes_down();
	files_free(files);
	if (chdir("/"))
		return -1;
	OWN(char) char *command = text_format("rm -r '%s'", top);
	return system(command);
}

static void get(const char *target, const char *headers)
{
	ask(NULL, "GET", target, headers, NULL);
}

static const char *field(const char *name)
{
	const char *value = field_of(seen.response, name);
	return value ? value : "";
}

static const struct {
	const char *target, *body, *type;
} served[] = {
	{ "/ten.txt", "0123456789", "text/plain; charset=utf-8" },
	{ "/ten.txt?query", "0123456789", "text/plain; charset=utf-8" },
	{ "/%74en%2Etxt", "0123456789", "text/plain; charset=utf-8" },
	{ "/sub/page.html", "<p>", "text/html; charset=utf-8" },
	{ "/sub/deep/data", "x", "application/octet-stream" },
	{ "/a%20b%2520c.txt", "odd name", "text/plain; charset=utf-8" },
	{ "/nothing", "", "application/octet-stream" },
	{ "/indexed/", "index", "text/html; charset=utf-8" },
	{ "/htm/", "htm", "text/html; charset=utf-8" },
	{ "/link-inside", "0123456789", "application/octet-stream" },
	{ "/sub/deep/links-8", "0123456789", "application/octet-stream" },
	{ "/link-around", "0123456789", "application/octet-stream" },
	{ "/link-folder/page.html", "<p>", "text/html; charset=utf-8" },
	{ "/sub/link-up", "0123456789", "application/octet-stream" },
	{ "/names/A%C3%B1o", "x", "application/octet-stream" },
};

static void serves_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof served / sizeof *served; i++) {
		get(served[i].target, "");
		if (seen.status != 200 || strcmp(seen.body.data, served[i].body) != 0)
			fail_msg("%s: %d %s", served[i].target, seen.status, seen.body.data);
		assert_string_equal(field("Content-Type"), served[i].type);
		assert_string_equal(field("X-Content-Type-Options"), "nosniff");
		assert_string_equal(field("Accept-Ranges"), "bytes");
		assert_string_equal(seen.log.data, "");
	}
	get("/ten.txt", "");
	assert_string_equal(field("ETag"), OLD_TAG);
	assert_string_equal(field("Last-Modified"), OLD_DATE);
}

/* Each of these is 404, and says no more than a name that was never there. */
static const char *const never_served[] = { "/nope", "/ten.txt/", "/sub/page.html/x",
	/* dots */
	"/..", "/../root-beside.txt", "/sub/../ten.txt", "/sub/..", "/.", "/./ten.txt",
	"/%2e%2e/root-beside.txt", "/%2E%2E%2Froot-beside.txt", "/..%2froot-beside.txt",
	"/sub/..%5c..%5croot-beside.txt", "/..\\root-beside.txt", "/%252e%252e/root-beside.txt",
	"/%c0%ae%c0%ae/root-beside.txt", "/sub/%2e./ten.txt", "/...", "/..;/root-beside.txt",
	/* hidden */
	"/.hidden", "/%2ehidden", "/.git", "/.git/", "/.git/config", "/sub/../.hidden",
	/* keys */
	"/server.key", "/SERVER.KEY", "/server.ke%79", "/Client.PFX", "/client.pfx.pass",
	"/server.key.4711.0.tmp", "/Server.Key~", "/client.p12-old",
	/* the store */
	"/state.db", "/state.db-wal", "/state.d%62",
	/* NUL, slashes, backslashes, control bytes, broken escapes */
	"/ten.txt%00", "/ten.txt%00.html", "/%00", "/sub%2fpage.html", "/sub%2Fdeep/data",
	"//ten.txt", "//", "/sub//page.html", "/back%5cslash.txt", "/back\\slash.txt",
	"/ten.txt%0a", "/%7f", "/%", "/%7", "/%zz", "/ten.txt%", "/ten%2.txt",
	/* links */
	"/link-outside", "/link-outside-folder/", "/link-outside-folder/plan.txt",
	"/link-outside-around", "/link-absolute", "/link-absolute-inside", "/link-hidden",
	"/link-key", "/link-loop", "/sub/deep/links-9", "/link-dangling", "/link-inside/",
	"/link-device", "/link-fifo",
	/* neither file nor folder */
	"/fifo", "/socket" };

static void never_serves_the_rest(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof never_served / sizeof *never_served; i++) {
		get(never_served[i], "");
		OWN(char) char *text = text_format("there is no %s", never_served[i]);
		OWN(json_t) json_t *json = json_loads(seen.body.data, 0, NULL);
		const char *error = json_string_value(json_object_get(json, "error"));
		if (seen.status != 404 || !error || strcmp(error, text) != 0)
			fail_msg("%s: %d %s", never_served[i], seen.status, seen.body.data);
		assert_string_equal(field("ETag"), "");
	}
}

static void never_serves_what_is_too_long_or_too_deep(void **state)
{
	(void)state;
	char path[6002];
	memset(path, 'a', sizeof path - 1);
	path[0] = '/';
	const size_t lengths[] = { 256, 257, 258, 4095, 4096, 4097, 4098, 6001 };
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		path[lengths[i]] = 0;
		get(path, "");
		assert_int_equal(seen.status, 404);
		path[lengths[i]] = 'a';
	}
	for (size_t i = 1; i < sizeof path - 1; i += 2)
		path[i] = '/';
	path[0] = 'a';
	path[sizeof path - 1] = 0;
	get(path + 1, "");
	assert_int_equal(seen.status, 404);
	/* A file in 63 folders, below the root, and in 64. */
	struct error error;
	char deep[sizeof "root/deep" + 2 * 63] = "root/deep";
	while (strlen(deep) < sizeof deep - 3)
		strcat(deep, "/d");
	OWN(char) char *deepest = text_format("%s/d", deep);
	assert_true(file_make_folder(deepest, &error));
	OWN(char) char *high = text_format("%s/file", deep);
	OWN(char) char *low = text_format("%s/file", deepest);
	put(high, "served");
	put(low, "too deep");
	get(high + strlen("root"), "");
	assert_string_equal(seen.body.data, "served");
	get(low + strlen("root"), "");
	assert_int_equal(seen.status, 404);
	assert_int_equal(system("rm -r root/deep"), 0);
}

static void sends_folders_to_their_slash(void **state)
{
	(void)state;
	get("/sub", "");
	assert_int_equal(seen.status, 301);
	assert_string_equal(field("Location"), "/sub/");
	get("/link-folder?a=b", "");
	assert_string_equal(field("Location"), "/link-folder/?a=b");
	/* A path that a browser would take for another host never gets so far. */
	get("//sub", "");
	assert_int_equal(seen.status, 404);
}

static void the_api_stands_in_front(void **state)
{
	(void)state;
	put("root/todo", "file");
	get("/todo", "");
	assert_memory_equal(seen.body.data, "{\n  \"client\": null", 18);
	assert_int_equal(unlink("root/todo"), 0);
	ask(NULL, "POST", "/ten.txt", "", "x");
	assert_int_equal(seen.status, 405);
	assert_string_equal(field("Allow"), "GET, HEAD, OPTIONS");
	ask(NULL, "OPTIONS", "/ten.txt", "", NULL);
	assert_int_equal(seen.status, 204);
	assert_string_equal(field("Allow"), "GET, HEAD, OPTIONS");
	ask(NULL, "HEAD", "/ten.txt", "", NULL);
	assert_int_equal(seen.status, 200);
	assert_int_equal(seen.response->body_bytes, 10);
	assert_int_equal(seen.body.length, 0);
}

static const struct {
	const char *headers;
	int status;
	const char *body, *range;
} asked[] = {
	/* If-None-Match, If-Modified-Since */
	{ "If-None-Match: " OLD_TAG "\r\n", 304, "", "" },
	{ "If-None-Match: W/" OLD_TAG "\r\n", 304, "", "" },
	{ "If-None-Match: \"x\", " OLD_TAG "\r\n", 304, "", "" },
	{ "If-None-Match: *\r\n", 304, "", "" },
	{ "If-None-Match: \"x\"\r\n", 200, "0123456789", "" },
	{ "If-Modified-Since: " OLD_DATE "\r\n", 304, "", "" },
	{ "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n", 304, "", "" },
	{ "If-Modified-Since: Sun Nov  6 08:49:37 1994\r\n", 304, "", "" },
	{ "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 200, "0123456789", "" },
	{ "If-Modified-Since: yesterday\r\n", 200, "0123456789", "" },
	{ "If-None-Match: \"x\"\r\nIf-Modified-Since: " OLD_DATE "\r\n", 200, "0123456789", "" },
	/* If-Match, If-Unmodified-Since */
	{ "If-Match: " OLD_TAG "\r\n", 200, "0123456789", "" },
	{ "If-Match: *\r\n", 200, "0123456789", "" },
	{ "If-Match: W/" OLD_TAG "\r\n", 412, NULL, "" },
	{ "If-Match: \"x\"\r\n", 412, NULL, "" },
	{ "If-Unmodified-Since: " OLD_DATE "\r\n", 200, "0123456789", "" },
	{ "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 412, NULL, "" },
	{ "If-Unmodified-Since: yesterday\r\n", 200, "0123456789", "" },
	{ "If-Match: \"x\"\r\nIf-None-Match: " OLD_TAG "\r\n", 412, NULL, "" },
	/* Range, If-Range */
	{ "Range: bytes=2-4\r\n", 206, "234", "bytes 2-4/10" },
	{ "Range: bytes=7-\r\n", 206, "789", "bytes 7-9/10" },
	{ "Range: bytes=-2\r\n", 206, "89", "bytes 8-9/10" },
	{ "Range: bytes=0-99\r\n", 206, "0123456789", "bytes 0-9/10" },
	{ "Range: bytes=10-\r\n", 416, NULL, "bytes */10" },
	{ "Range: lines=1-2\r\n", 200, "0123456789", "" },
	{ "Range: bytes=4-2\r\n", 200, "0123456789", "" },
	{ "Range: bytes=2-4\r\nIf-Range: " OLD_TAG "\r\n", 206, "234", "bytes 2-4/10" },
	{ "Range: bytes=2-4\r\nIf-Range: " OLD_DATE "\r\n", 206, "234", "bytes 2-4/10" },
	{ "Range: bytes=2-4\r\nIf-Range: W/" OLD_TAG "\r\n", 200, "0123456789", "" },
	{ "Range: bytes=2-4\r\nIf-Range: \"x\"\r\n", 200, "0123456789", "" },
	{ "Range: bytes=2-4\r\nIf-Range: Sun, 06 Nov 1994 08:49:38 GMT\r\n", 200, "0123456789",
		"" },
	{ "Range: bytes=2-4\r\nIf-None-Match: " OLD_TAG "\r\n", 304, "", "" },
};

static void keeps_conditions_and_ranges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		get("/ten.txt", asked[i].headers);
		if (seen.status != asked[i].status ||
			(asked[i].body && strcmp(seen.body.data, asked[i].body) != 0))
			fail_msg("%s: %d %s", asked[i].headers, seen.status, seen.body.data);
		assert_string_equal(field("Content-Range"), asked[i].range);
		assert_string_equal(field("ETag"), OLD_TAG);
	}
	ask(NULL, "HEAD", "/ten.txt", "Range: bytes=2-4\r\n", NULL);
	assert_int_equal(seen.status, 200);
	assert_int_equal(seen.response->body_bytes, 10);
}

static void sends_several_ranges(void **state)
{
	(void)state;
	get("/ten.txt", "Range: bytes=0-1, 5-5,-2\r\n");
	assert_int_equal(seen.status, 206);
	const char *prefix = "multipart/byteranges; boundary=";
	assert_memory_equal(field("Content-Type"), prefix, strlen(prefix));
	OWN(char) char *boundary = text_copy(strchr(field("Content-Type"), '=') + 1);
	assert_int_equal(strlen(boundary), 32);
#define PART "\r\n--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes "
	OWN(char) char *expected = text_format(PART "0-1/10\r\n\r\n01" PART "5-5/10\r\n\r\n5" PART
						    "8-9/10\r\n\r\n89\r\n--%s--\r\n",
		boundary, boundary, boundary, boundary);
	assert_string_equal(seen.body.data, expected);
	assert_int_equal(seen.response->body_bytes, strlen(expected));
	get("/ten.txt", "Range: bytes=0-1,5-5\r\n");
	assert_string_not_equal(strchr(field("Content-Type"), '=') + 1, boundary);
}

static void lists_as_python_does(void **state)
{
	(void)state;
	/* What http.server makes of the same folder; it needs no socket for that. */
	static const char program[] =
		"import http.server, os, sys\n"
		"class H(http.server.SimpleHTTPRequestHandler):\n"
		"  def __init__(self): self.path = '/names/'\n"
		"  send_response = send_header = lambda *a: None\n"
		"  end_headers = lambda *a: None\n"
		"sys.stdout.buffer.write(H().list_directory(os.environ['MTLS_TEST']).read())\n";
	OWN(char) char *folder = text_format("%s/root/names", top);
	OWN(char) char *expected = python(program, folder);
	get("/names/", "");
	assert_int_equal(seen.status, 200);
	assert_string_equal(seen.body.data, expected);
	assert_string_equal(field("Content-Type"), "text/html; charset=utf-8");
	assert_non_null(strstr(expected, "&lt;b&gt;&amp;\"'.txt"));
}

static void lists_only_what_it_serves(void **state)
{
	(void)state;
	get("/", "");
	assert_string_equal(seen.body.data,
		"<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<title>Directory listing for /</title>\n</head>\n"
		"<body>\n<h1>Directory listing for /</h1>\n<hr>\n<ul>\n"
		"<li><a href=\"a%20b%2520c.txt\">a b%20c.txt</a></li>\n"
		"<li><a href=\"big\">big</a></li>\n"
		"<li><a href=\"empty/\">empty/</a></li>\n"
		"<li><a href=\"htm/\">htm/</a></li>\n"
		"<li><a href=\"indexed/\">indexed/</a></li>\n"
		"<li><a href=\"keyboard.keys\">keyboard.keys</a></li>\n"
		"<li><a href=\"link-around\">link-around@</a></li>\n"
		"<li><a href=\"link-folder/\">link-folder@</a></li>\n"
		"<li><a href=\"link-inside\">link-inside@</a></li>\n"
		"<li><a href=\"names/\">names/</a></li>\n"
		"<li><a href=\"nothing\">nothing</a></li>\n"
		"<li><a href=\"sub/\">sub/</a></li>\n"
		"<li><a href=\"ten.txt\">ten.txt</a></li>\n"
		"</ul>\n<hr>\n</body>\n</html>\n");
	get("/empty/", "");
	assert_non_null(strstr(seen.body.data, "<ul>\n</ul>"));
	/* Of the store's name, but not in its place. */
	get("/sub/state.db", "");
	assert_int_equal(seen.status, 200);
}

static void lists_ten_thousand_and_says_that_there_are_more(void **state)
{
	(void)state;
	struct error error;
	assert_true(file_make_folder("root/crowd", &error));
	for (int i = 0; i <= 10000; i++) {
		char path[32];
		snprintf(path, sizeof path, "root/crowd/%05d", i);
		assert_int_equal(link("root/nothing", path), 0);
		if (i < 9999)
			continue;
		get("/crowd/", "");
		assert_int_equal(seen.status, 200);
		assert_true(!strstr(seen.body.data, "<li>and more</li>") == (i < 10000));
	}
	assert_int_equal(system("rm -r root/crowd"), 0);
}

static void reads_large_files_in_pieces(void **state)
{
	(void)state;
	struct error error;
	OWN(buffer) struct buffer bytes = BUFFER(BIG_BYTES + 10);
	for (int i = 0; i < BIG_BYTES / 10; i++)
		assert_true(buffer_format(&bytes, &error, "%09d\n", i));
	put("root/big", bytes.data);
	get("/big", "");
	assert_int_equal(seen.body.length, BIG_BYTES);
	assert_string_equal(seen.body.data, bytes.data);
	assert_int_equal(seen.response->bytes.capacity, 0);
	/* The end of the file is gone when it is read: the promise cannot be kept. */
	OWN(buffer) struct buffer piece = BUFFER(BIG_BYTES);
	bool done = true;
	seen.response->body_read = 0;
	assert_int_equal(truncate("root/big", 15), 0);
	assert_true(response_read(seen.response, 10, &piece, &done, &error));
	assert_false(done);
	assert_false(response_read(seen.response, 10, &piece, &done, &error));
	assert_int_equal(error.kind, ERROR_IO);
	assert_string_equal(error.text, "a file became shorter while it was being served");
}

static void refuses_a_root_that_is_none(void **state)
{
	(void)state;
	struct error error;
	struct files *none = NULL;
	assert_false(files_new("absent", &none, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_string_equal(
		error.text, "cannot serve the folder 'absent': No such file or directory");
	assert_false(files_new("root/ten.txt", &none, &error));
	assert_string_equal(error.text, "cannot serve the folder 'root/ten.txt': Not a directory");
	assert_null(none);
}

/* No descriptor is left open by any of the answers, refusals and listings. */
static void leaks_no_descriptor(void **state)
{
	(void)state;
	seen_done();
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(before);
	for (size_t i = 0; i < sizeof never_served / sizeof *never_served; i++)
		get(never_served[i], "");
	for (size_t i = 0; i < sizeof served / sizeof *served; i++)
		get(served[i].target, "");
	get("/", "");
	get("/sub", "");
	seen_done();
	int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(after);
	assert_int_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serves_files),
		cmocka_unit_test(never_serves_the_rest),
		cmocka_unit_test(never_serves_what_is_too_long_or_too_deep),
		cmocka_unit_test(sends_folders_to_their_slash),
		cmocka_unit_test(the_api_stands_in_front),
		cmocka_unit_test(keeps_conditions_and_ranges),
		cmocka_unit_test(sends_several_ranges),
		cmocka_unit_test(lists_as_python_does),
		cmocka_unit_test(lists_ten_thousand_and_says_that_there_are_more),
		cmocka_unit_test(reads_large_files_in_pieces),
		cmocka_unit_test(lists_only_what_it_serves),
		cmocka_unit_test(refuses_a_root_that_is_none),
		cmocka_unit_test(leaks_no_descriptor),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
