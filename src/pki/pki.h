/*
 * pki: keys, names, certificates, CA folders, chains. Here and in tls/ is the only OpenSSL.
 *
 * This is the room's door: include it, not the headers behind it. Rooms above, but for tls/, handle
 * OpenSSL's objects only as pointers that they pass back in here.
 */
#ifndef MTLS_PKI_PKI_H
#define MTLS_PKI_PKI_H

#include "pki/bundle.h"
#include "pki/credentials.h"
#include "pki/crl.h"
#include "pki/describe.h"
#include "pki/extensions.h"
#include "pki/folder.h"
#include "pki/identity.h"
#include "pki/issue.h"
#include "pki/key.h"
#include "pki/lint.h"
#include "pki/mint.h"
#include "pki/name.h"
#include "pki/openssl.h"
#include "pki/pfx.h"
#include "pki/profile.h"
#include "pki/proof.h"
#include "pki/request.h"
#include "pki/setup.h"
#include "pki/show.h"
#include "pki/suspect.h"
#include "pki/verify.h"

#endif
