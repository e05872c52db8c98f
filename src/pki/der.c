/* DER, backwards. */
#include "pki/der.h"

#include "base/base.h"

void der_begin(struct der *der)
{
	der->at = sizeof der->room;
}

void der_put(struct der *der, const void *bytes, size_t count)
{
	if (count > der->at)
		bug("DER is longer than its room");
	der->at -= count;
	memcpy(der->room + der->at, bytes, count);
}

/* X.690 section 8.1.3, the shortest form (10.1); DER_BYTES_MAX needs two bytes at most. */
void der_head(struct der *der, unsigned tag, size_t end)
{
	size_t count = end - der->at;
	unsigned char head[4] = { (unsigned char)tag };
	size_t used = 1;
	if (count > 0xff) {
		head[used++] = 0x82;
		head[used++] = (unsigned char)(count >> 8);
	} else if (count > 0x7f) {
		head[used++] = 0x81;
	}
	head[used++] = (unsigned char)(count & 0xff);
	der_put(der, head, used);
}

const unsigned char *der_bytes(const struct der *der, size_t *ret_count)
{
	*ret_count = sizeof der->room - der->at;
	return der->room + der->at;
}
