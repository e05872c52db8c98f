/*
 * DER (X.690) written from its end to its beginning, so that every length is known when its turn
 * comes, and nothing is measured first or moved afterwards.
 */
#ifndef MTLS_PKI_DER_H
#define MTLS_PKI_DER_H

#include <stddef.h>

#define DER_BYTES_MAX ((size_t)16384)

enum {
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_UTF8 = 0x0c,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT = 0xa0, /* plus its number, up to 30: constructed */
};

struct der {
	size_t at; /* what is written begins here, and goes to the end of the room */
	unsigned char room[DER_BYTES_MAX];
};

void der_begin(struct der *der);
/* In front of what is there. The caller sees to it that there is room: else it is a bug. */
void der_put(struct der *der, const void *bytes, size_t count);
/* Tag and length in front of all that was put since `der->at` was `end`. */
void der_head(struct der *der, unsigned tag, size_t end);
const unsigned char *der_bytes(const struct der *der, size_t *ret_count);

#endif
