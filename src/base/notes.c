/* A growing list of sentences. */
#include "base/notes.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

void notes_add(struct notes *notes, const char *format, ...)
{
	if (!notes)
		return;
	OWN(char) char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	int bytes = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (bytes < 0)
		bug("out of memory for a warning");
	for (size_t i = 0; i < notes->count; i++)
		if (!strcmp(notes->texts[i], text))
			return;
	char **texts = realloc(notes->texts, (notes->count + 1) * sizeof *texts);
	if (!texts)
		bug("out of memory for a warning");
	notes->texts = texts;
	texts[notes->count++] = TAKE(text);
}

void notes_done(struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		free(notes->texts[i]);
	free(notes->texts);
	*notes = (struct notes){ 0 };
}
