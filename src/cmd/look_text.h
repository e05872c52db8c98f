/* What a server shows, in words. */
#ifndef MTLS_CMD_LOOK_TEXT_H
#define MTLS_CMD_LOOK_TEXT_H

#include "doctor/doctor.h"

/* `shown` is what doctor_look made. */
must_check bool look_text(const json_t *shown, struct buffer *ret, struct error *reterr);

#endif
