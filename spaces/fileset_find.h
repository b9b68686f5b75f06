/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From a path to open files below a root
 */

#include <fulcra/types.h>
#include <sys/stat.h>

G_BEGIN_DECLS

/* The content codings of siblings: FILE.br, FILE.gz. */
#define FULCRA_FILESET_N_CODINGS 2
extern const char *const fulcra__fileset_codings[FULCRA_FILESET_N_CODINGS];

typedef struct {
    int fd; /* -1: nothing; then all of `status` is zero */
    struct stat status;
} FulcraFilesetFile;

/* What a path leads to. */
typedef struct {
    char *path;             /* with the index, where it names a folder */
    FulcraFilesetFile file; /* regular, or a folder */
    FulcraFilesetFile coded[FULCRA_FILESET_N_CODINGS]; /* regular */
} FulcraFilesetFound;

/** Whether a file of that name may be served: it is neither hidden nor "."
 * nor "..", and has nothing that confuses somebody's parser. */
bool fulcra__fileset_name_is_fine(const char *name);

/**
 * fulcra__fileset_find:
 * @root: a folder's descriptor
 * @path: relative to it, from outside; "" or with a slash at its end where it
 *     names a folder, whose index is meant then
 * @indexes: (array zero-terminated=1): file names; the first that is there
 * @coded: whether to look for siblings
 * @found: (out): to be cleared in any case
 *
 * Returns: whether there is something
 */
bool fulcra__fileset_find(int root, const char *path,
        const char *const *indexes, bool coded, FulcraFilesetFound *found);

void fulcra__fileset_found_clear(FulcraFilesetFound *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(
        FulcraFilesetFound, fulcra__fileset_found_clear)

G_END_DECLS
