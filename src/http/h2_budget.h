/*
 * How much a peer may ask of an HTTP/2 connection without getting any further. Each frame that
 * costs us work and carries no request is paid for; requests that were answered and bytes of
 * bodies pay in. Rapid reset (CVE-2023-44487), resets that we are provoked into (CVE-2025-8671),
 * floods of SETTINGS, PING, PRIORITY, empty DATA and CONTINUATION (CVE-2019-9512 to 9518), and
 * windows opened a byte at a time all run dry. No clock: a slow flood is paid for like a fast one.
 */
#ifndef MTLS_HTTP_H2_BUDGET_H
#define MTLS_HTTP_H2_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#define H2_BUDGET_MAX 1000
#define H2_COST_FRAME 1
#define H2_COST_RESET 5
#define H2_PAY_ANSWER 10
/* So many bytes of bodies pay one frame. */
#define H2_BYTES_PER_FRAME 512

struct h2_budget {
	int left;
	size_t bytes; /* not yet counted */
};

static inline void h2_budget_init(struct h2_budget *budget)
{
	*budget = (struct h2_budget){ .left = H2_BUDGET_MAX };
}

static inline void h2_budget_pay(struct h2_budget *budget, int amount)
{
	budget->left =
		budget->left + amount < H2_BUDGET_MAX ? budget->left + amount : H2_BUDGET_MAX;
}

static inline void h2_budget_pay_bytes(struct h2_budget *budget, size_t bytes)
{
	budget->bytes += bytes;
	h2_budget_pay(budget, (int)(budget->bytes / H2_BYTES_PER_FRAME));
	budget->bytes %= H2_BYTES_PER_FRAME;
}

/* False once it has run dry. */
static inline bool h2_budget_take(struct h2_budget *budget, int cost)
{
	if (budget->left > -1)
		budget->left -= cost;
	return budget->left >= 0;
}

#endif
