/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * UNIX sockets: who listens there, and who comes
 */

#include <fulcra/types.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Where a socket stands in the file system, so that the one that is taken away
 * in the end is the one that was made. */
typedef struct {
    char *path; /* (nullable): NULL for none */
    dev_t device;
    ino_t inode;
} FulcraUnixPlace;

/**
 * fulcra__unix_listen:
 * @path: at most 107 bytes; its folder must be there
 * @place: (out): for fulcra__unix_remove()
 *
 * A socket of mode 0600. One that a dead server left behind is replaced.
 *
 * Returns: a non-blocking listening socket; -1 with an error: somebody answers
 * at @path, or what is there is no socket, or it cannot be made
 */
int fulcra__unix_listen(
        const char *path, FulcraUnixPlace *place, GError **error);

/** Takes the socket out of the file system, if it still is the one. */
void fulcra__unix_remove(FulcraUnixPlace *place);

/**
 * fulcra__unix_admit:
 * @who: (out): "uid 1000 pid 4711"
 *
 * Whether the peer of @fd is the user that this process runs as, or root.
 */
bool fulcra__unix_admit(int fd, char *who, size_t size);

G_END_DECLS
