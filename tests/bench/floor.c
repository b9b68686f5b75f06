/* SPDX-License-Identifier: MIT */

/*
 * floor.c - what messages cost when a server does nothing else
 *
 *     floor PORT
 *
 * One thread, epoll, recv, send; no HTTP beyond looking for the end of the
 * head, no library, no limits, no order of closing. All frames of one read
 * leave in one send: to whom they came from; those of /pub and the bodies of
 * POST (one a connection) to all of /sub, a send for each. The handshake is
 * answered with the accept value of RFC 6455's example key, which load.c sends.
 * Not a server: a yardstick.
 */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKETS_MAX 65536
#define BUFFER_SIZE (1 << 18)

enum { CLOSED, NEW, ECHO, SUBSCRIBER, PUBLISHER, POSTER };

typedef struct {
    uint8_t kind;
    uint8_t *rest; /* of a frame that has not come entirely */
    size_t rest_len;
    int place; /* of a subscriber */
} Socket;

static Socket sockets[SOCKETS_MAX];
static int subscribers[SOCKETS_MAX], n_subscribers;
static uint8_t in[BUFFER_SIZE];
static uint8_t out[BUFFER_SIZE];
static size_t out_len;

static const char switching[] = "HTTP/1.1 101 Switching Protocols\r\n"
                                "Upgrade: websocket\r\n"
                                "Connection: Upgrade\r\n"
                                "Sec-WebSocket-Accept: "
                                "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const char created[] = "HTTP/1.1 201 Created\r\n"
                              "Connection: close\r\n"
                              "Content-Length: 0\r\n\r\n";

static void
send_all(int fd, const void *data, size_t len)
{
    if (send(fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
        warnx("a send was cut short");
}

static void
subscriber_add(int fd)
{
    sockets[fd].place = n_subscribers;
    subscribers[n_subscribers++] = fd;
}

static void
subscriber_remove(int fd)
{
    int last = subscribers[--n_subscribers];

    sockets[last].place = sockets[fd].place;
    subscribers[sockets[fd].place] = last;
}

static void
socket_close(int fd)
{
    if (sockets[fd].kind == SUBSCRIBER)
        subscriber_remove(fd);
    free(sockets[fd].rest);
    sockets[fd] = (Socket){ 0 };
    close(fd);
}

static void
socket_keep(Socket *self, const uint8_t *rest, size_t len)
{
    if (len == 0) {
        free(self->rest);
        self->rest = NULL;
    } else {
        self->rest = realloc(self->rest, len);
        if (self->rest == NULL)
            err(1, "realloc");
        memcpy(self->rest, rest, len);
    }
    self->rest_len = len;
}

static void
unmask(uint8_t *to, const uint8_t *from, size_t len, const uint8_t *key)
{
    uint32_t key4;
    uint64_t key8;
    size_t i = 0;

    memcpy(&key4, key, 4);
    key8 = (uint64_t)key4 << 32 | key4;
    for (; i + 8 <= len; i += 8) {
        uint64_t word;

        memcpy(&word, from + i, 8);
        word ^= key8;
        memcpy(to + i, &word, 8);
    }
    for (; i < len; i++)
        to[i] = from[i] ^ key[i & 3];
}

/* Puts one frame, unmasked, into `out`; the bytes that it took, 0 for more to
 * come. Lengths of 64 bits are not understood: load.c sends none. */
static size_t
frame_take(const uint8_t *frame, size_t len)
{
    size_t head = 2;
    size_t size;

    if (len < 6)
        return 0;
    size = frame[1] & 0x7f;
    if (size == 126) {
        head = 4;
        size = (size_t)frame[2] << 8 | frame[3];
    }
    if (len < head + 4 + size)
        return 0;

    uint8_t *to = out + out_len;

    memcpy(to, frame, head);
    to[1] &= 0x7f;
    unmask(to + head, frame + head + 4, size, frame + head);
    out_len += head + size;
    return head + 4 + size;
}

/* The same for a POST, whose body is a text. */
static size_t
post_take(int fd, const uint8_t *request, size_t len)
{
    static const char field[] = "Content-Length: ";
    const uint8_t *end = memmem(request, len, "\r\n\r\n", 4);
    const uint8_t *at = memmem(request, len, field, strlen(field));
    size_t head, size;

    if (end == NULL || at == NULL || at > end)
        return 0;
    head = (size_t)(end + 4 - request);
    size = (size_t)atol((const char *)at + strlen(field));
    if (len < head + size)
        return 0;
    out[out_len++] = 0x81;
    if (size < 126) {
        out[out_len++] = (uint8_t)size;
    } else {
        out[out_len++] = 126;
        out[out_len++] = (uint8_t)(size >> 8);
        out[out_len++] = (uint8_t)size;
    }
    memcpy(out + out_len, request + head, size);
    out_len += size;
    send_all(fd, created, sizeof created - 1);
    shutdown(fd, SHUT_WR);
    return head + size;
}

/* What a socket is for is in its first line. The bytes of a handshake. */
static size_t
head_take(int fd, const uint8_t *head, size_t len)
{
    const uint8_t *end = memmem(head, len, "\r\n\r\n", 4);
    Socket *self = &sockets[fd];

    if (end == NULL)
        return 0;
    if (memcmp(head, "POST", 4) == 0) {
        self->kind = POSTER;
        return 0;
    }
    if (memcmp(head, "GET /sub", 8) == 0) {
        self->kind = SUBSCRIBER;
        subscriber_add(fd);
    } else {
        self->kind = memcmp(head, "GET /pub", 8) == 0 ? PUBLISHER : ECHO;
    }
    send_all(fd, switching, sizeof switching - 1);
    return (size_t)(end + 4 - head);
}

static void
socket_send(int fd)
{
    if (sockets[fd].kind == PUBLISHER || sockets[fd].kind == POSTER)
        for (int i = 0; i < n_subscribers; i++)
            send_all(subscribers[i], out, out_len);
    else
        send_all(fd, out, out_len);
}

static void
socket_read(int fd)
{
    Socket *self = &sockets[fd];
    size_t len = self->rest_len;
    size_t at = 0, used;
    ssize_t got;

    if (len > 0)
        memcpy(in, self->rest, len);
    got = recv(fd, in + len, sizeof in - len, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        socket_close(fd);
        return;
    }
    len += (size_t)got;
    out_len = 0;
    if (self->kind == NEW)
        at = head_take(fd, in, len);
    while (self->kind != NEW &&
            (used = self->kind == POSTER ? post_take(fd, in + at, len - at)
                                         : frame_take(in + at, len - at)) > 0)
        at += used;
    if (out_len > 0)
        socket_send(fd);
    /* A Close was answered by its echo, a POST as the server does. */
    if (out_len >= 2 && (out[0] == 0x88 || self->kind == POSTER))
        socket_close(fd);
    else if (len > at || self->rest_len > 0)
        socket_keep(self, in + at, len - at);
}

static void
accept_all(int listener, int epoll)
{
    int one = 1;
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

        if (fd >= SOCKETS_MAX)
            errx(1, "too many sockets");
        sockets[fd].kind = NEW;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static int
listener_new(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
            listen(fd, 4096) < 0)
        err(1, "port %u", port);
    getsockname(fd, (struct sockaddr *)&address, &len);
    printf("listening on http://127.0.0.1:%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int
main(int argc, char **argv)
{
    struct rlimit limit;
    struct epoll_event event = { .events = EPOLLIN };
    struct epoll_event events[1024];
    int listener, epoll;

    if (argc != 2)
        errx(2, "usage: floor PORT");
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    listener = listener_new((uint16_t)atoi(argv[1]));
    epoll = epoll_create1(0);
    event.data.fd = listener;
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, 1024, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                accept_all(listener, epoll);
            else if (sockets[events[i].data.fd].kind != CLOSED)
                socket_read(events[i].data.fd);
        }
    }
}
