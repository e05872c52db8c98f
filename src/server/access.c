/* Slots that fill, and the thread that empties them. */
#include "server/access.h"

#include "server/record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/* Lines that come in meanwhile share one write. */
#define GATHER_NS 5000000L
#define POLL_MS 50
/* What waits when the server stops gets so many more of these. */
#define LAST_POLLS 10

struct slot {
	pthread_mutex_t lock; /* held to append a line, or to take them all */
	struct buffer waiting;
	struct buffer line; /* the slot's thread's */
	atomic_ullong dropped;
};

struct access {
	const char *path;
	const struct log *log;
	int fd;
	bool regular; /* never blocks, and half a line can be taken back */
	bool failing; /* has been told */
	bool made;    /* by us: it goes again where nothing is served */
	struct slot *slots;
	size_t slots_count;
	struct buffer writing;
	sem_t wake;
	pthread_t thread;
	bool started;
	atomic_bool reopen, stopping;
	int last_polls;                 /* without room, since the server stops */
	atomic_ullong written, dropped; /* the thread's */
};

static size_t count_lines(const char *bytes, size_t count)
{
	size_t lines = 0;
	for (const char *end; (end = memchr(bytes, '\n', count)) != NULL; lines++) {
		count -= (size_t)(end + 1 - bytes);
		bytes = end + 1;
	}
	return lines;
}

/* ---- The file ---- */

static const int appending = O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/* A folder, or what stands below a file: no log was ever meant to be there. */
static bool cannot_write(const char *path, struct error *reterr)
{
	return error_errno(reterr, errno == EISDIR || errno == ENOTDIR ? ERROR_INPUT : ERROR_IO,
		"cannot write the access log '%s'", path);
}

bool access_check(const char *path, struct error *reterr)
{
	struct stat about;
	int fd = strcmp(path, "-") != 0 ? open(path, appending) : dup(STDOUT_FILENO);
	if (fd >= 0) {
		close(fd);
		return true;
	}
	size_t bytes = (size_t)(file_name(path) - path);
	OWN(char) char *folder = bytes ? text_format("%.*s.", (int)bytes, path) : text_copy(".");
	return (errno == ENOENT && stat(folder, &about) == 0) || cannot_write(path, reterr);
}

static bool open_file(const char *path, int *ret_fd, bool *ret_made, struct error *reterr)
{
	/* A FIFO that nobody reads is an error here, not a wait. */
	const int flags = appending | O_CREAT;
	int fd = STDOUT_FILENO;
	*ret_made = false;
	if (strcmp(path, "-") != 0) {
		fd = open(path, flags | O_EXCL, S_IRUSR | S_IWUSR);
		*ret_made = fd >= 0;
		if (fd < 0 && errno == EEXIST)
			fd = open(path, flags, S_IRUSR | S_IWUSR);
	}
	*ret_fd = fd;
	return fd >= 0 || cannot_write(path, reterr);
}

static void use_file(struct access *access, int fd)
{
	struct stat about;
	if (access->fd > STDERR_FILENO)
		close(access->fd);
	access->fd = fd;
	access->regular = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

static void tell(struct access *access, int system)
{
	if (!system == !access->failing)
		return;
	access->failing = system != 0;
	unsigned long long dropped = access_counts(access).dropped;
	json_t *fields =
		json_pack("{s:s, s:I}", "path", access->path, "dropped", (json_int_t)dropped);
	if (system)
		record_line(access->log, LOG_WARNING, "access-log", fields,
			"WARNING: the access log '%s' cannot be written, and its lines are "
			"dropped: %s",
			access->path, strerror(system));
	else
		record_line(access->log, LOG_INFO, "access-log", fields,
			"The access log '%s' is written again; %llu lines were dropped",
			access->path, dropped);
}

static void open_again(struct access *access)
{
	struct error error;
	int fd;
	bool made;
	if (!strcmp(access->path, "-"))
		return;
	if (open_file(access->path, &fd, &made, &error))
		use_file(access, fd);
	else
		record_line(access->log, LOG_WARNING, "access-log", NULL,
			"WARNING: %s; the file that was open is written on", error.text);
}

/* False when it cannot be waited for any longer. */
static bool wait_until_taken(struct access *access)
{
	struct pollfd one = { .fd = access->fd, .events = POLLOUT };
	while (poll(&one, 1, POLL_MS) == 0)
		if (access->stopping && ++access->last_polls >= LAST_POLLS)
			return false;
	return true;
}

/* Returns how many bytes went out; less than all with errno. */
static size_t write_some(struct access *access, const char *bytes, size_t count)
{
	size_t done = 0;
	while (done < count) {
		size_t piece = count - done;
		if (!access->regular) {
			piece = log_piece(bytes + done, piece);
			/* What says that it is ready takes so much without blocking (pipe(7)). */
			if (piece > PIPE_BUF)
				piece = PIPE_BUF;
			if (!wait_until_taken(access)) {
				errno = ETIMEDOUT;
				break;
			}
		}
		ssize_t written = write(access->fd, bytes + done, piece);
		if (written < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (written < 0)
			break;
		done += (size_t)written;
	}
	return done;
}

/* A line of which only the beginning fitted would spoil the next one: it is taken back. */
static size_t take_back(struct access *access, const char *bytes, size_t done)
{
	size_t whole = done;
	while (whole && bytes[whole - 1] != '\n')
		whole--;
	off_t end = lseek(access->fd, 0, SEEK_END);
	if (access->regular && whole < done && end >= (off_t)(done - whole) &&
		ftruncate(access->fd, end - (off_t)(done - whole)) != 0)
		return done;
	return whole;
}

static void write_lines(struct access *access, const char *bytes, size_t count)
{
	size_t done = write_some(access, bytes, count);
	int system = done < count ? errno : 0;
	size_t whole = system ? take_back(access, bytes, done) : done;
	count_more(&access->written, count_lines(bytes, whole));
	count_more(&access->dropped, count_lines(bytes + whole, count - whole));
	tell(access, system);
}

/* ---- The thread ---- */

static void empty_slot(struct access *access, struct slot *slot)
{
	pthread_mutex_lock(&slot->lock);
	struct buffer full = slot->waiting;
	slot->waiting = access->writing;
	pthread_mutex_unlock(&slot->lock);
	access->writing = full;
	if (full.length)
		write_lines(access, full.data, full.length);
	access->writing.length = 0;
}

static void *work(void *context)
{
	struct access *access = context;
	const struct timespec gather = { .tv_nsec = GATHER_NS };
	bool last = false;
	while (!last) {
		while (sem_wait(&access->wake) != 0) {
		}
		last = access->stopping;
		if (atomic_exchange(&access->reopen, false))
			open_again(access);
		for (size_t i = 0; i < access->slots_count; i++)
			empty_slot(access, &access->slots[i]);
		if (!last)
			nanosleep(&gather, NULL);
	}
	return NULL;
}

/* ---- For the workers ---- */

void access_put(struct access *access, size_t number, const struct access_entry *entry)
{
	struct slot *slot = &access->slots[number];
	struct error error;
	slot->line.length = 0;
	bool ok = access_line(entry, &slot->line, &error);
	pthread_mutex_lock(&slot->lock);
	bool first = slot->waiting.length == 0;
	ok = ok && buffer_append(&slot->waiting, slot->line.data, slot->line.length, &error);
	pthread_mutex_unlock(&slot->lock);
	if (!ok)
		count_up(&slot->dropped);
	else if (first)
		sem_post(&access->wake);
}

void access_reopen(struct access *access)
{
	atomic_store(&access->reopen, true);
	sem_post(&access->wake);
}

struct access_counts access_counts(const struct access *access)
{
	struct access_counts counts = { count_read(&access->written),
		count_read(&access->dropped) };
	for (size_t i = 0; i < access->slots_count; i++)
		counts.dropped += count_read(&access->slots[i].dropped);
	return counts;
}

/* ---- Life ---- */

bool access_new(const char *path, size_t slots, const struct log *log, struct access **ret,
	struct error *reterr)
{
	OWN(access) struct access *access = calloc(1, sizeof *access);
	if (!access || !(access->slots = calloc(slots, sizeof *access->slots)))
		bug("out of memory for an access log");
	access->path = path;
	access->log = log;
	sem_init(&access->wake, 0, 0);
	buffer_init(&access->writing, ACCESS_WAITING_BYTES_MAX);
	for (; access->slots_count < slots; access->slots_count++) {
		struct slot *slot = &access->slots[access->slots_count];
		pthread_mutex_init(&slot->lock, NULL);
		buffer_init(&slot->waiting, ACCESS_WAITING_BYTES_MAX);
		buffer_init(&slot->line, ACCESS_WAITING_BYTES_MAX);
	}
	int fd;
	if (!open_file(path, &fd, &access->made, reterr))
		return false;
	use_file(access, fd);
	*ret = TAKE(access);
	return true;
}

/* A start that failed leaves no empty file behind; one that somebody wrote to meanwhile stays. */
static void remove_made(const struct access *access)
{
	struct stat about;
	if (access->made && !access->started && fstat(access->fd, &about) == 0 && !about.st_size)
		unlink(access->path);
}

bool access_start(struct access *access, struct error *reterr)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int status = pthread_create(&access->thread, NULL, work, access);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	access->started = status == 0;
	errno = status;
	return access->started ||
	       error_errno(reterr, ERROR_IO, "cannot start the access log's thread");
}

void access_free(struct access *access)
{
	if (!access)
		return;
	if (access->started) {
		atomic_store(&access->stopping, true);
		sem_post(&access->wake);
		pthread_join(access->thread, NULL);
	}
	remove_made(access);
	for (size_t i = 0; i < access->slots_count; i++) {
		buffer_done(&access->slots[i].waiting);
		buffer_done(&access->slots[i].line);
		pthread_mutex_destroy(&access->slots[i].lock);
	}
	if (access->fd > STDERR_FILENO)
		close(access->fd);
	buffer_done(&access->writing);
	sem_destroy(&access->wake);
	free(access->slots);
	free(access);
}
