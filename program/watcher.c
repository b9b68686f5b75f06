/* SPDX-License-Identifier: MIT */

/*
 * watcher.c - see watcher.h
 *
 * A thread of its own, because a change may take seconds, and all here is its
 * own. inotify only says when to look: what changed is seen by the stamps of
 * the two files that make a module, and so nothing is missed where events are
 * lost, or are not to be had. A stamp that stays the same for a moment is
 * taken; one that failed is not tried again before it is another, or before
 * something else changed that it may have needed.
 */

#include "watcher.h"

#include <fulcra-host/sync.h>
#include <fulcra/error.h>
#include <fulcra/log.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTLE_US                                                              \
    (300 * 1000)      /* a file is complete that long after a change           \
                       */
#define LOOK_MS  1000 /* at least so often */
#define HURRY_MS 50   /* while something settles */

#define EVENTS                                                                 \
    (IN_CREATE | IN_DELETE | IN_MOVE | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB)

/* A module's folder. Stamps are NULL where there is no definition. */
typedef struct {
    char *path;
    char *uri;      /* (nullable): "URI@VERSION" that was loaded from here */
    char *loaded;   /* stamp that was loaded */
    char *failed;   /* stamp that could not be */
    char *seen;     /* stamp that was seen last */
    int64_t since;  /* when it was seen first: monotonic microseconds */
    bool is_listed; /* in the round that is made */
} Folder;

struct _FulcraWatcher {
    FulcraLoader *loader;
    char **watched;
    GPtrArray *folders; /* of Folder */
    int events;         /* inotify; -1: there is none */
    int stop;           /* eventfd */
    pthread_t thread;
};

/* --- stamps --- */

static void
add_stamp(GString *stamp, const char *file)
{
    struct stat status;

    if (stat(file, &status) != 0) {
        g_string_append(stamp, "none;");
        return;
    }
    g_string_append_printf(stamp, "%jx %jx %jd.%09ld %jd.%09ld;",
            (uintmax_t)status.st_ino, (uintmax_t)status.st_size,
            (intmax_t)status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
            (intmax_t)status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

/* The shared object that the definition names, if it can be read. (transfer
 * full) (nullable) */
static char *
find_library(const char *folder, const char *definition)
{
    g_autoptr(FulcraDocument) document =
            fulcra_host_document_load(definition, NULL);
    JsonNode *root =
            document != NULL ? fulcra_host_document_get_root(document) : NULL;
    JsonNode *library;

    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root))
        return NULL;
    library = json_object_get_member(json_node_get_object(root), "library");
    if (library == NULL || !JSON_NODE_HOLDS_VALUE(library) ||
            json_node_get_value_type(library) != G_TYPE_STRING)
        return NULL;
    return g_build_filename(folder, json_node_get_string(library), NULL);
}

static void
listen_to(FulcraWatcher *self, const char *folder)
{
    if (self->events >= 0)
        inotify_add_watch(self->events, folder, EVENTS | IN_ONLYDIR);
}

/* (transfer full) (nullable): NULL where there is no definition */
static char *
make_stamp(FulcraWatcher *self, const char *folder)
{
    g_autofree char *definition =
            g_build_filename(folder, FULCRA_DEFINITION, NULL);
    g_autofree char *library = NULL;
    GString *stamp;

    if (!g_file_test(definition, G_FILE_TEST_EXISTS))
        return NULL;
    stamp = g_string_new(NULL);
    add_stamp(stamp, definition);
    library = find_library(folder, definition);
    if (library != NULL) {
        g_autofree char *place = g_path_get_dirname(library);

        add_stamp(stamp, library);
        listen_to(self, place);
    }
    return g_string_free(stamp, false);
}

/* --- folders --- */

static void
folder_free(void *data)
{
    Folder *self = data;

    g_free(self->path);
    g_free(self->uri);
    g_free(self->loaded);
    g_free(self->failed);
    g_free(self->seen);
    g_free(self);
}

static Folder *
get_folder(FulcraWatcher *self, const char *path)
{
    Folder *folder;

    for (unsigned i = 0; i < self->folders->len; i++) {
        folder = self->folders->pdata[i];
        if (strcmp(folder->path, path) == 0)
            return folder;
    }
    folder = g_new0(Folder, 1);
    folder->path = g_strdup(path);
    g_ptr_array_add(self->folders, folder);
    return folder;
}

/* @stamp: (transfer full) (nullable) */
static void
folder_see(Folder *self, char *stamp)
{
    self->is_listed = true;
    if (self->since != 0 && g_strcmp0(stamp, self->seen) == 0) {
        g_free(stamp);
        return;
    }
    g_free(self->seen);
    self->seen = stamp;
    self->since = g_get_monotonic_time();
}

static void
look_at(FulcraWatcher *self, const char *path)
{
    char *stamp = make_stamp(self, path);

    listen_to(self, path);
    if (stamp != NULL)
        folder_see(get_folder(self, path), stamp);
}

static void
look_into(FulcraWatcher *self, const char *watched)
{
    GDir *dir = g_dir_open(watched, 0, NULL);
    const char *name;

    listen_to(self, watched);
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(watched, name, NULL);

        if (*name != '.' && g_file_test(path, G_FILE_TEST_IS_DIR))
            look_at(self, path);
    }
    g_clear_pointer(&dir, g_dir_close);
}

static void
look(FulcraWatcher *self)
{
    for (unsigned i = 0; i < self->folders->len; i++)
        ((Folder *)self->folders->pdata[i])->is_listed = false;
    for (char **one = self->watched; *one != NULL; one++) {
        g_autofree char *definition =
                g_build_filename(*one, FULCRA_DEFINITION, NULL);

        if (g_file_test(definition, G_FILE_TEST_EXISTS))
            look_at(self, *one);
        else
            look_into(self, *one);
    }
    for (unsigned i = 0; i < self->folders->len; i++) {
        Folder *folder = self->folders->pdata[i];

        if (!folder->is_listed)
            folder_see(folder, NULL);
    }
}

/* --- changes --- */

#define GONE "gone" /* in place of a stamp, for what could not be unloaded */

/* What is there has not been taken, and was not found wrong. */
static bool
is_pending(const Folder *self)
{
    const char *seen = self->seen != NULL ? self->seen : GONE;

    return g_strcmp0(self->seen, self->loaded) != 0 &&
           g_strcmp0(seen, self->failed) != 0;
}

static bool
is_settled(const Folder *self)
{
    return g_get_monotonic_time() - self->since >= SETTLE_US;
}

/* Something has changed that others may have waited for. */
static void
forget_failures(FulcraWatcher *self)
{
    for (unsigned i = 0; i < self->folders->len; i++) {
        Folder *folder = self->folders->pdata[i];

        g_clear_pointer(&folder->failed, g_free);
    }
}

/* It was changed by whoever may write there, so sockets are closed for it. */
static const FulcraChangeOptions options = { .by = "the watched folder",
    .force = true };

/* The folder held another module before. @before: (nullable) */
static void
unload_other(FulcraWatcher *self, const char *before)
{
    if (before != NULL)
        fulcra_host_change_free(fulcra_host_loader_unload(
                self->loader, before, &options, NULL));
}

static bool
is_of(const char *name, const char *uri)
{
    size_t length = strlen(uri);

    return name != NULL && strncmp(name, uri, length) == 0 &&
           name[length] == '@';
}

/* Whether it was. The loader says in the log why not. */
static bool
load(FulcraWatcher *self, Folder *folder)
{
    g_autoptr(FulcraChange) change =
            fulcra_host_loader_load(self->loader, folder->path, &options, NULL);

    if (change == NULL)
        return false;
    if (!is_of(folder->uri, change->uri))
        unload_other(self, folder->uri);
    g_free(folder->uri);
    folder->uri = g_strdup_printf("%s@%s", change->uri, change->version);
    return true;
}

static bool
unload(FulcraWatcher *self, Folder *folder)
{
    g_autoptr(FulcraChange) change = NULL;
    g_autoptr(GError) error = NULL;

    if (folder->uri == NULL)
        return true;
    change = fulcra_host_loader_unload(
            self->loader, folder->uri, &options, &error);
    if (change == NULL && error->code != FULCRA_ERROR_NOT_FOUND)
        return false;
    g_clear_pointer(&folder->uri, g_free);
    return true;
}

static void
take(FulcraWatcher *self, Folder *folder)
{
    g_autofree char *stamp = g_strdup(folder->seen);
    bool fine = stamp != NULL ? load(self, folder) : unload(self, folder);

    if (fine) {
        g_free(folder->loaded);
        folder->loaded = g_steal_pointer(&stamp);
        forget_failures(self);
        return;
    }
    g_free(folder->failed);
    folder->failed = g_strdup(stamp != NULL ? stamp : GONE);
}

/* Whether something is not settled yet. */
static bool
take_all(FulcraWatcher *self)
{
    bool hurry = false;

    for (unsigned i = 0; i < self->folders->len; i++) {
        Folder *folder = self->folders->pdata[i];

        if (!is_pending(folder))
            continue;
        if (is_settled(folder))
            take(self, folder);
        else
            hurry = true;
    }
    return hurry;
}

/* --- the thread --- */

static void
drop_events(FulcraWatcher *self)
{
    char block[4096];

    while (self->events >= 0 && read(self->events, block, sizeof block) > 0)
        ;
}

/* Whether to go on. */
static bool
wait(FulcraWatcher *self, bool hurry)
{
    struct pollfd fds[] = { { self->stop, POLLIN, 0 },
        { self->events, POLLIN, 0 } };

    if (poll(fds, G_N_ELEMENTS(fds), hurry ? HURRY_MS : LOOK_MS) < 0 &&
            errno != EINTR)
        g_error("cannot poll: %s", g_strerror(errno));
    drop_events(self);
    return (fds[0].revents & POLLIN) == 0;
}

static void *
watcher_main(void *data)
{
    FulcraWatcher *self = data;
    bool hurry = false;

    pthread_setname_np(pthread_self(), "watcher");
    while (wait(self, hurry)) {
        look(self);
        hurry = take_all(self);
        fulcra_host_loader_tend(self->loader);
    }
    return NULL;
}

/* What is there was loaded when the server started. */
static void
take_stock(FulcraWatcher *self)
{
    g_autoptr(GPtrArray) states = fulcra_host_loader_list_states(self->loader);

    look(self);
    for (unsigned i = 0; i < states->len; i++) {
        FulcraModuleState *state = states->pdata[i];

        for (unsigned j = 0; j < self->folders->len; j++) {
            Folder *folder = self->folders->pdata[j];

            if (strcmp(folder->path, state->folder) != 0)
                continue;
            folder->uri = g_strdup_printf("%s@%s", state->uri, state->version);
            folder->loaded = g_strdup(folder->seen);
        }
    }
}

FulcraWatcher *
fulcra_watcher_new(FulcraLoader *loader, const char *const *folders)
{
    FulcraWatcher *self = g_new0(FulcraWatcher, 1);

    self->loader = loader;
    self->watched = g_strdupv((char **)folders);
    self->folders = g_ptr_array_new_with_free_func(folder_free);
    self->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    self->stop = eventfd(0, EFD_CLOEXEC);
    if (self->events < 0 && *folders != NULL)
        fulcra_log_warning(NULL,
                "no inotify (%s): watched folders are looked at once a second",
                g_strerror(errno));
    take_stock(self);
    if (pthread_create(&self->thread, NULL, watcher_main, self) != 0)
        g_error("no thread for the watcher");
    return self;
}

void
fulcra_watcher_free(FulcraWatcher *self)
{
    uint64_t one = 1;

    if (self == NULL)
        return;
    if (write(self->stop, &one, sizeof one) < 0)
        g_error("cannot write to an eventfd: %s", g_strerror(errno));
    pthread_join(self->thread, NULL);
    close(self->stop);
    if (self->events >= 0)
        close(self->events);
    g_ptr_array_unref(self->folders);
    g_strfreev(self->watched);
    g_free(self);
}
