/* SPDX-License-Identifier: MIT */

/*
 * fileset_cache.c - see fileset_cache.h
 *
 * When it is full it is emptied: what is still asked for comes back at the cost
 * of one read each.
 */

#include "spaces/fileset_cache.h"
#include <fulcra-host/sync.h>

#define MAX_FILE  (256u << 10)
#define MAX_BYTES (8u << 20)
#define MAX_FILES 4096u

/* A file may change again within one tick of its clock and keep its size; for
 * this long after a change it is not kept. */
#define SETTLING_SECONDS 2

struct _FulcraFilesetCache {
    pthread_mutex_t lock; /* over all below */
    GHashTable *files;    /* path → Kept */
    size_t bytes;
};

typedef struct {
    struct stat status;
    FulcraRepresentation *file;
} Kept;

static void
kept_free(void *data)
{
    Kept *self = data;

    fulcra_representation_unref(self->file);
    g_free(self);
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
           a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

FulcraFilesetCache *
fulcra__fileset_cache_new(void)
{
    FulcraFilesetCache *self = g_new0(FulcraFilesetCache, 1);

    pthread_mutex_init(&self->lock, NULL);
    self->files =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, kept_free);
    return self;
}

void
fulcra__fileset_cache_free(FulcraFilesetCache *self)
{
    g_hash_table_unref(self->files);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

FulcraRepresentation *
fulcra__fileset_cache_get(
        FulcraFilesetCache *self, const char *path, const struct stat *status)
{
    FulcraRepresentation *file = NULL;

    pthread_mutex_lock(&self->lock);
    Kept *kept = g_hash_table_lookup(self->files, path);
    if (kept != NULL && same_file(&kept->status, status))
        file = fulcra_representation_ref(kept->file);
    pthread_mutex_unlock(&self->lock);
    return file;
}

static size_t
kept_size(const Kept *kept)
{
    return kept != NULL ? (size_t)kept->status.st_size : 0;
}

void
fulcra__fileset_cache_put(FulcraFilesetCache *self, const char *path,
        const struct stat *status, FulcraRepresentation *file)
{
    int64_t age = g_get_real_time() / G_USEC_PER_SEC - status->st_mtim.tv_sec;
    size_t length;

    fulcra_representation_get_bytes(file, &length);
    if (length > MAX_FILE || length != (size_t)status->st_size ||
            age <= SETTLING_SECONDS)
        return;

    Kept *kept = g_new(Kept, 1);
    kept->status = *status;
    kept->file = fulcra_representation_ref(file);
    pthread_mutex_lock(&self->lock);
    if (self->bytes + length > MAX_BYTES ||
            g_hash_table_size(self->files) >= MAX_FILES) {
        g_hash_table_remove_all(self->files);
        self->bytes = 0;
    }
    self->bytes += length;
    self->bytes -= kept_size(g_hash_table_lookup(self->files, path));
    g_hash_table_replace(self->files, g_strdup(path), kept);
    pthread_mutex_unlock(&self->lock);
}
