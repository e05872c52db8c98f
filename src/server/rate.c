/*
 * The buckets, as times: a bucket is the moment at which it will be full again (GCRA, ITU-T I.371),
 * one number that threads exchange without a lock.
 */
#include "server/rate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>

#define BUCKETS ((size_t)1 << 15)
#define SECOND_US 1000000U

struct rate {
	uint64_t interval_us; /* a token comes each */
	struct hash_key key;
	bool spares_loopback;
	_Atomic(uint64_t) full_at[BUCKETS];
};

struct rate *rate_new(long long per_second, bool spares_loopback)
{
	struct rate *rate = calloc(1, sizeof *rate);
	if (!rate)
		bug("out of memory for the rates of addresses");
	rate->key = hash_key_random();
	rate->interval_us = SECOND_US / (uint64_t)per_second;
	rate->spares_loopback = spares_loopback;
	return rate;
}

void rate_free(struct rate *rate)
{
	free(rate);
}

/* The network that counts as one address, as a number; false for what is none. */
static bool network_of(const char *host, uint64_t *ret, bool *ret_loopback)
{
	struct in6_addr six;
	struct in_addr four;
	if (inet_pton(AF_INET, host, &four) == 1) {
		*ret = ntohl(four.s_addr);
		*ret_loopback = *ret >> 24 == IN_LOOPBACKNET;
		return true;
	}
	if (inet_pton(AF_INET6, host, &six) != 1)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&six)) {
		memcpy(&four, six.s6_addr + 12, sizeof four);
		*ret = ntohl(four.s_addr);
		*ret_loopback = *ret >> 24 == IN_LOOPBACKNET;
		return true;
	}
	memcpy(ret, six.s6_addr, sizeof *ret);
	*ret_loopback = IN6_IS_ADDR_LOOPBACK(&six);
	return true;
}

bool rate_take(struct rate *rate, const char *host, uint64_t now_us)
{
	uint64_t network;
	bool is_loopback;
	if (!network_of(host, &network, &is_loopback) || (is_loopback && rate->spares_loopback))
		return true;
	_Atomic(uint64_t) *bucket =
		&rate->full_at[hash_bytes(&rate->key, &network, sizeof network) % BUCKETS];
	uint64_t before = atomic_load_explicit(bucket, memory_order_relaxed), after;
	do {
		after = (before > now_us ? before : now_us) + rate->interval_us;
		if (after > now_us + SECOND_US)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		bucket, &before, after, memory_order_relaxed, memory_order_relaxed));
	return true;
}
