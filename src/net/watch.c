/* Watching a folder for changes of what is in it. */
#include "net/internal.h"

struct net_watch {
	uv_fs_event_t uv;
	net_on_change *fire;
	char *folder;
	void *context;
};

static void free_handle(uv_handle_t *handle)
{
	struct net_watch *watch = (struct net_watch *)handle;
	free(watch->folder);
	free(watch);
}

static void changed(uv_fs_event_t *handle, const char *name, int events, int status)
{
	(void)name, (void)events, (void)status; /* whoever asks looks at the files themselves */
	struct net_watch *watch = (struct net_watch *)handle;
	uv_fs_event_stop(handle);
	watch->fire(watch->context);
}

bool net_watch_new(struct net_loop *loop, const char *folder, net_on_change *fire, void *context,
	struct net_watch **ret, struct error *reterr)
{
	struct net_watch *watch = net_allocate(sizeof *watch);
	net_must(uv_fs_event_init(&loop->uv, &watch->uv), "make a watcher of files");
	watch->fire = fire;
	watch->context = context;
	watch->folder = text_copy(folder);
	int status = uv_fs_event_start(&watch->uv, changed, folder, 0);
	if (status < 0) {
		net_watch_free(watch);
		return net_error(reterr, status, "cannot watch", folder);
	}
	uv_unref((uv_handle_t *)&watch->uv);
	*ret = watch;
	return true;
}

void net_watch_again(struct net_watch *watch)
{
	/* A folder that is gone is watched no more. */
	if (!uv_is_active((uv_handle_t *)&watch->uv))
		uv_fs_event_start(&watch->uv, changed, watch->folder, 0);
}

void net_watch_free(struct net_watch *watch)
{
	if (watch)
		uv_close((uv_handle_t *)&watch->uv, free_handle);
}
