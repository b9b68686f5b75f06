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

#define N_FILES (1 + FULCRA_FILESET_N_CODINGS)

typedef struct {
    struct stat status[N_FILES]; /* the file, its siblings; zero: none */
    size_t size;
    FulcraRepresentation *answer;
} Kept;

static void
kept_free(void *data)
{
    Kept *self = data;

    fulcra_representation_unref(self->answer);
    g_free(self);
}

static const struct stat *
get_status(const FulcraFilesetFound *found, size_t i)
{
    return i == 0 ? &found->file.status : &found->coded[i - 1].status;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
           a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool
same_files(const Kept *kept, const FulcraFilesetFound *found)
{
    for (size_t i = 0; i < N_FILES; i++)
        if (!same_file(&kept->status[i], get_status(found, i)))
            return false;
    return true;
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
        FulcraFilesetCache *self, const FulcraFilesetFound *found)
{
    FulcraRepresentation *answer = NULL;

    pthread_mutex_lock(&self->lock);
    Kept *kept = g_hash_table_lookup(self->files, found->path);
    if (kept != NULL && same_files(kept, found))
        answer = fulcra_representation_ref(kept->answer);
    pthread_mutex_unlock(&self->lock);
    return answer;
}

/* Whether all of @found is small, and has been what it is for a while. */
static bool
may_keep(const FulcraFilesetFound *found, size_t *size)
{
    int64_t now = g_get_real_time() / G_USEC_PER_SEC;

    *size = 0;
    for (size_t i = 0; i < N_FILES; i++) {
        const struct stat *status = get_status(found, i);

        if (status->st_size > (off_t)MAX_FILE ||
                now - status->st_mtim.tv_sec <= SETTLING_SECONDS)
            return false;
        *size += (size_t)status->st_size;
    }
    return true;
}

static Kept *
kept_new(const FulcraFilesetFound *found, FulcraRepresentation *answer,
        size_t size)
{
    Kept *self = g_new(Kept, 1);

    for (size_t i = 0; i < N_FILES; i++)
        self->status[i] = *get_status(found, i);
    self->size = size;
    self->answer = fulcra_representation_ref(answer);
    return self;
}

void
fulcra__fileset_cache_put(FulcraFilesetCache *self,
        const FulcraFilesetFound *found, FulcraRepresentation *answer)
{
    size_t size, length;

    fulcra_representation_get_bytes(answer, &length);
    if (length != (size_t)found->file.status.st_size || !may_keep(found, &size))
        return;

    Kept *kept = kept_new(found, answer, size);
    pthread_mutex_lock(&self->lock);
    if (self->bytes + size > MAX_BYTES ||
            g_hash_table_size(self->files) >= MAX_FILES) {
        g_hash_table_remove_all(self->files);
        self->bytes = 0;
    }
    const Kept *old = g_hash_table_lookup(self->files, found->path);
    self->bytes += size - (old != NULL ? old->size : 0);
    g_hash_table_replace(self->files, g_strdup(found->path), kept);
    pthread_mutex_unlock(&self->lock);
}
