/* SPDX-License-Identifier: MIT */
/*
 * stream.c - plain TCP
 *
 * In a process with threads recv() and send() of the C library are points of
 * cancellation, which takes 2 % of what an echo takes in all. No thread of ours
 * is ever cancelled, so the system is called directly; where sanitizers look
 * on, they must see it.
 */
#include "websocket/stream.h"

#include <fulcra-host/sync.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if FULCRA_SANITIZED
#define RECEIVE(fd, buffer, size)    recv(fd, buffer, size, 0)
#define SEND(fd, bytes, size, flags) send(fd, bytes, size, flags)
#else
#define RECEIVE(fd, buffer, size)                                              \
    syscall(SYS_recvfrom, fd, buffer, size, 0, NULL, NULL)
#define SEND(fd, bytes, size, flags)                                           \
    syscall(SYS_sendto, fd, bytes, size, flags, NULL, 0)
#endif

static ssize_t
plain_read(FulcraStream *self, void *buffer, size_t size)
{
    return RECEIVE(self->watch.fd, buffer, size);
}

/* send() is measurably cheaper than sendmsg(), and one part the rule. */
static ssize_t
plain_writev(FulcraStream *self, const struct iovec *parts, int n)
{
    struct msghdr message = { .msg_iov = (struct iovec *)parts,
        .msg_iovlen = (size_t)n };

    if (n == 1)
        return SEND(
                self->watch.fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL);
    return sendmsg(self->watch.fd, &message, MSG_NOSIGNAL);
}

static void
plain_shut(FulcraStream *self)
{
    shutdown(self->watch.fd, SHUT_WR);
}

static void
plain_close(FulcraStream *self)
{
    close(self->watch.fd);
    self->watch.fd = -1;
}

static void
plain_abort(FulcraStream *self)
{
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };

    setsockopt(self->watch.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    plain_close(self);
}

void
fulcra__stream_init_plain(FulcraStream *self, int fd)
{
    static const FulcraStreamOps ops = {
        .read = plain_read,
        .writev = plain_writev,
        .shut = plain_shut,
        .close = plain_close,
        .abort = plain_abort,
    };

    self->ops = &ops;
    self->watch.fd = fd;
}
