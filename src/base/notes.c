/* A growing list of sentences. */
#include "base/notes.h"

#include "base/list.h"
#include "base/text.h"

void notes_add(struct notes *notes, const char *format, ...)
{
	if (!notes)
		return;
	va_list arguments;
	va_start(arguments, format);
	OWN(char) char *text = text_format_list(format, arguments);
	va_end(arguments);
	for (size_t i = 0; i < notes->count; i++)
		if (!strcmp(notes->texts[i], text))
			return;
	notes->texts = list_grow(notes->texts, notes->count, sizeof *notes->texts, "warnings");
	notes->texts[notes->count++] = TAKE(text);
}

void notes_done(struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		free(notes->texts[i]);
	free(notes->texts);
	*notes = (struct notes){ 0 };
}
