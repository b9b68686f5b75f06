/* SPDX-License-Identifier: MIT */

/*
 * fileset_find.c - see fileset_find.h
 *
 * What a path may reach is decided by the system, not by looking at the text:
 * every segment is opened on its own, relative to the descriptor of the one
 * before it, and never through a link. "." and ".." are refused with all names
 * that begin with a dot, so a walk cannot leave the root it began in, whatever
 * is renamed meanwhile. (openat2() with RESOLVE_BENEATH would do that in one
 * call; sandboxes forbid it often enough that the walk would be needed anyway.)
 */

#include "spaces/fileset_find.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const char *const fulcra__fileset_codings[] = { "br", "gzip" };

static const char *const suffixes[] = { ".br", ".gz" };

bool
fulcra__fileset_name_is_fine(const char *name)
{
    if (name[0] == '\0' || name[0] == '.')
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if (*c == '\\' || *c == '/' || g_ascii_iscntrl(*c))
            return false;
    return g_utf8_validate(name, -1, NULL);
}

/* --- opening --- */

static const FulcraFilesetFile nothing = { .fd = -1 };

static void
file_clear(FulcraFilesetFile *self)
{
    if (self->fd >= 0)
        close(self->fd);
    *self = nothing;
}

/* O_NONBLOCK: a FIFO must not hold us up until somebody writes. */
static FulcraFilesetFile
file_open(int folder, const char *name)
{
    FulcraFilesetFile self = nothing;

    self.fd = openat(folder, name,
            O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    if (self.fd >= 0 && (fstat(self.fd, &self.status) != 0 ||
                                !(S_ISREG(self.status.st_mode) ||
                                        S_ISDIR(self.status.st_mode))))
        file_clear(&self);
    return self;
}

static void
leave(int folder, int root)
{
    if (folder >= 0 && folder != root)
        close(folder);
}

/* Opens all folders of @segments; -1 where one of them cannot be. */
static int
walk(int root, char *const *segments, size_t n_folders)
{
    int at = root;

    for (size_t i = 0; i < n_folders && at >= 0; i++) {
        int next =
                fulcra__fileset_name_is_fine(segments[i])
                        ? openat(at, segments[i],
                                  O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                        : -1;

        leave(at, root);
        at = next;
    }
    return at;
}

/* --- siblings --- */

/* One that is older than the file itself was forgotten when that changed.
 * Whole seconds: tools that keep times do not always keep fractions. */
static void
find_coded(FulcraFilesetFound *self, int folder, const char *name)
{
    for (size_t i = 0; i < FULCRA_FILESET_N_CODINGS; i++) {
        g_autofree char *sibling = g_strconcat(name, suffixes[i], NULL);
        FulcraFilesetFile *coded = &self->coded[i];

        *coded = file_open(folder, sibling);
        if (coded->fd >= 0 && (!S_ISREG(coded->status.st_mode) ||
                                      coded->status.st_mtim.tv_sec <
                                              self->file.status.st_mtim.tv_sec))
            file_clear(coded);
    }
}

/* --- finding --- */

static bool
find_at(FulcraFilesetFound *self, int root, bool coded)
{
    g_auto(GStrv) segments = g_strsplit(self->path, "/", -1);
    size_t last = g_strv_length(segments) - 1;
    int folder = fulcra__fileset_name_is_fine(segments[last])
                         ? walk(root, segments, last)
                         : -1;

    if (folder < 0)
        return false;
    self->file = file_open(folder, segments[last]);
    if (coded && self->file.fd >= 0 && S_ISREG(self->file.status.st_mode))
        find_coded(self, folder, segments[last]);
    leave(folder, root);
    return self->file.fd >= 0;
}

static bool
find_index(FulcraFilesetFound *self, int root, const char *path,
        const char *const *indexes, bool coded)
{
    for (; *indexes != NULL; indexes++) {
        g_free(self->path);
        self->path = g_strconcat(path, *indexes, NULL);
        if (find_at(self, root, coded) && S_ISREG(self->file.status.st_mode))
            return true;
        file_clear(&self->file);
    }
    return false;
}

bool
fulcra__fileset_find(int root, const char *path, const char *const *indexes,
        bool coded, FulcraFilesetFound *found)
{
    *found = (FulcraFilesetFound){ .file = nothing };
    for (size_t i = 0; i < FULCRA_FILESET_N_CODINGS; i++)
        found->coded[i] = nothing;
    if (path[0] == '\0' || g_str_has_suffix(path, "/"))
        return find_index(found, root, path, indexes, coded);
    found->path = g_strdup(path);
    return find_at(found, root, coded);
}

void
fulcra__fileset_found_clear(FulcraFilesetFound *self)
{
    file_clear(&self->file);
    for (size_t i = 0; i < FULCRA_FILESET_N_CODINGS; i++)
        file_clear(&self->coded[i]);
    g_clear_pointer(&self->path, g_free);
}
