/* The access log: what a line holds, and a file, a full disk and a reader that sleeps. */
#include "unit.h"

#include "server/access.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mtls-access-test.XXXXXX";
static int log_ends[2];
static struct log log_to;

static int set_up(void **state)
{
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	log_ends[0] = log_ends[1] = -1;
	if (!mkdtemp(folder) || chdir(folder) || pipe2(log_ends, O_NONBLOCK))
		return -1;
	log_to = (struct log){ .fd = log_ends[1], .level_min = LOG_INFO };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	OWN(char) char *command = text_format("rm -rf '%s'", folder);
	close(log_ends[0]);
	close(log_ends[1]);
	return chdir("/") || system(command);
}

static const char *logged(void)
{
	static char said[4096];
	ssize_t bytes = read(log_ends[0], said, sizeof said - 1);
	said[bytes > 0 ? bytes : 0] = 0;
	return said;
}

/* ---- Lines ---- */

static const struct net_peer peer = { .host = "192.0.2.7", .port = 4711 };
static const struct tls_outcome tls = { .version = "TLSv1.3", .resumed = true };

static struct access_entry entry(const struct http_request *request)
{
	return (struct access_entry){ .at = { .tv_sec = 1750000000, .tv_nsec = 42999 },
		.id = "0123456789abcdef0123456789abcdef",
		.peer = &peer,
		.tls = &tls,
		.request = request,
		.status = 200,
		.bytes = 17,
		.duration_ns = 1234567 };
}

static char *line_of(const struct access_entry *one)
{
	OWN(buffer) struct buffer text = BUFFER(65536);
	struct error error;
	assert_true(access_line(one, &text, &error));
	return TAKE(text.data);
}

static void a_line_has_every_fact(void **state)
{
	(void)state;
	static char *sans[] = { "DNS:a.example", "URI:spiffe://x/\\x0a" };
	const struct identity identity = {
		.subject = "CN=\"mtls-client\"", .serial = "0A", .sans = sans, .sans_count = 2
	};
	const struct http_request request = {
		.version = HTTP_1_1, .method = "GET", .path = "/a%20b\"c"
	};
	struct access_entry one = entry(&request);
	one.identity = &identity;
	one.handshake_ns = 7654321;
	OWN(char) char *line = line_of(&one);
	assert_string_equal(line,
		"{\"time\":\"2025-06-15T15:06:40.000042Z\","
		"\"id\":\"0123456789abcdef0123456789abcdef\",\"peer\":\"192.0.2.7\",\"port\":4711,"
		"\"subject\":\"CN=\\u0022mtls-client\\u0022\",\"serial\":\"0A\","
		"\"san\":[\"DNS:a.example\",\"URI:spiffe://x/\\u005cx0a\"],\"tls\":\"TLSv1.3\","
		"\"resumed\":true,\"http\":\"1.1\",\"method\":\"GET\",\"path\":\"/a%20b\\u0022c\","
		"\"status\":200,\"bytes\":17,\"duration_us\":1234,\"handshake_us\":7654}\n");
}

static void what_is_not_there_is_null(void **state)
{
	(void)state;
	struct access_entry one = entry(NULL);
	OWN(char) char *line = line_of(&one);
	assert_non_null(strstr(line, "\"subject\":null,\"serial\":null,\"san\":[],"));
	assert_non_null(strstr(line, "\"http\":null,\"method\":null,\"path\":null,"));
	assert_null(strstr(line, "handshake"));
}

static void versions_of_http_are_named(void **state)
{
	(void)state;
	static const struct {
		enum http_version version;
		const char *text;
	} rows[] = { { HTTP_1_0, "\"http\":\"1.0\"" }, { HTTP_1_1, "\"http\":\"1.1\"" },
		{ HTTP_2, "\"http\":\"2\"" } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct http_request request = {
			.version = rows[i].version, .method = "GET", .path = "/"
		};
		struct access_entry one = entry(&request);
		OWN(char) char *line = line_of(&one);
		assert_non_null(strstr(line, rows[i].text));
	}
}

/* Whatever a peer's text holds, the line is one line, one object, and gives the text back. */
static void hostile_text_stays_text(void **state)
{
	(void)state;
	static const char *const rows[] = { "/\",\"status\":500,\"x\":\"", "/\\", "/\n{}",
		"/\x1b[31m", "/\x7f", "/\xc3\xbc\xe2\x80\xae", "/\x01\x02\x1f" };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct http_request request = {
			.version = HTTP_1_1, .method = "GET", .path = rows[i]
		};
		struct access_entry one = entry(&request);
		json_error_t why;
		OWN(char) char *line = line_of(&one);
		for (const char *at = line; at[1]; at++)
			assert_true((unsigned char)*at >= ' ' && *at != 0x7f);
		OWN(json_t) json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, &why);
		assert_non_null(json);
		assert_string_equal(json_string_value(json_object_get(json, "path")), rows[i]);
		assert_int_equal(json_integer_value(json_object_get(json, "status")), 200);
	}
	/* What is no UTF-8 is escaped as in the other log. */
	const struct http_request request = {
		.version = HTTP_1_1, .method = "GET", .path = "/\xff\""
	};
	struct access_entry one = entry(&request);
	OWN(char) char *line = line_of(&one);
	assert_non_null(strstr(line, "\"path\":\"/\\u005cxff\\u0022\""));
}

static void what_does_not_fit_leaves_nothing(void **state)
{
	(void)state;
	OWN(buffer) struct buffer text = BUFFER(300);
	struct access_entry one = entry(NULL);
	struct error error;
	assert_true(access_line(&one, &text, &error));
	size_t length = text.length;
	assert_false(access_line(&one, &text, &error));
	assert_int_equal(error.kind, ERROR_LIMIT);
	assert_int_equal(text.length, length);
}

static void ids_are_never_the_same(void **state)
{
	(void)state;
	enum { IDS = 1000 };
	static char ids[2 * IDS][REQUEST_ID_BYTES];
	struct request_ids one, other;
	request_ids_init(&one);
	request_ids_init(&other);
	for (size_t i = 0; i < IDS; i++) {
		request_id(&one, ids[i]);
		request_id(&other, ids[IDS + i]);
	}
	for (size_t i = 0; i < 2 * IDS; i++) {
		assert_int_equal(strlen(ids[i]), 32);
		assert_int_equal(strspn(ids[i], "0123456789abcdef"), 32);
	}
	qsort(ids, 2 * IDS, sizeof *ids, (int (*)(const void *, const void *))strcmp);
	for (size_t i = 1; i < 2 * IDS; i++)
		assert_string_not_equal(ids[i - 1], ids[i]);
}

/* ---- The file ---- */

static struct access *start(const char *path, size_t slots)
{
	struct access *access = NULL;
	struct error error;
	if (!access_new(path, slots, &log_to, &access, &error) || !access_start(access, &error))
		fail_msg("%s", error.text);
	return access;
}

static void put(struct access *access, size_t slot, int times)
{
	const struct http_request request = { .version = HTTP_1_1, .method = "GET", .path = "/" };
	struct access_entry one = entry(&request);
	for (int i = 0; i < times; i++)
		access_put(access, slot, &one);
}

static void await(const struct access *access, unsigned long long lines)
{
	struct access_counts counts;
	do {
		sched_yield();
		counts = access_counts(access);
	} while (counts.written + counts.dropped < lines);
}

static size_t lines_in(const char *path)
{
	OWN(buffer) struct buffer text = BUFFER((size_t)8 << 20);
	struct error error;
	size_t lines = 0;
	if (!file_read(path, &text, &error))
		return 0;
	assert_int_equal(text.data[text.length - 1], '\n');
	for (const char *at = text.data; (at = strchr(at, '\n')) != NULL; at++, lines++)
		assert_int_equal(at[-1], '}');
	return lines;
}

static void every_line_is_there_at_the_end(void **state)
{
	(void)state;
	struct stat about;
	umask(0);
	struct access *access = start("all", 3);
	assert_int_equal(stat("all", &about), 0);
	assert_int_equal(about.st_mode & 07777, 0600);
	put(access, 0, 700);
	put(access, 2, 300);
	put(access, 1, 1);
	access_free(access);
	assert_int_equal(lines_in("all"), 1001);
	/* The next one goes on where this one ended. */
	access = start("all", 1);
	put(access, 0, 1);
	await(access, 1);
	assert_int_equal(access_counts(access).written, 1);
	assert_int_equal(access_counts(access).dropped, 0);
	access_free(access);
	assert_int_equal(lines_in("all"), 1002);
	assert_string_equal(logged(), "");
}

static void a_renamed_file_is_let_go(void **state)
{
	(void)state;
	struct access *access = start("now", 1);
	put(access, 0, 2);
	await(access, 2);
	assert_int_equal(rename("now", "before"), 0);
	put(access, 0, 1); /* nobody has said so yet */
	await(access, 3);
	access_reopen(access);
	while (access_counts(access).written < 4 || !file_exists("now"))
		put(access, 0, access_counts(access).written == 3);
	access_free(access);
	assert_int_equal(lines_in("before"), 3);
	assert_true(lines_in("now") >= 1);
	assert_string_equal(logged(), "");
}

/* A folder in its place: the file that was open is written on, and somebody is told. */
static void what_cannot_be_opened_again_is_told(void **state)
{
	(void)state;
	struct access *access = start("here", 1);
	assert_int_equal(rename("here", "there"), 0);
	assert_int_equal(mkdir("here", 0700), 0);
	access_reopen(access);
	put(access, 0, 1);
	access_free(access);
	assert_int_equal(lines_in("there"), 1);
	assert_string_equal(logged(),
		"[SERVER] WARNING: cannot write the access log 'here': Is a directory; the file "
		"that was open is written on\n");
}

static void what_is_no_file_is_refused(void **state)
{
	(void)state;
	struct access *access = NULL;
	struct error error;
	assert_int_equal(mkfifo("unread", 0600), 0);
	static const struct {
		const char *path, *text;
		enum error_kind kind;
	} rows[] = {
		{ "no/folder", "cannot write the access log 'no/folder': No such file or directory",
			ERROR_IO },
		{ ".", "cannot write the access log '.': Is a directory", ERROR_INPUT },
		{ "unread/x", "cannot write the access log 'unread/x': Not a directory",
			ERROR_INPUT },
		{ "unread", "cannot write the access log 'unread': No such device or address",
			ERROR_IO },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_false(access_new(rows[i].path, 1, &log_to, &access, &error));
		assert_string_equal(error.text, rows[i].text);
		assert_int_equal(error.kind, rows[i].kind);
		assert_null(access);
	}
}

/* Where the server did not come to serve, only what it made itself goes, and only while empty. */
static void a_start_that_failed_leaves_no_file(void **state)
{
	(void)state;
	static const struct {
		bool there;
		const char *meanwhile; /* written by somebody else */
		bool serves, stays;
	} rows[] = {
		{ false, "", false, false },
		{ false, "x", false, true },
		{ true, "", false, true },
		{ false, "", true, true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error;
		OWN(char) char *path = text_format("start%zu", i);
		struct access *access = NULL;
		if (rows[i].there)
			close(open(path, O_WRONLY | O_CREAT, 0600));
		if (!access_new(path, 1, &log_to, &access, &error))
			fail_msg("%s", error.text);
		int fd = open(path, O_WRONLY | O_APPEND);
		assert_int_equal(write(fd, rows[i].meanwhile, strlen(rows[i].meanwhile)),
			strlen(rows[i].meanwhile));
		close(fd);
		if (rows[i].serves)
			assert_true(access_start(access, &error));
		access_free(access);
		struct stat about;
		if ((stat(path, &about) == 0) != rows[i].stays)
			fail_msg("row %zu", i);
	}
}

/* ---- What does not take it all ---- */

static void a_full_device_drops_and_is_told_once(void **state)
{
	(void)state;
	struct access *access = start("/dev/full", 1);
	for (unsigned long long i = 1; i <= 3; i++) {
		put(access, 0, 1);
		await(access, i);
	}
	assert_int_equal(access_counts(access).written, 0);
	assert_int_equal(access_counts(access).dropped, 3);
	access_free(access);
	assert_string_equal(logged(),
		"[SERVER] WARNING: the access log '/dev/full' cannot be written, "
		"and its lines are dropped: No space left on device\n");
}

/* The last line that fits only in part is taken back, and it goes on when there is room again. */
static void no_half_line_stays(void **state)
{
	(void)state;
	struct rlimit before;
	struct access_counts counts;
	getrlimit(RLIMIT_FSIZE, &before);
	const struct rlimit small = { 1000, before.rlim_max };
	struct access *access = start("small", 1);
	setrlimit(RLIMIT_FSIZE, &small);
	put(access, 0, 10);
	await(access, 10);
	counts = access_counts(access);
	assert_true(counts.written > 0 && counts.dropped > 0);
	assert_int_equal(counts.written, lines_in("small"));
	setrlimit(RLIMIT_FSIZE, &before);
	put(access, 0, 1);
	await(access, 11);
	assert_int_equal(access_counts(access).written, counts.written + 1);
	access_free(access);
	assert_int_equal(lines_in("small"), counts.written + 1);
	const char *said = logged();
	assert_non_null(strstr(said, "lines are dropped: File too large\n"));
	assert_non_null(strstr(said, "[SERVER] The access log 'small' is written again; "));
}

/* Handing over never waits, and the end comes although nobody reads. */
static void a_reader_that_sleeps_stops_nobody(void **state)
{
	(void)state;
	enum { LINES = 20000 }; /* more than a pipe, what is being written and what waits */
	assert_int_equal(mkfifo("asleep", 0600), 0);
	int reader = open("asleep", O_RDONLY | O_NONBLOCK);
	struct access *access = start("asleep", 1);
	put(access, 0, LINES);
	assert_true(access_counts(access).dropped > 0);
	access_free(access);
	close(reader);
	assert_non_null(strstr(logged(), "the access log 'asleep' cannot be written"));
}

static void a_reader_that_is_awake_gets_all(void **state)
{
	(void)state;
	enum { LINES = 2000 };
	static char bytes[1 << 16];
	size_t lines = 0;
	assert_int_equal(mkfifo("awake", 0600), 0);
	int reader = open("awake", O_RDONLY | O_NONBLOCK);
	struct access *access = start("awake", 1);
	put(access, 0, LINES);
	while (lines < LINES) {
		ssize_t got = read(reader, bytes, sizeof bytes);
		for (ssize_t i = 0; i < got; i++)
			lines += bytes[i] == '\n';
		sched_yield();
	}
	access_free(access);
	close(reader);
	assert_string_equal(logged(), "");
}

/* Standard output may be the pipe of the log as well: of packets each read is what one write was.
 */
static void no_line_is_torn_between_two_writes(void **state)
{
	(void)state;
#ifndef O_DIRECT
	skip();
#else
	enum { LINES = 2000 };
	int packets[2], before = dup(STDOUT_FILENO);
	char packet[2 * PIPE_BUF];
	size_t lines = 0, torn = 0;
	assert_int_equal(pipe(packets), 0);
	assert_int_equal(fcntl(packets[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fcntl(packets[1], F_SETFL, O_DIRECT), 0);
	fflush(stdout);
	assert_true(dup2(packets[1], STDOUT_FILENO) >= 0);
	struct access *access = start("-", 1);
	put(access, 0, LINES);
	while (lines < LINES) {
		ssize_t got = read(packets[0], packet, sizeof packet);
		for (ssize_t i = 0; i < got; i++)
			lines += packet[i] == '\n';
		torn += got > 0 && packet[got - 1] != '\n';
		sched_yield();
	}
	access_free(access);
	dup2(before, STDOUT_FILENO);
	close(before);
	close(packets[0]);
	close(packets[1]);
	assert_int_equal(torn, 0);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_every_fact),
		cmocka_unit_test(what_is_not_there_is_null),
		cmocka_unit_test(versions_of_http_are_named),
		cmocka_unit_test(hostile_text_stays_text),
		cmocka_unit_test(what_does_not_fit_leaves_nothing),
		cmocka_unit_test(ids_are_never_the_same),
		cmocka_unit_test(every_line_is_there_at_the_end),
		cmocka_unit_test(a_renamed_file_is_let_go),
		cmocka_unit_test(what_cannot_be_opened_again_is_told),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(a_start_that_failed_leaves_no_file),
		cmocka_unit_test(a_full_device_drops_and_is_told_once),
		cmocka_unit_test(no_half_line_stays),
		cmocka_unit_test(a_reader_that_sleeps_stops_nobody),
		cmocka_unit_test(a_reader_that_is_awake_gets_all),
		cmocka_unit_test(no_line_is_torn_between_two_writes),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
