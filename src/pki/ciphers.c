/*
 * OpenSSL 3 finds ciphers by the names that providers give them, but keeps those of OpenSSL 1.1
 * too: only by them is a cipher found that the header of an encrypted PEM key names (RFC 1421
 * section 4.6.1.3), and only with them has a cipher an object identifier. All 150 make a table of
 * names twice as long as it has to be, which is an eighth of a server's start. So the program
 * begins with the few that are met, and adds the rest when an encrypted key comes along.
 */
#include "pki/ciphers.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stddef.h>

typedef const EVP_CIPHER *cipher_of(void);

#define RARE_MODES(name) \
	EVP_##name##_cfb128, EVP_##name##_cfb1, EVP_##name##_cfb8, EVP_##name##_ofb, \
		EVP_##name##_ctr

static cipher_of *const usual[] = { EVP_aes_128_cbc, EVP_aes_192_cbc, EVP_aes_256_cbc,
	EVP_aria_128_cbc, EVP_aria_192_cbc, EVP_aria_256_cbc, EVP_camellia_128_cbc,
	EVP_camellia_192_cbc, EVP_camellia_256_cbc, EVP_des_ede3_cbc, EVP_sm4_cbc };
static cipher_of *const rare[] = { RARE_MODES(aes_128), RARE_MODES(aes_192), RARE_MODES(aes_256),
	RARE_MODES(aria_128), RARE_MODES(aria_192), RARE_MODES(aria_256), RARE_MODES(camellia_128),
	RARE_MODES(camellia_192), RARE_MODES(camellia_256), EVP_des_ede_cbc, EVP_des_ede_cfb64,
	EVP_des_ede_ofb, EVP_des_ede3_cfb64, EVP_des_ede3_cfb1, EVP_des_ede3_cfb8, EVP_des_ede3_ofb,
	EVP_sm4_cfb128, EVP_sm4_ofb, EVP_sm4_ctr, EVP_aes_128_xts, EVP_aes_256_xts, EVP_chacha20,
	EVP_chacha20_poly1305 };

static void add(cipher_of *const *ciphers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		EVP_add_cipher(ciphers[i]());
}

static void add_rare(void)
{
	add(rare, sizeof rare / sizeof *rare);
}

void ciphers_begin(void)
{
	add(usual, sizeof usual / sizeof *usual);
}

void ciphers_add_rare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, add_rare);
}
