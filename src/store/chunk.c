/* Chunks of items, and the lists that share them. */
#include "store/chunk.h"

struct chunk {
	atomic_uint references;
	size_t count, capacity;
	struct chunk_item items[CHUNK_ITEMS_MAX];
	char *text; /* of all items, one behind the other */
};

/* ---- References ---- */

struct chunk *chunk_hold(struct chunk *chunk)
{
	atomic_fetch_add_explicit(&chunk->references, 1, memory_order_relaxed);
	return chunk;
}

void chunk_free(struct chunk *chunk)
{
	if (!chunk || atomic_fetch_sub_explicit(&chunk->references, 1, memory_order_acq_rel) != 1)
		return;
	free(chunk->text);
	free(chunk);
}

size_t chunk_count(const struct chunk *chunk)
{
	return chunk->count;
}

/* ---- Finding ---- */

size_t chunk_position(const struct chunk *chunk, int64_t id)
{
	size_t low = 0, high = chunk->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (chunk->items[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t chunks_find(struct chunk *const *chunks, size_t count, int64_t id)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (chunks[middle]->items[chunks[middle]->count - 1].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	/* Behind all of them: into the last one. */
	return low == count && count ? count - 1 : low;
}

static size_t begin(const struct chunk *chunk, size_t position)
{
	return position ? chunk->items[position - 1].end : 0;
}

static bool holds(const struct chunk *chunk, size_t position, int64_t id)
{
	return position < chunk->count && chunk->items[position].id == id;
}

size_t chunk_item_bytes(const struct chunk *chunk, int64_t id)
{
	size_t position = chunk_position(chunk, id);
	return holds(chunk, position, id) ? chunk->items[position].end - begin(chunk, position) : 0;
}

bool chunk_item(const struct chunk *chunk, int64_t id, struct store_item *ret, char **ret_task)
{
	size_t position = chunk_position(chunk, id);
	if (!holds(chunk, position, id))
		return false;
	size_t from = begin(chunk, position) + strlen(CHUNK_SEPARATOR);
	OWN(json_t) json_t *json =
		json_loadb(chunk->text + from, chunk->items[position].end - from, 0, NULL);
	if (!json)
		bug("an item that we wrote is no JSON");
	*ret_task = text_copy(json_string_value(json_object_get(json, "task")));
	*ret = (struct store_item){ .id = id,
		.task = *ret_task,
		.done = json_is_true(json_object_get(json, "done")),
		.version.revision = chunk->items[position].revision };
	return true;
}

/* ---- Changing ---- */

bool chunk_has_room(const struct chunk *chunk, const struct buffer *text)
{
	return chunk->count < CHUNK_ITEMS_MAX &&
	       begin(chunk, chunk->count) + text->length <= CHUNK_BYTES_MAX;
}

static void append(
	struct chunk *chunk, const struct chunk_item *item, const char *text, size_t bytes)
{
	size_t end = begin(chunk, chunk->count) + bytes;
	if (end > chunk->capacity) {
		chunk->capacity = end > chunk->capacity * 2 ? end : chunk->capacity * 2;
		chunk->text = realloc(chunk->text, chunk->capacity);
		if (!chunk->text)
			bug("out of memory for the items");
	}
	memcpy(chunk->text + end - bytes, text, bytes);
	chunk->items[chunk->count++] = (struct chunk_item){ item->id, item->revision, end };
}

bool chunk_append_in_place(struct chunk *chunk, struct chunk_item *item, const struct buffer *text)
{
	if (atomic_load_explicit(&chunk->references, memory_order_acquire) != 1)
		return false;
	append(chunk, item, text->data, text->length);
	return true;
}

static struct chunk *empty(void)
{
	struct chunk *chunk = calloc(1, sizeof *chunk);
	if (!chunk)
		bug("out of memory for the items");
	chunk->references = 1;
	return chunk;
}

/* Two halves of a chunk that is cut in the middle, or one and the item that comes behind it. */
struct halves {
	struct chunk *first, *second;
	size_t cut; /* how many items go into the first */
};

static void give(struct halves *to, const struct chunk_item *item, const char *text, size_t bytes)
{
	struct chunk **chunk = &to->first;
	if (to->first && (to->second || to->first->count == to->cut))
		chunk = &to->second;
	if (!*chunk)
		*chunk = empty();
	append(*chunk, item, text, bytes);
}

struct chunk *chunk_new(const struct chunk *old, size_t position, bool without,
	const struct chunk_item *item, const struct buffer *text, struct chunk **ret_rest)
{
	size_t count = old ? old->count : 0;
	size_t total = count - without + (item != NULL);
	size_t bytes = (old ? begin(old, count) : 0) + (item ? text->length : 0);
	struct halves halves = { .cut = total };
	if (total > 1 && (total > CHUNK_ITEMS_MAX || bytes > CHUNK_BYTES_MAX))
		halves.cut = position == count ? total - 1 : total / 2;
	for (size_t i = 0; i <= count; i++) {
		if (item && i == position)
			give(&halves, item, text->data, text->length);
		if (i < count && !(without && i == position))
			give(&halves, &old->items[i], old->text + begin(old, i),
				old->items[i].end - begin(old, i));
	}
	*ret_rest = halves.second;
	return halves.first;
}

/* ---- Lists ---- */

struct store_list *list_new(struct chunk *const *chunks, size_t chunk_count, size_t count,
	size_t bytes, int64_t revision, uint64_t epoch)
{
	struct store_list *list = calloc(1, sizeof *list + chunk_count * sizeof *chunks);
	if (!list)
		bug("out of memory for a list");
	list->references = 1;
	list->epoch = epoch;
	list->revision = revision;
	list->count = count;
	list->bytes = bytes;
	list->chunk_count = chunk_count;
	for (size_t i = 0; i < chunk_count; i++)
		list->chunks[i] = chunk_hold(chunks[i]);
	return list;
}

struct store_list *store_list_hold(struct store_list *list)
{
	atomic_fetch_add_explicit(&list->references, 1, memory_order_relaxed);
	return list;
}

void store_list_free(struct store_list *list)
{
	if (!list || atomic_fetch_sub_explicit(&list->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < list->chunk_count; i++)
		chunk_free(list->chunks[i]);
	free(list);
}

size_t store_list_count(const struct store_list *list)
{
	return list->count;
}

struct store_version store_list_version(const struct store_list *list)
{
	return (struct store_version){ list->epoch, list->revision };
}

bool store_list_find(
	const struct store_list *list, int64_t id, struct store_item *ret, char **ret_task)
{
	size_t at = chunks_find(list->chunks, list->chunk_count, id);
	if (at == list->chunk_count || !chunk_item(list->chunks[at], id, ret, ret_task))
		return false;
	ret->version.epoch = list->epoch;
	return true;
}

/* ---- Pages ---- */

struct store_page store_list_page(const struct store_list *list, int64_t after, size_t limit)
{
	struct store_page page = { .list = list, .left = limit, .last = after };
	if (after >= 0 && after < INT64_MAX && list->chunk_count) {
		page.chunk = chunks_find(list->chunks, list->chunk_count, after + 1);
		page.at = chunk_position(list->chunks[page.chunk], after + 1);
		/* Behind its chunk's last item: at the beginning of the next chunk. */
		if (page.at == list->chunks[page.chunk]->count) {
			page.chunk++;
			page.at = 0;
		}
	} else {
		page.chunk = after > 0 ? list->chunk_count : 0;
	}
	return page;
}

static const char *next_items(struct store_page *page, size_t *ret_bytes)
{
	const struct chunk *chunk = page->list->chunks[page->chunk];
	size_t from = begin(chunk, page->at), count = chunk->count - page->at;
	/* The first has no item before it that it must be separated from. */
	if (page->stage == PAGE_FIRST)
		from++;
	page->stage = PAGE_REST;
	if (count > page->left)
		count = page->left;
	page->at += count;
	page->left -= count;
	page->last = chunk->items[page->at - 1].id;
	*ret_bytes = begin(chunk, page->at) - from;
	if (page->at == chunk->count) {
		page->chunk++;
		page->at = 0;
	}
	return chunk->text + from;
}

const char *store_page_next(struct store_page *page, size_t *ret_bytes)
{
	bool here = page->chunk < page->list->chunk_count;
	const char *text = NULL;
	if (page->stage == PAGE_FIRST || (page->stage == PAGE_REST && here && page->left))
		return next_items(page, ret_bytes);
	if (page->stage == PAGE_OPEN && here && page->left) {
		text = "[";
		page->stage = PAGE_FIRST;
	} else if (page->stage != PAGE_OVER) {
		text = page->stage == PAGE_OPEN ? "[]" : "\n  ]";
		page->stage = PAGE_OVER;
		page->more = here;
	}
	*ret_bytes = text ? strlen(text) : 0;
	return text;
}
