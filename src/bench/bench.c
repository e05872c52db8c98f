/* The load as a whole: contexts, one probe, the threads, and the sum of what they counted. */
#include "bench/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

/* ---- What all threads share ---- */

static void shared_done(struct shared *shared)
{
	for (size_t i = 0; i < shared->contexts_count; i++)
		tls_context_free(shared->contexts[i]);
	free(shared->contexts);
	net_target_free(shared->target);
}

static bool make_shared(
	const struct bench_options *options, struct shared *ret, struct error *reterr)
{
	size_t count = options->certificates_count ? options->certificates_count : 1;
	ret->options = options;
	ret->contexts = calloc(count, sizeof *ret->contexts);
	if (!ret->contexts)
		bug("out of memory for %zu TLS contexts", count);
	for (; ret->contexts_count < count; ret->contexts_count++) {
		struct tls_options tls = options->tls;
		tls.server = false;
		tls.keeps_session = options->mode == BENCH_RESUMED;
		if (options->certificates_count) {
			tls.cert = options->certificates[ret->contexts_count].cert;
			tls.key = options->certificates[ret->contexts_count].key;
		}
		if (!tls_context_new(&tls, &ret->contexts[ret->contexts_count], reterr))
			return false;
	}
	return net_resolve(&options->server, &ret->target, reterr);
}

/* ---- Workers ---- */

/* A turn of one connection: a hundred requests, each with a body of any size. */
#define PIECE_BYTES_MAX ((size_t)256 << 20)

static bool make_worker(struct shared *shared, size_t slots, size_t first_certificate,
	struct worker *ret, struct error *reterr)
{
	*ret = (struct worker){ .shared = shared, .slots_count = slots };
	if (!net_loop_new(&ret->loop, reterr))
		return false;
	ret->slots = calloc(slots, sizeof *ret->slots);
	ret->result = calloc(1, sizeof *ret->result);
	ret->bytes = malloc(READ_BYTES);
	if (!ret->slots || !ret->result || !ret->bytes)
		bug("out of memory for %zu connections", slots);
	buffer_init(&ret->piece, PIECE_BYTES_MAX);
	for (size_t i = 0; i < slots; i++) {
		ret->slots[i].worker = ret;
		ret->slots[i].certificate = (first_certificate + i) % shared->contexts_count;
	}
	return true;
}

static void free_worker(struct worker *worker)
{
	net_loop_free(worker->loop);
	buffer_done(&worker->piece);
	free(worker->slots);
	free(worker->result);
	free(worker->bytes);
}

static void add_result(struct bench_result *sum, const struct bench_result *one)
{
	histogram_merge(&sum->operations, &one->operations);
	histogram_merge(&sum->handshakes, &one->handshakes);
	sum->failed += one->failed;
	for (size_t i = 0; i < CODE_COUNT; i++)
		sum->errors[i] += one->errors[i];
	for (size_t i = 0; i < BENCH_STATUSES; i++)
		sum->statuses[i] += one->statuses[i];
	sum->resumed += one->resumed;
	sum->held += one->held;
	sum->overdue += one->overdue;
	sum->received_bytes += one->received_bytes;
	if (sum->first_error.kind == ERROR_NONE)
		sum->first_error = one->first_error;
}

/* ---- The probe ---- */

/* Certificates are tried in batches: a wrong one among a thousand is named before the load. */
#define PROBES_AT_ONCE 16

static bool probe_some(struct shared *shared, size_t first, struct error *reterr)
{
	struct worker worker;
	size_t left = shared->contexts_count - first;
	if (!make_worker(
		    shared, left < PROBES_AT_ONCE ? left : PROBES_AT_ONCE, first, &worker, reterr))
		return false;
	worker.probing = true;
	worker_run(&worker);
	bool ok = worker.result->first_error.kind == ERROR_NONE;
	if (!ok)
		*reterr = worker.result->first_error;
	free_worker(&worker);
	return ok;
}

/* A name may have several addresses ("localhost"), and the server listen on one: the first decides.
 */
static bool probe(struct shared *shared, struct error *reterr)
{
	for (size_t first = 0; first < shared->contexts_count; first += PROBES_AT_ONCE)
		while (!probe_some(shared, first, reterr))
			if (first || reterr->system != ECONNREFUSED ||
				!net_target_next(shared->target))
				return false;
	atomic_store(&shared->done, 0);
	atomic_store(&shared->failed, 0);
	return true;
}

/* ---- The load ---- */

struct crew {
	struct shared *shared;
	struct worker *workers;
	size_t count;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	size_t running;
	struct net_signal *interrupt;
};

static void interrupted(void *context, int number)
{
	struct shared *shared = context;
	(void)number;
	atomic_store(&shared->stop, true);
}

struct job {
	struct crew *crew;
	struct worker *worker;
};

static void *run_job(void *argument)
{
	struct job *job = argument;
	struct crew *crew = job->crew;
	worker_run(job->worker);
	pthread_mutex_lock(&crew->lock);
	crew->running--;
	pthread_cond_signal(&crew->ended);
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

/* Once a second, as long as a thread runs. */
static void report_progress(struct crew *crew, uint64_t start_ns)
{
	struct shared *shared = crew->shared;
	const struct bench_options *options = shared->options;
	struct timespec next = clock_in_ms(0);
	pthread_mutex_lock(&crew->lock);
	while (crew->running) {
		next.tv_sec++;
		int status = 0;
		while (crew->running && status != ETIMEDOUT)
			status = pthread_cond_timedwait(&crew->ended, &crew->lock, &next);
		if (crew->running && options->progress)
			options->progress(options->context, atomic_load(&shared->done),
				atomic_load(&shared->failed),
				(double)(clock_monotonic_ns() - start_ns) / 1e9);
	}
	pthread_mutex_unlock(&crew->lock);
}

static void run_crew(struct crew *crew, uint64_t start_ns)
{
	struct job jobs[BENCH_THREADS_MAX];
	pthread_t threads[BENCH_THREADS_MAX];
	crew->running = crew->count;
	for (size_t i = 0; i < crew->count; i++) {
		jobs[i] = (struct job){ crew, &crew->workers[i] };
		if (pthread_create(&threads[i], NULL, run_job, &jobs[i]) != 0)
			bug("out of memory for a thread");
	}
	report_progress(crew, start_ns);
	for (size_t i = 0; i < crew->count; i++)
		pthread_join(threads[i], NULL);
}

static double seconds_of(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static bool run_load(struct shared *shared, struct bench_result *ret, struct error *reterr)
{
	const struct bench_options *options = shared->options;
	struct worker workers[BENCH_THREADS_MAX];
	struct crew crew = { .shared = shared,
		.workers = workers,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.ended = PTHREAD_COND_INITIALIZER };
	struct rusage before, after;
	size_t first = 0;
	bool ok = true;
	for (; ok && crew.count < options->threads; crew.count += ok) {
		size_t share = options->connections / options->threads +
			       (crew.count < options->connections % options->threads);
		struct worker *worker = &workers[crew.count];
		ok = make_worker(shared, share, first, worker, reterr);
		worker->rate = options->rate / (double)options->threads;
		first += share;
	}
	ok = ok &&
	     net_signal_new(workers[0].loop, SIGINT, interrupted, shared, &crew.interrupt, reterr);
	if (ok) {
		getrusage(RUSAGE_SELF, &before);
		uint64_t start_ns = clock_monotonic_ns();
		run_crew(&crew, start_ns);
		ret->seconds = (double)(clock_monotonic_ns() - start_ns) / 1e9;
		getrusage(RUSAGE_SELF, &after);
		ret->cpu_user = seconds_of(&after.ru_utime) - seconds_of(&before.ru_utime);
		ret->cpu_system = seconds_of(&after.ru_stime) - seconds_of(&before.ru_stime);
	}
	net_signal_free(crew.interrupt);
	for (size_t i = 0; i < crew.count; i++) {
		add_result(ret, workers[i].result);
		free_worker(&workers[i]);
	}
	return ok;
}

/* Each connection is a descriptor; the soft limit is often 1024. */
static bool raise_descriptors(size_t connections, struct error *reterr)
{
	size_t needed = connections + 64, had = descriptors_raise(needed);
	if (had >= needed)
		return true;
	error_set(reterr, ERROR_IO,
		"this process may open %zu descriptors, too few for %zu connections", had,
		connections);
	return error_hint(reterr, "raise the hard limit (ulimit -Hn), or use fewer connections");
}

bool bench_run(const struct bench_options *options, struct bench_result *ret, struct error *reterr)
{
	struct shared shared = { 0 };
	*ret = (struct bench_result){ 0 };
	bool ok = raise_descriptors(options->connections, reterr) &&
		  make_shared(options, &shared, reterr) && probe(&shared, reterr) &&
		  run_load(&shared, ret, reterr);
	shared_done(&shared);
	return ok;
}
