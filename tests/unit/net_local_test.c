/* Sockets that have a path: who may listen where, what a path is worth afterwards, and talking. */
#include "unit.h"

#include "net_loop.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[] = "/tmp/mtls-local-test.XXXXXX";
static struct error error;

static int enter_folder(void **state)
{
	(void)state;
	return !mkdtemp(folder) || chdir(folder);
}

static int remove_folder(void **state)
{
	(void)state;
	OWN(char) char *command = text_format("rm -rf '%s'", folder);
	return chdir("/") || system(command);
}

/* What came of the connections, and what ends the loop. */
struct seen {
	struct net_loop *loop;
	struct net_stream *stream;
	char text[64];
	size_t bytes;
	unsigned accepted, ended;
	bool owner, greets; /* greets: says hello and goodbye, and listens to nothing */
};

static void got_bytes(void *context, const void *bytes, size_t count)
{
	struct seen *seen = context;
	assert_true(count < sizeof seen->text - seen->bytes);
	memcpy(seen->text + seen->bytes, bytes, count);
	seen->bytes += count;
}

static void got_end(void *context, const struct error *why)
{
	struct seen *seen = context;
	assert_null(why);
	seen->ended++;
	net_stream_close(TAKE(seen->stream));
	net_loop_stop(seen->loop);
}

static void got_drained(void *context)
{
	(void)context;
}

static void accept_one(void *context, struct net_stream *stream)
{
	static const struct net_stream_events events = { got_bytes, got_end, got_drained };
	struct seen *seen = context;
	seen->accepted++;
	seen->owner = net_stream_peer_is_owner(stream);
	if (seen->greets) {
		assert_true(net_stream_write(stream, "hello", 5, &error));
		net_stream_close(stream);
		net_loop_stop(seen->loop);
		return;
	}
	seen->stream = stream;
	net_stream_start(stream, &events, seen);
}

static struct net_listener *listening(struct seen *seen, const char *path)
{
	struct net_listener *listener = NULL;
	if (!net_listen_local(seen->loop, path, accept_one, seen, &listener, &error))
		fail_msg("%s", error.text);
	return listener;
}

static void refused(struct seen *seen, const char *path, enum error_kind kind, const char *text)
{
	struct net_listener *untouched = NULL;
	assert_false(net_listen_local(seen->loop, path, accept_one, seen, &untouched, &error));
	assert_null(untouched);
	assert_string_equal(error.text, text);
	assert_int_equal(error.kind, kind);
}

/* A socket of a server that was killed: its path stands, and nobody listens. */
static void leave_behind(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd);
}

static mode_t mode_of(const char *path)
{
	struct stat about;
	assert_int_equal(lstat(path, &about), 0);
	return about.st_mode;
}

static void both_sides_talk_and_part(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct seen seen = { .loop = loop };
	struct net_listener *listener = listening(&seen, "talk");
	struct net_dial *dial = NULL;
	char answer[16];
	size_t count;
	assert_true(net_dial_local("talk", &dial, &error));
	assert_string_equal(net_dial_address(dial), "talk");
	assert_true(net_dial_send(dial, "one ", 4, 1000));
	assert_true(net_dial_send(dial, "two", 3, 1000));
	/* The kernel keeps what was sent for whoever comes back to it later. */
	net_dial_close(dial);
	net_loop_run(loop);
	assert_int_equal(seen.accepted, 1);
	assert_int_equal(seen.ended, 1);
	assert_true(seen.owner);
	assert_int_equal(seen.bytes, 7);
	assert_memory_equal(seen.text, "one two", 7);
	/* The other way round, with the end that follows. */
	seen.greets = true;
	assert_true(net_dial_local("talk", &dial, &error));
	net_loop_run(loop);
	assert_true(net_dial_receive(dial, answer, sizeof answer, 1000, &count));
	assert_int_equal(count, 5);
	assert_memory_equal(answer, "hello", 5);
	assert_true(net_dial_receive(dial, answer, sizeof answer, 1000, &count));
	assert_int_equal(count, 0);
	assert_int_equal(seen.accepted, 2);
	net_dial_close(dial);
	net_listener_close(listener);
}

/* Nobody but the user ever may connect, whatever the umask says. */
static void the_path_is_ours_alone(void **state)
{
	(void)state;
	static const mode_t masks[] = { 0, 022, 077, 0777 };
	for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
		OWN(net_loop) struct net_loop *loop = new_loop();
		struct seen seen = { .loop = loop };
		mode_t before = umask(masks[i]);
		struct net_listener *listener = listening(&seen, "mode");
		umask(before);
		assert_true(S_ISSOCK(mode_of("mode")));
		assert_int_equal(mode_of("mode") & 0177, 0);
		net_listener_close(listener);
	}
}

static void a_path_goes_with_its_listener(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct seen seen = { .loop = loop };
	struct net_dial *untouched = NULL;
	for (int i = 0; i < 3; i++) {
		struct net_listener *listener = listening(&seen, "again");
		assert_int_equal(access("again", F_OK), 0);
		net_listener_close(listener);
		assert_int_equal(access("again", F_OK), -1);
		assert_false(net_dial_local("again", &untouched, &error));
		assert_null(untouched);
		assert_string_equal(error.text, "nobody listens on 'again'");
		assert_int_equal(error.code, CODE_CONNECTION_REFUSED);
		assert_int_equal(error.kind, ERROR_NETWORK);
	}
}

static void what_a_dead_server_left_is_replaced(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct seen seen = { .loop = loop };
	struct net_dial *dial = NULL;
	leave_behind("dead");
	assert_false(net_dial_local("dead", &dial, &error));
	assert_string_equal(error.text, "nobody listens on 'dead'");
	struct net_listener *listener = listening(&seen, "dead");
	assert_int_equal(mode_of("dead") & 0777, 0600);
	assert_true(net_dial_local("dead", &dial, &error));
	net_dial_close(dial);
	net_listener_close(listener);
}

static void who_still_listens_keeps_the_path(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct seen seen = { .loop = loop };
	struct net_dial *dial = NULL;
	struct net_listener *listener = listening(&seen, "busy");
	refused(&seen, "busy", ERROR_NETWORK,
		"cannot listen on 'busy': another server listens there");
	assert_string_equal(error.hint, "choose another path, or stop that server");
	/* The refusal took nothing away from it. */
	assert_true(net_dial_local("busy", &dial, &error));
	net_dial_close(dial);
	net_listener_close(listener);
	/* The twin: the path is free now. */
	net_listener_close(listening(&seen, "busy"));
}

/* A file is never removed for a socket's sake. */
static void files_stay(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct seen seen = { .loop = loop };
	assert_int_equal(system("echo precious >file; mkdir sub; ln -s file link; "
				"ln -s absent dangling; mkfifo fifo"),
		0);
	static const struct {
		const char *path, *text;
	} rows[] = {
		{ "file", "cannot listen on 'file': it is there already, and no socket" },
		{ "sub", "cannot listen on 'sub': it is there already, and no socket" },
		{ "link", "cannot listen on 'link': it is there already, and no socket" },
		{ "dangling", "cannot listen on 'dangling': it is there already, and no socket" },
		{ "fifo", "cannot listen on 'fifo': it is there already, and no socket" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		refused(&seen, rows[i].path, ERROR_INPUT, rows[i].text);
		assert_false(S_ISSOCK(mode_of(rows[i].path)));
	}
	assert_int_equal(system("test \"$(cat link)\" = precious"), 0);
}

static void no_such_place(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct seen seen = { .loop = loop };
	struct net_dial *untouched = NULL;
	refused(&seen, "absent/socket", ERROR_NETWORK,
		"cannot listen on 'absent/socket': No such file or directory");
	assert_int_equal(system("echo nothing >plain"), 0);
	refused(&seen, "plain/socket", ERROR_NETWORK,
		"cannot listen on 'plain/socket': Not a directory");
	/* Connecting knows the same places by its own words. */
	assert_false(net_dial_local("absent/socket", &untouched, &error));
	assert_string_equal(error.text, "nobody listens on 'absent/socket'");
	assert_int_equal(error.code, CODE_CONNECTION_REFUSED);
	assert_false(net_dial_local("plain/socket", &untouched, &error));
	assert_string_equal(error.text, "cannot connect to 'plain/socket': Not a directory");
	assert_int_equal(error.code, CODE_NONE);
	assert_int_equal(error.kind, ERROR_NETWORK);
	assert_false(net_dial_local("plain", &untouched, &error));
	assert_string_equal(error.text, "nobody listens on 'plain'");
	assert_null(untouched);
}

/* sun_path of unix(7) has 108 bytes, and one of them ends it. */
static void a_path_has_a_length(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct seen seen = { .loop = loop };
	struct net_dial *dial = NULL;
	char path[109];
	memset(path, 'p', sizeof path - 1);
	path[108] = 0;
	OWN(char)
	char *wanted =
		text_format("the path of a socket has 1 to 107 bytes, and '%s' has 108", path);
	refused(&seen, path, ERROR_USAGE, wanted);
	assert_false(net_dial_local(path, &dial, &error));
	assert_string_equal(error.text, wanted);
	assert_int_equal(error.kind, ERROR_USAGE);
	refused(&seen, "", ERROR_USAGE, "the path of a socket has 1 to 107 bytes, and '' has 0");
	assert_false(net_dial_local("", &dial, &error));
	assert_null(dial);
	/* The twin: the longest there is. */
	path[107] = 0;
	struct net_listener *listener = listening(&seen, path);
	assert_true(net_dial_local(path, &dial, &error));
	net_dial_close(dial);
	net_listener_close(listener);
	assert_int_equal(access(path, F_OK), -1);
}

/* Each refusal gives back its socket. */
static void no_descriptor_is_left(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct seen seen = { .loop = loop };
	struct net_dial *untouched = NULL;
	assert_int_equal(system("echo nothing >thing"), 0);
	int before = dup(0);
	close(before);
	refused(&seen, "thing", ERROR_INPUT,
		"cannot listen on 'thing': it is there already, and no socket");
	refused(&seen, "absent/socket", ERROR_NETWORK,
		"cannot listen on 'absent/socket': No such file or directory");
	assert_false(net_dial_local("thing", &untouched, &error));
	int after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_talk_and_part),
		cmocka_unit_test(the_path_is_ours_alone),
		cmocka_unit_test(a_path_goes_with_its_listener),
		cmocka_unit_test(what_a_dead_server_left_is_replaced),
		cmocka_unit_test(who_still_listens_keeps_the_path),
		cmocka_unit_test(files_stay),
		cmocka_unit_test(no_such_place),
		cmocka_unit_test(a_path_has_a_length),
		cmocka_unit_test(no_descriptor_is_left),
	};
	return cmocka_run_group_tests(tests, enter_folder, remove_folder);
}
