/* Whether OpenSSL's configuration file has anything for a program to take from it. */
#ifndef MTLS_TLS_CONFIGURATION_H
#define MTLS_TLS_CONFIGURATION_H

#include "base/base.h"

/*
 * True when it is certain that OpenSSL, reading this openssl.cnf (config(5)), would change nothing
 * about itself: no section is named by openssl_conf, or one that is there and is empty. False
 * otherwise, and wherever it is not the plainest text, which only OpenSSL is to read then.
 */
bool tls_configuration_is_plain(const char *text, size_t bytes);

/*
 * If the file that OpenSSL would read is so, OpenSSL is told not to, and what it has are its
 * presets: true. Otherwise false, and nothing has happened.
 */
bool tls_configuration_passed(void);

#endif
