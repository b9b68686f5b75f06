/* SPDX-License-Identifier: MIT */
/*
 * staging.c - copies of shared objects
 *
 * A file that is being written while it is copied would give code that nobody
 * ever built. So it is looked at before and after, and read twice: a writer
 * either changes its times, or puts another file in its place, or leaves bytes
 * behind that differ from the copy's.
 *
 * Each folder has a file that its process keeps locked. Where the lock can be
 * had the process is gone, whatever its number means by now.
 *
 * One thread at a time.
 */

#include "staging.h"

#include <fulcra/error.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX     "fulcra-modules-"
#define LOCK       "lock"
#define BLOCK      65536u
#define GRACE_TIME 3600 /* seconds that a folder may be without a lock */

struct _FulcraStaging {
    char *folder;
    int lock; /* descriptor */
    unsigned count;
};

bool
fulcra__refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    g_autofree char *message = NULL;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, FULCRA_ERROR, FULCRA_ERROR_MODULE, message);
    return false;
}

/* --- folders of processes that are gone --- */

static void
remove_folder(const char *folder)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_unlink(path);
    }
    g_clear_pointer(&dir, g_dir_close);
    g_rmdir(folder);
}

/* Made by this user, and locked by nobody. One that is new may be about to be
 * locked. */
static bool
is_abandoned(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, LOCK, NULL);
    struct stat status;
    int descriptor;
    bool abandoned;

    if (lstat(folder, &status) != 0 || !S_ISDIR(status.st_mode) ||
            status.st_uid != geteuid())
        return false;
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0)
        return errno == ENOENT && time(NULL) - status.st_mtime > GRACE_TIME;
    abandoned = flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    close(descriptor);
    return abandoned;
}

static void
remove_abandoned(void)
{
    GDir *dir = g_dir_open(g_get_tmp_dir(), 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *folder = g_build_filename(g_get_tmp_dir(), name, NULL);

        if (g_str_has_prefix(name, PREFIX) && is_abandoned(folder))
            remove_folder(folder);
    }
    g_clear_pointer(&dir, g_dir_close);
}

/* --- the folder of this one --- */

/* It gets its name when it is locked: whoever finds it finds it locked. */
static int
make_lock(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, LOCK, NULL);
    g_autofree char *fresh = g_strconcat(path, ".new", NULL);
    int lock = open(fresh, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);

    if (lock >= 0 &&
            (flock(lock, LOCK_EX | LOCK_NB) != 0 || rename(fresh, path) != 0)) {
        close(lock);
        return -1;
    }
    return lock;
}

FulcraStaging *
fulcra__staging_new(GError **error)
{
    FulcraStaging *self;
    GError *inner = NULL;
    char *folder;

    remove_abandoned();
    folder = g_dir_make_tmp(PREFIX "XXXXXX", &inner);
    if (folder == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_MODULE,
                "no folder for copies of modules can be made: %s; TMPDIR names "
                "another place",
                inner->message);
        g_clear_error(&inner);
        return NULL;
    }
    self = g_new0(FulcraStaging, 1);
    self->folder = folder;
    self->lock = make_lock(folder);
    return self;
}

void
fulcra__staging_free(FulcraStaging *self)
{
    if (self == NULL)
        return;
    remove_folder(self->folder);
    if (self->lock >= 0)
        close(self->lock);
    g_free(self->folder);
    g_free(self);
}

/* --- copying --- */

/* A file while it is copied. */
typedef struct {
    const char *path;
    int descriptor;
    struct stat status; /* as it was at first */
} Source;

static bool
source_open(Source *self, const char *path, GError **error)
{
    self->path = path;
    self->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (self->descriptor < 0)
        return fulcra__refuse(error, "%s", g_strerror(errno));
    if (fstat(self->descriptor, &self->status) != 0 ||
            !S_ISREG(self->status.st_mode))
        return fulcra__refuse(error, "not a regular file");
    if (self->status.st_size > (off_t)FULCRA_LIBRARY_MAX)
        return fulcra__refuse(error,
                "%jd bytes; a shared object has at most %u",
                (intmax_t)self->status.st_size, FULCRA_LIBRARY_MAX);
    return true;
}

/* Whether both were taken of the same file in the same state. */
static bool
status_equal(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool
source_is_unchanged(Source *self)
{
    struct stat held, named;

    return fstat(self->descriptor, &held) == 0 &&
           stat(self->path, &named) == 0 &&
           status_equal(&held, &self->status) &&
           status_equal(&named, &self->status);
}

/* Reads up to @size bytes, fewer only at the end. */
static ssize_t
read_block(int descriptor, char *block, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(descriptor, block + done, size - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static bool
write_block(int descriptor, const char *block, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t put = write(descriptor, block + done, size - done);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        done += (size_t)put;
    }
    return true;
}

/* What a file is while it is copied has no bounds: it may grow. */
static bool
pour(Source *from, int to, const char *folder, GError **error)
{
    g_autofree char *block = g_malloc(BLOCK);
    off_t left = from->status.st_size + 1;
    ssize_t got = 1;

    while (got > 0 && left > 0) {
        got = read_block(from->descriptor, block, BLOCK);
        if (got < 0)
            return fulcra__refuse(
                    error, "cannot be read: %s", g_strerror(errno));
        if (!write_block(to, block, (size_t)got))
            return fulcra__refuse(error,
                    "cannot be copied to %s: %s; make room there, or name "
                    "another folder with TMPDIR",
                    folder, g_strerror(errno));
        left -= got;
    }
    return true;
}

/* Whether both hold the same bytes, read from their beginnings. */
static bool
is_same(int one, int other)
{
    g_autofree char *blocks = g_malloc((size_t)2 * BLOCK);
    ssize_t got = 1;

    if (lseek(one, 0, SEEK_SET) != 0 || lseek(other, 0, SEEK_SET) != 0)
        return false;
    while (got > 0) {
        got = read_block(one, blocks, BLOCK);
        if (got < 0 || read_block(other, blocks + BLOCK, BLOCK) != got ||
                memcmp(blocks, blocks + BLOCK, (size_t)got) != 0)
            return false;
    }
    return true;
}

static bool
copy(Source *from, const char *path, const char *folder, GError **error)
{
    int to = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    bool fine;

    if (to < 0)
        return fulcra__refuse(error,
                "cannot be copied to %s: %s; TMPDIR names another folder",
                folder, g_strerror(errno));
    fine = pour(from, to, folder, error);
    if (fine && !(is_same(from->descriptor, to) && source_is_unchanged(from)))
        fine = fulcra__refuse(error,
                "changed while it was copied; load it when it is complete");
    close(to);
    if (!fine)
        g_unlink(path);
    return fine;
}

char *
fulcra__staging_copy(FulcraStaging *self, const char *file, GError **error)
{
    g_autofree char *name = g_path_get_basename(file);
    g_autofree char *path =
            g_strdup_printf("%s/%u-%s", self->folder, self->count++, name);
    Source from = { .descriptor = -1 };
    bool fine = source_open(&from, file, error) &&
                copy(&from, path, self->folder, error);

    if (from.descriptor >= 0)
        close(from.descriptor);
    return fine ? g_steal_pointer(&path) : NULL;
}
