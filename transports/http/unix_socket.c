/* SPDX-License-Identifier: MIT */

/*
 * unix_socket.c - listening on a path, for the owner alone
 *
 * The mode is set before bind() makes the file, so there is no moment in which
 * somebody else could connect, and no umask that all threads share is touched.
 * Whether the socket that is there is dead, and taking its place, are one step
 * under a lock on the folder: two servers that start at once cannot both think
 * so and take it from each other.
 */

#include "http/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <fulcra/error.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Others hold the lock for a few system calls. */
#define LOCK_TRIES   200
#define LOCK_WAIT_US 10000

static int
fail(const char *path, const char *why, GError **error)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
            "cannot listen on %s: %s", path, why);
    return -1;
}

static bool
fill_address(const char *path, struct sockaddr_un *address, GError **error)
{
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof address->sun_path) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "cannot listen on %s: the path of a UNIX socket has at most "
                "%zu bytes, this one has %zu",
                path, sizeof address->sun_path - 1, strlen(path));
        return false;
    }
    strcpy(address->sun_path, path);
    return true;
}

/* --- the folder --- */

/* A descriptor of it that holds the lock; -1 with an error. */
static int
lock_folder(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        g_autofree char *why = g_strdup_printf(
                "its folder cannot be opened: %s", g_strerror(errno));
        return fail(path, why, error);
    }
    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        if (errno != EWOULDBLOCK || i == LOCK_TRIES) {
            close(fd);
            return fail(path, "its folder is locked by another process", error);
        }
        g_usleep(LOCK_WAIT_US);
    }
    return fd;
}

/* --- what is there already --- */

static bool
somebody_answers(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool answers = true;

    if (fd < 0)
        return true;
    /* EAGAIN: a server whose queue is full. */
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        answers = errno != ECONNREFUSED && errno != ENOENT;
    close(fd);
    return answers;
}

/* False with an error where what is there must stay. */
static bool
clear_place(const struct sockaddr_un *address, GError **error)
{
    struct stat there;

    if (lstat(address->sun_path, &there) != 0) {
        if (errno == ENOENT)
            return true;
        fail(address->sun_path, g_strerror(errno), error);
        return false;
    }
    if (!S_ISSOCK(there.st_mode)) {
        fail(address->sun_path, "there is a file of that name, and no socket",
                error);
        return false;
    }
    if (somebody_answers(address)) {
        fail(address->sun_path,
                "a server is running there; give this one another path", error);
        return false;
    }
    if (unlink(address->sun_path) == 0)
        return true;
    fail(address->sun_path, g_strerror(errno), error);
    return false;
}

/* --- listening --- */

static int
bind_there(const struct sockaddr_un *address, GError **error)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && fchmod(fd, S_IRUSR | S_IWUSR) == 0 &&
            bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
            listen(fd, SOMAXCONN) == 0)
        return fd;
    int failed = errno;
    if (fd >= 0)
        close(fd);
    return fail(address->sun_path, g_strerror(failed), error);
}

static void
note_place(const char *path, FulcraUnixPlace *place)
{
    struct stat there;

    if (lstat(path, &there) != 0)
        return;
    place->path = g_strdup(path);
    place->device = there.st_dev;
    place->inode = there.st_ino;
}

int
fulcra__unix_listen(const char *path, FulcraUnixPlace *place, GError **error)
{
    struct sockaddr_un address;
    int fd = -1;

    *place = (FulcraUnixPlace){ 0 };
    if (!fill_address(path, &address, error))
        return -1;
    int folder = lock_folder(path, error);
    if (folder < 0)
        return -1;
    if (clear_place(&address, error))
        fd = bind_there(&address, error);
    if (fd >= 0)
        note_place(path, place);
    close(folder); /* and with it the lock */
    return fd;
}

void
fulcra__unix_remove(FulcraUnixPlace *place)
{
    struct stat there;

    if (place->path == NULL)
        return;
    if (lstat(place->path, &there) == 0 && there.st_dev == place->device &&
            there.st_ino == place->inode)
        unlink(place->path);
    g_clear_pointer(&place->path, g_free);
}

/* --- who comes --- */

bool
fulcra__unix_admit(int fd, char *who, size_t size)
{
    struct ucred peer;
    socklen_t length = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
        snprintf(who, size, "nobody known");
        return false;
    }
    snprintf(
            who, size, "uid %u pid %u", (unsigned)peer.uid, (unsigned)peer.pid);
    return peer.uid == geteuid() || peer.uid == 0;
}
