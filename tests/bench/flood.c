/* SPDX-License-Identifier: MIT */

/*
 * flood - many sockets send many messages without waiting, and every answer is
 * checked
 *
 *     flood PORT PATH CONNECTIONS MESSAGES order    answers repeat the numbers
 *     flood PORT PATH CONNECTIONS MESSAGES hostile  answers are "same"
 *
 * Prints one line of JSON; exit status 0 where every answer came, in order.
 */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER 65536

typedef struct {
    int fd;
    bool open;
    unsigned sent, received; /* messages */
    uint64_t random;
    size_t out_at, out_end, in_end;
    uint8_t out[BUFFER], in[BUFFER];
} Connection;

static const char *host_path;
static unsigned n_messages;
static bool hostile;
static unsigned n_wrong, n_done;
static int epoll_fd;

static uint64_t
next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Anything that could be taken for an identifier, or for a part of one. */
static size_t
write_hostile(Connection *self, char *to, size_t room)
{
    static const char *const pieces[] = { "active:tripwire", "res:/tripwire",
        "ws:/tripwire", "wsResponse:/message", "wsResponse:/disconnect",
        "httpRequest:/tripwire", "admin:/tripwire", "data:text/plain,tripwire",
        "+operand@res:/tripwire", "+operand@", "+", "@", "%", "%2B", "%40",
        "%25", "%252B", "%2Boperand%40res:/tripwire", "+text@active:tripwire",
        "+socketid@other", "/", "../", "//", ":", "{", "}", "{text}", "\"",
        "\\", "{\"type\":\"res:/tripwire\"}", "{\"type\":\"say\",\"text\":\"",
        "\"}", "?", "#", " ", "\xc3\xa9", "\n", "arg:text", "active:", "+*",
        "@{", "res:", "urn:tripwire" };
    size_t length = 0;
    unsigned n = 1 + next_random(&self->random) % 8;

    for (unsigned i = 0; i < n; i++) {
        const char *piece = pieces[next_random(&self->random) %
                                   (sizeof pieces / sizeof *pieces)];
        size_t piece_length = strlen(piece);

        if (length + piece_length > room)
            break;
        memcpy(to + length, piece, piece_length);
        length += piece_length;
    }
    return length;
}

static void
write_frame(Connection *self)
{
    static const uint8_t mask[4] = { 0x12, 0x34, 0x56, 0x78 };
    char payload[256];
    size_t length = hostile ? write_hostile(self, payload, 120)
                            : (size_t)snprintf(payload, sizeof payload, "%u",
                                      self->sent);
    uint8_t *frame = self->out + self->out_end;

    frame[0] = 0x81;
    frame[1] = 0x80 | (uint8_t)length;
    memcpy(frame + 2, mask, 4);
    for (size_t i = 0; i < length; i++)
        frame[6 + i] = (uint8_t)payload[i] ^ mask[i & 3];
    self->out_end += 6 + length;
    self->sent++;
}

static void
watch(Connection *self, int operation, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = self };

    if (epoll_ctl(epoll_fd, operation, self->fd, &event) != 0)
        err(2, "epoll_ctl");
}

static void
flush(Connection *self)
{
    if (self->out_at == self->out_end)
        self->out_at = self->out_end = 0;
    while (self->open && self->sent < n_messages &&
            self->out_end + 256 < BUFFER)
        write_frame(self);
    while (self->out_at < self->out_end) {
        ssize_t n = send(self->fd, self->out + self->out_at,
                self->out_end - self->out_at, MSG_NOSIGNAL);
        if (n < 0)
            return;
        self->out_at += (size_t)n;
    }
    self->out_at = self->out_end = 0;
    if (self->sent == n_messages)
        watch(self, EPOLL_CTL_MOD, EPOLLIN);
}

static void
check_answer(Connection *self, const uint8_t *payload, size_t length)
{
    char expected[24] = "same";

    if (!hostile)
        snprintf(expected, sizeof expected, "%u", self->received);
    if (length != strlen(expected) || memcmp(payload, expected, length) != 0) {
        if (n_wrong++ < 5)
            fprintf(stderr, "answer %u is '%.*s', not '%s'\n", self->received,
                    (int)length, (const char *)payload, expected);
    }
    if (++self->received == n_messages)
        n_done++;
}

static void
take_head(Connection *self)
{
    uint8_t *end = memmem(self->in, self->in_end, "\r\n\r\n", 4);

    if (end == NULL)
        return;
    if (memcmp(self->in, "HTTP/1.1 101", 12) != 0)
        errx(2, "refused: %.*s", 60, (const char *)self->in);
    size_t used = (size_t)(end + 4 - self->in);
    memmove(self->in, self->in + used, self->in_end - used);
    self->in_end -= used;
    self->open = true;
}

static void
take_frames(Connection *self)
{
    size_t at = 0;

    while (self->in_end - at >= 2) {
        size_t length = self->in[at + 1] & 0x7f;

        if (self->in_end - at < 2 + length)
            break;
        if ((self->in[at] & 0x0f) == 8) {
            fprintf(stderr, "closed with %u: %.*s\n",
                    self->in[at + 2] << 8 | self->in[at + 3],
                    length > 2 ? (int)length - 2 : 0,
                    (const char *)self->in + at + 4);
            exit(1);
        }
        if ((self->in[at] & 0x0f) == 1)
            check_answer(self, self->in + at + 2, length);
        at += 2 + length;
    }
    memmove(self->in, self->in + at, self->in_end - at);
    self->in_end -= at;
}

static void
receive(Connection *self)
{
    ssize_t n = recv(self->fd, self->in + self->in_end, BUFFER - self->in_end,
            MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        errx(1, "connection lost after %u answers", self->received);
    self->in_end += (size_t)n;
    if (!self->open)
        take_head(self);
    if (self->open)
        take_frames(self);
}

static void
open_connection(Connection *self, int port, unsigned index)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int one = 1;

    self->random = 0x9e3779b97f4a7c15u * (index + 1);
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (self->fd < 0 ||
            connect(self->fd, (void *)&address, sizeof address) != 0)
        err(2, "connect");
    setsockopt(self->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(self->fd, F_SETFL, O_NONBLOCK);
    self->out_end = (size_t)snprintf((char *)self->out, BUFFER,
            "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            host_path, port);
    watch(self, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

int
main(int argc, char **argv)
{
    struct epoll_event events[256];

    if (argc != 6)
        errx(2, "usage: flood PORT PATH CONNECTIONS MESSAGES order|hostile");
    unsigned n = (unsigned)atoi(argv[3]);
    host_path = argv[2];
    n_messages = (unsigned)atoi(argv[4]);
    hostile = strcmp(argv[5], "hostile") == 0;
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    Connection *connections = calloc(n, sizeof *connections);
    if (connections == NULL)
        err(2, "calloc");
    for (unsigned i = 0; i < n; i++)
        open_connection(&connections[i], atoi(argv[1]), i);

    while (n_done < n) {
        int ready = epoll_wait(epoll_fd, events, 256, 60000);

        if (ready == 0)
            errx(1, "nothing came for a minute; %u of %u are done", n_done, n);
        for (int i = 0; i < ready; i++) {
            Connection *connection = events[i].data.ptr;

            if (events[i].events & ~(uint32_t)EPOLLOUT)
                receive(connection);
            if (events[i].events & EPOLLOUT)
                flush(connection);
        }
    }
    printf("{\"connections\": %u, \"messages\": %llu, \"wrong\": %u}\n", n,
            (unsigned long long)n * n_messages, n_wrong);
    free(connections);
    return n_wrong == 0 ? 0 : 1;
}
