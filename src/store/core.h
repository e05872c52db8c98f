/* The store's inside: its questions, its ports, and the thread that works for all of them. */
#ifndef MTLS_STORE_CORE_H
#define MTLS_STORE_CORE_H

#include "store/backend.h"

#include <pthread.h>

/* One question: what was asked, who asked, and what became of it. */
struct question {
	struct question *next, *previous; /* in the queue, or among a port's answers */
	struct question *before, *behind; /* the port's own list, for its thread alone */
	struct port *port;                /* NULL once nobody waits; under the store's lock */
	bool queued;                      /* not yet taken by the thread; the same */
	bool answered;                    /* before its time; the port's thread alone */
	uint64_t overdue_ms;
	bool reads;
	struct store_write write;
	store_on_item *on_item;
	store_on_list *on_list;
	void *context;
	/* The answer. */
	enum store_status status;
	struct row row;
	struct store_version version;
	char *task;
	struct store_list *list;
	struct error *error; /* NULL: none */
};

struct queue {
	struct question *first, *last;
	uint64_t count;
};

void queue_put(struct queue *queue, struct question *question);
void queue_remove(struct queue *queue, struct question *question);

struct core {
	struct store store;
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_t thread;
	struct backend *backend; /* NULL: memory, and no thread */
	bool running, stopping;
	uint64_t ms_max;
	struct items items;      /* the thread's; without one, under the lock */
	struct store_list *list; /* what was last committed; under the lock. NULL: make one */
	struct queue queue;
	struct store_counts counts;
	uint64_t failed_ms; /* when it last failed; 0: it has done something since */
};

/* A question, or `failures` of them, could not be answered as asked. Under the lock. */
void core_failed(struct core *core, uint64_t failures);

/* Takes the backend; NULL is memory. Nothing is read yet, and no thread runs. */
struct core *core_new(struct backend *backend, uint64_t ms_max);
/* The store's thread. */
void *core_work(void *context);
/* Reads everything that the database holds; a new one gets the items of the lab. */
must_check bool core_read_all(struct core *core, struct error *reterr);

/* The methods that take a port; store.h says what they do. */
struct store_port *port_open(struct store *store, store_on_ready *ready, void *context);
void port_write(struct store_port *port, const struct store_write *write, store_on_item *answer,
	void *context);
void port_read(struct store_port *port, store_on_list *answer, void *context);
long long port_deliver(struct store_port *port);
void port_close(struct store_port *port);

/* Gives the questions of a queue back to their ports. Under the lock. */
void ports_answer(struct queue *queue);
void question_free(struct question *question);
/* Its answer is this failure; the error is copied. */
void question_fail(struct question *question, enum store_status status, const struct error *error);

#endif
