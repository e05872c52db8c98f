/*
 * What a lower room wants said although it succeeded: warnings, for cmd/ to print. Lower rooms
 * neither print nor log, so whoever calls them passes a list along.
 */
#ifndef MTLS_BASE_NOTES_H
#define MTLS_BASE_NOTES_H

#include <stddef.h>

/* Starts as { 0 }. */
struct notes {
	char **texts; /* one sentence each, no full stop; `count` of them */
	size_t count;
};

/* Adds a sentence, unless the list has it already. `notes` may be NULL: nobody wants to know. */
void notes_add(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Frees the sentences; the list is empty and can be used again. */
void notes_done(struct notes *notes);
/* OWN(notes) struct notes name = { 0 }; */
static inline void own_notes(struct notes *notes)
{
	notes_done(notes);
}

#endif
