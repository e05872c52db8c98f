/* Connecting, from a host's name to a stream: what is found, who answers, and who calls back. */
#include "net_loop.h"

struct dialled {
	struct net_loop *loop;
	struct net_stream *stream;
	struct net_listener *listener;
	struct net_timer *timer;
	int calls, accepted, ended;
	bool connected;
	struct error error;
	char bytes[64];
};

static void accept_one(void *context, struct net_stream *stream)
{
	struct dialled *dialled = context;
	dialled->accepted++;
	net_stream_close(stream);
}

static void count_call(void *context, const struct error *error)
{
	struct dialled *dialled = context;
	dialled->calls++;
	dialled->connected = !error;
	if (error)
		dialled->error = *error;
	net_stream_close(dialled->stream);
	net_listener_close(dialled->listener);
	dialled->listener = NULL;
}

static void resolve(const char *host, uint16_t port, struct net_target **ret)
{
	struct net_address address = { .port = port };
	struct error error;
	snprintf(address.host, sizeof address.host, "%s", host);
	if (!net_resolve(&address, ret, &error))
		fail_msg("%s", error.text);
}

/* A port on which nobody listens: one that was somebody's a moment ago. */
static uint16_t free_port(void)
{
	const struct net_address address = { .host = "127.0.0.1" };
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct net_listener *listener = NULL;
	struct error error;
	if (!net_listen(loop, &address, accept_one, NULL, &listener, &error))
		fail_msg("%s", error.text);
	uint16_t port = net_listener_port(listener);
	net_listener_close(listener);
	net_loop_run(loop);
	return port;
}

static void listen_there(struct dialled *dialled)
{
	const struct net_address address = { .host = "127.0.0.1" };
	struct error error;
	if (!net_listen(dialled->loop, &address, accept_one, dialled, &dialled->listener, &error))
		fail_msg("%s", error.text);
}

static void hosts_are_found_or_named(void **state)
{
	(void)state;
	static const struct {
		const char *host;
		bool found;
	} rows[] = {
		{ "127.0.0.1", true }, { "::1", true }, { "localhost", true },
		{ "no-such-host.invalid", false }, { "256.0.0.1", false }, { "a b", false },
		{ "[::1]", false }, /* brackets are an address's, not a host's */
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(net_target) struct net_target *target = NULL;
		struct net_address address = { .port = 443 };
		struct error error = { .kind = ERROR_NONE };
		snprintf(address.host, sizeof address.host, "%s", rows[i].host);
		if (net_resolve(&address, &target, &error) != rows[i].found)
			fail_msg("'%s': %s", rows[i].host, error.text);
		assert_int_equal(target != NULL, rows[i].found);
		if (rows[i].found)
			continue;
		OWN(char) char *text = text_format("cannot find the host '%s': ", rows[i].host);
		assert_int_equal(error.kind, ERROR_NETWORK);
		assert_int_equal(error.code, CODE_HOST_UNKNOWN);
		assert_memory_equal(error.text, text, strlen(text));
		assert_true(strlen(error.text) > strlen(text));
	}
}

static void a_port_without_a_listener_refuses(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *loop = new_loop();
	OWN(net_target) struct net_target *target = NULL;
	struct dialled dialled = { .loop = loop };
	struct error error;
	uint16_t port = free_port();
	OWN(char)
	char *text = text_format("cannot connect to 127.0.0.1:%u: Connection refused", port);
	resolve("127.0.0.1", port, &target);
	dialled.stream = net_connect(loop, target, count_call, &dialled, &error);
	assert_non_null(dialled.stream);
	assert_int_equal(dialled.calls, 0); /* the answer comes from the loop */
	net_loop_run(loop);
	assert_int_equal(dialled.calls, 1);
	assert_false(dialled.connected);
	assert_int_equal(dialled.error.kind, ERROR_NETWORK);
	assert_int_equal(error_exit_code(dialled.error.kind), 3);
	assert_string_equal(dialled.error.text, text);
}

static void a_listener_answers_once(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *loop = new_loop();
	OWN(net_target) struct net_target *target = NULL;
	struct dialled dialled = { .loop = loop };
	struct error error;
	listen_there(&dialled);
	uint16_t port = net_listener_port(dialled.listener);
	resolve("127.0.0.1", port, &target);
	dialled.stream = net_connect(loop, target, count_call, &dialled, &error);
	assert_non_null(dialled.stream);
	assert_string_equal(net_stream_peer(dialled.stream)->host, "127.0.0.1");
	assert_int_equal(net_stream_peer(dialled.stream)->port, port);
	net_loop_run(loop);
	assert_int_equal(dialled.calls, 1);
	assert_true(dialled.connected);
}

/* Whoever closes before the answer is not told of it, be it good or bad. */
static void what_was_closed_before_is_silent(void **state)
{
	(void)state;
	for (int listens = 0; listens < 2; listens++) {
		OWN(net_loop) struct net_loop *loop = new_loop();
		OWN(net_target) struct net_target *target = NULL;
		struct dialled dialled = { .loop = loop };
		struct error error;
		uint16_t port = free_port();
		if (listens) {
			listen_there(&dialled);
			port = net_listener_port(dialled.listener);
		}
		resolve("127.0.0.1", port, &target);
		struct net_stream *stream = net_connect(loop, target, count_call, &dialled, &error);
		assert_non_null(stream);
		net_stream_close(stream);
		net_stream_close(stream); /* twice is once */
		net_listener_close(dialled.listener);
		net_loop_run(loop);
		assert_int_equal(dialled.calls, 0);
	}
	net_stream_close(NULL);
	net_listener_close(NULL);
}

static void stop_loop(void *context)
{
	struct dialled *dialled = context;
	net_loop_stop(dialled->loop);
}

/* One target serves many connections, and does not outlive its use by one. */
static void a_target_serves_many(void **state)
{
	(void)state;
	OWN(net_loop) struct net_loop *loop = new_loop();
	struct net_target *target = NULL;
	struct dialled listener = { .loop = loop }, dialled[8];
	struct error error;
	listen_there(&listener);
	resolve("localhost", net_listener_port(listener.listener), &target);
	net_target_free(target);
	target = NULL;
	resolve("127.0.0.1", net_listener_port(listener.listener), &target);
	for (size_t i = 0; i < 8; i++) {
		dialled[i] = (struct dialled){ .loop = loop };
		dialled[i].stream = net_connect(loop, target, count_call, &dialled[i], &error);
		assert_non_null(dialled[i].stream);
	}
	net_target_free(target);
	listener.timer = net_timer_new(loop, stop_loop, &listener);
	for (size_t left = 8; left;) {
		net_timer_start(listener.timer, 1);
		net_loop_run(loop);
		left = 8;
		for (size_t i = 0; i < 8; i++)
			left -= dialled[i].calls == 1 && dialled[i].connected;
	}
	net_timer_free(listener.timer);
	net_listener_close(listener.listener);
}

/* ---- Without a loop ---- */

static void places_are_found_or_named(void **state)
{
	(void)state;
	struct net_address address = { .host = "127.0.0.1", .port = 8443 };
	struct error error;
	OWN(net_places) struct net_places *places = NULL;
	assert_true(net_places_find(&address, 60000, &places, &error));
	OWN(char) char *text = net_places_text(places);
	assert_string_equal(text, "127.0.0.1:8443");
	snprintf(address.host, sizeof address.host, "no-such-host.invalid");
	struct net_places *none = NULL;
	assert_false(net_places_find(&address, 60000, &none, &error));
	assert_null(none);
	assert_int_equal(error.kind, ERROR_NETWORK);
	assert_int_equal(error.code, CODE_HOST_UNKNOWN);
	assert_non_null(strstr(error.text, "cannot find the host 'no-such-host.invalid': "));
	net_places_free(NULL);
	net_dial_close(NULL);
}

static void nobody_to_dial(void **state)
{
	(void)state;
	const struct net_address address = { .host = "127.0.0.1", .port = free_port() };
	struct error error;
	OWN(net_places) struct net_places *places = NULL;
	struct net_dial *dial = NULL;
	assert_true(net_places_find(&address, 60000, &places, &error));
	assert_false(net_dial(places, 60000, &dial, &error));
	assert_null(dial);
	assert_int_equal(error.kind, ERROR_NETWORK);
	assert_int_equal(error.code, CODE_CONNECTION_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_found_or_named),
		cmocka_unit_test(a_port_without_a_listener_refuses),
		cmocka_unit_test(a_listener_answers_once),
		cmocka_unit_test(what_was_closed_before_is_silent),
		cmocka_unit_test(a_target_serves_many),
		cmocka_unit_test(places_are_found_or_named),
		cmocka_unit_test(nobody_to_dial),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
