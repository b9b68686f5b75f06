/* SPDX-License-Identifier: MIT */

/*
 * floor.c - what an echo costs when a server does nothing else
 *
 *     floor PORT
 *
 * One thread, epoll, recv, send; no HTTP beyond looking for the end of the
 * head, no library, no limits, no order of closing. All frames of one read
 * are answered with one send. The handshake is answered with the accept value
 * of RFC 6455's example key, which load.c sends. Not a server: a yardstick.
 */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKETS_MAX 65536
#define BUFFER_SIZE (1 << 18)

typedef struct {
    bool open;
    uint8_t *rest; /* of a frame that has not come entirely */
    size_t rest_len;
} Socket;

static Socket sockets[SOCKETS_MAX];
static uint8_t in[BUFFER_SIZE];
static uint8_t out[BUFFER_SIZE];

static const char switching[] = "HTTP/1.1 101 Switching Protocols\r\n"
                                "Upgrade: websocket\r\n"
                                "Connection: Upgrade\r\n"
                                "Sec-WebSocket-Accept: "
                                "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static void
socket_close(int fd)
{
    free(sockets[fd].rest);
    sockets[fd] = (Socket){ 0 };
    close(fd);
}

static void
socket_keep(Socket *self, const uint8_t *rest, size_t len)
{
    if (len > 0) {
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

/* The bytes that the echo of one frame took from @frame, 0 for more to come.
 * Lengths of 64 bits are not understood: load.c sends none. */
static size_t
frame_echo(const uint8_t *frame, size_t len, size_t *out_len)
{
    size_t head = 2;
    size_t size;

    if (len < 8)
        return 0;
    size = frame[1] & 0x7f;
    if (size == 126) {
        head = 4;
        size = (size_t)frame[2] << 8 | frame[3];
    }
    if (len < head + 4 + size)
        return 0;

    uint8_t *to = out + *out_len;

    memcpy(to, frame, head);
    to[1] &= 0x7f;
    unmask(to + head, frame + head + 4, size, frame + head);
    *out_len += head + size;
    return head + 4 + size;
}

static void
socket_read(int fd)
{
    Socket *self = &sockets[fd];
    size_t len = self->rest_len;
    size_t at = 0, out_len = 0, used;
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

    if (!self->open) {
        uint8_t *end = memmem(in, len, "\r\n\r\n", 4);

        if (end != NULL) {
            self->open = true;
            at = (size_t)(end + 4 - in);
            memcpy(out, switching, sizeof switching - 1);
            out_len = sizeof switching - 1;
        }
    }
    while (self->open && (used = frame_echo(in + at, len - at, &out_len)) > 0)
        at += used;
    if (out_len > 0 && send(fd, out, out_len, MSG_NOSIGNAL) != (ssize_t)out_len)
        warnx("a send was cut short");
    if (len > at || self->rest_len > 0)
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
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
            listen(fd, 4096) < 0)
        err(1, "port %u", port);
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
            else
                socket_read(events[i].data.fd);
        }
    }
}
