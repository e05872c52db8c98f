/* Ports: how the threads that ask hand over their questions and get the answers back. */
#include "store/core.h"

struct port {
	struct store_port port;
	struct core *core;
	store_on_ready *ready;
	void *context;
	struct queue answers;          /* under the store's lock */
	struct question *asked, *last; /* all that wait, the longest first */
	struct question *late;         /* answered before their time, still with the thread */
	bool timed;                    /* whoever turns the port comes back by himself */
};

void queue_put(struct queue *queue, struct question *question)
{
	question->next = NULL;
	question->previous = queue->last;
	*(queue->last ? &queue->last->next : &queue->first) = question;
	queue->last = question;
	queue->count++;
}

void queue_remove(struct queue *queue, struct question *question)
{
	*(question->previous ? &question->previous->next : &queue->first) = question->next;
	*(question->next ? &question->next->previous : &queue->last) = question->previous;
	queue->count--;
}

void question_free(struct question *question)
{
	store_list_free(question->list);
	free(question->error);
	free(question->task);
	free((char *)(uintptr_t)question->write.task);
	free(question);
}

void question_fail(struct question *question, enum store_status status, const struct error *error)
{
	question->status = status;
	if (!question->error)
		question->error = malloc(sizeof *error);
	if (!question->error)
		bug("out of memory for an error");
	*question->error = *error;
}

void ports_answer(struct queue *queue)
{
	for (struct question *question; (question = queue->first) != NULL;) {
		queue_remove(queue, question);
		struct port *port = question->port;
		if (!port) {
			question_free(question);
			continue;
		}
		queue_put(&port->answers, question);
		if (port->answers.count == 1)
			port->ready(port->context);
	}
}

/* ---- The port's own lists ---- */

static void asked_put(struct port *port, struct question *question)
{
	question->before = port->last;
	*(port->last ? &port->last->behind : &port->asked) = question;
	port->last = question;
}

static void asked_remove(struct port *port, struct question *question)
{
	*(question->before ? &question->before->behind : &port->asked) = question->behind;
	*(question->behind ? &question->behind->before : &port->last) = question->before;
	question->before = question->behind = NULL;
}

static void late_put(struct port *port, struct question *question)
{
	question->behind = port->late;
	if (port->late)
		port->late->before = question;
	port->late = question;
}

static void late_remove(struct port *port, struct question *question)
{
	*(question->before ? &question->before->behind : &port->late) = question->behind;
	if (question->behind)
		question->behind->before = question->before;
}

/* ---- Answers ---- */

static void tell(const struct question *question)
{
	const struct row *row = &question->row;
	if (question->reads) {
		question->on_list(question->context, question->list, question->error);
		return;
	}
	const struct store_item item = { row->id, question->task, row->done, question->version };
	question->on_item(question->context, question->status,
		question->status == STORE_DONE ? &item : NULL, question->error);
}

/* Answers in the thread's place. Whether the thread will come back to it is for the caller. */
static void tell_failure(struct question *question, enum store_status status, const char *why)
{
	struct error error;
	error_set(&error, ERROR_STORE, "%s", why);
	if (question->reads)
		question->on_list(question->context, NULL, &error);
	else
		question->on_item(question->context, status, NULL, &error);
}

/* Takes a question away from the thread. False when the thread is at it. */
static bool take_back(struct core *core, struct question *question, bool orphan)
{
	pthread_mutex_lock(&core->lock);
	bool queued = question->queued;
	if (queued)
		queue_remove(&core->queue, question);
	else if (orphan)
		question->port = NULL;
	pthread_mutex_unlock(&core->lock);
	return queued;
}

static void give_up(struct port *port, struct question *question, const char *why)
{
	bool taken = take_back(port->core, question, false);
	asked_remove(port, question);
	OWN(char) char *text = text_format("%s; %s", why,
		question->reads ? "nothing was read"
		: taken         ? "nothing was written"
				: "whether it was written is not known");
	tell_failure(question, taken ? STORE_DOWN : STORE_UNKNOWN, text);
	if (taken) {
		question_free(question);
		return;
	}
	question->answered = true;
	late_put(port, question);
}

static void give_up_overdue(struct port *port)
{
	uint64_t now = clock_monotonic_ms(), given_up = 0;
	OWN(char) char *why = text_format(
		"the store did not answer within %llu ms", (unsigned long long)port->core->ms_max);
	for (; port->asked && port->asked->overdue_ms <= now; given_up++)
		give_up(port, port->asked, why);
	if (!given_up)
		return;
	pthread_mutex_lock(&port->core->lock);
	core_failed(port->core, given_up);
	pthread_mutex_unlock(&port->core->lock);
}

long long port_deliver(struct store_port *of)
{
	struct port *port = (struct port *)of;
	pthread_mutex_lock(&port->core->lock);
	struct queue answers = port->answers;
	port->answers = (struct queue){ 0 };
	pthread_mutex_unlock(&port->core->lock);
	for (struct question *question = answers.first, *next; question; question = next) {
		next = question->next;
		if (question->answered) {
			late_remove(port, question);
		} else {
			asked_remove(port, question);
			tell(question);
		}
		question_free(question);
	}
	if (port->asked)
		give_up_overdue(port);
	port->timed = port->asked != NULL;
	if (!port->asked)
		return -1;
	uint64_t now = clock_monotonic_ms(), at = port->asked->overdue_ms;
	return at > now ? (long long)(at - now) : 0;
}

/* ---- Life ---- */

struct store_port *port_open(struct store *store, store_on_ready *ready, void *context)
{
	struct port *port = calloc(1, sizeof *port);
	if (!port)
		bug("out of memory for a port of the store");
	*port = (struct port){ { store }, (struct core *)store, ready, context };
	return &port->port;
}

void port_close(struct store_port *of)
{
	struct port *port = (struct port *)of;
	port_deliver(of);
	while (port->asked)
		give_up(port, port->asked, "the server is stopping");
	/* What the thread has finished meanwhile is freed here, the rest by the thread. */
	for (struct question *question; (question = port->late) != NULL;) {
		late_remove(port, question);
		take_back(port->core, question, true);
	}
	pthread_mutex_lock(&port->core->lock);
	for (struct question *question; (question = port->answers.first) != NULL;) {
		queue_remove(&port->answers, question);
		question_free(question);
	}
	pthread_mutex_unlock(&port->core->lock);
	free(port);
}

/* ---- Questions ---- */

static struct question *question_new(struct port *port, void *context)
{
	struct question *question = calloc(1, sizeof *question);
	if (!question)
		bug("out of memory for a question");
	question->port = port;
	question->context = context;
	question->overdue_ms = clock_monotonic_ms() + port->core->ms_max;
	return question;
}

/* Without a thread the question is answered now. */
static void answer_now(struct core *core, struct question *question)
{
	struct error error;
	pthread_mutex_lock(&core->lock);
	if (question->reads) {
		if (!core->list)
			core->list = items_list(&core->items);
		question->list = store_list_hold(core->list);
	} else {
		question->status = items_apply(
			&core->items, &question->write, &question->row, &question->task, &error);
		if (question->status == STORE_DONE) {
			question->version =
				(struct store_version){ core->items.epoch, question->row.revision };
			core->counts.writes++;
			store_list_free(TAKE(core->list));
		}
		core->counts.failures += question->status >= STORE_FULL;
	}
	pthread_mutex_unlock(&core->lock);
	if (question->status == STORE_INVALID || question->status == STORE_FULL)
		question_fail(question, question->status, &error);
	tell(question);
	question_free(question);
}

static void ask(struct port *port, struct question *question)
{
	struct core *core = port->core;
	if (!core->backend) {
		answer_now(core, question);
		return;
	}
	pthread_mutex_lock(&core->lock);
	bool taken = core->queue.count < STORE_WAITING_MAX;
	if (taken) {
		question->queued = true;
		queue_put(&core->queue, question);
		if (core->queue.count == 1)
			pthread_cond_signal(&core->work);
	} else {
		core_failed(core, 1);
	}
	pthread_mutex_unlock(&core->lock);
	if (!taken) {
		tell_failure(question, STORE_DOWN, "too much waits for the store already");
		question_free(question);
		return;
	}
	asked_put(port, question);
	/* The first one needs somebody who comes back when it has waited for too long. */
	if (!port->timed) {
		port->timed = true;
		port->ready(port->context);
	}
}

void port_write(struct store_port *of, const struct store_write *write, store_on_item *answer,
	void *context)
{
	struct port *port = (struct port *)of;
	struct question *question = question_new(port, context);
	question->write = *write;
	question->write.task = write->task ? text_copy(write->task) : NULL;
	question->on_item = answer;
	ask(port, question);
}

void port_read(struct store_port *of, store_on_list *answer, void *context)
{
	struct port *port = (struct port *)of;
	struct core *core = port->core;
	if (core->backend && !core->backend->methods->look) {
		pthread_mutex_lock(&core->lock);
		OWN(store_list) struct store_list *list = store_list_hold(core->list);
		pthread_mutex_unlock(&core->lock);
		answer(context, list, NULL);
		return;
	}
	struct question *question = question_new(port, context);
	question->reads = true;
	question->on_list = answer;
	ask(port, question);
}
