/* SPDX-License-Identifier: MIT */

/*
 * numbers.c - sockets that count: is every message answered once, in order?
 *
 *   numbers -P PORT [-c CONNECTIONS] [-r MESSAGES A SECOND] PATH...
 *
 * Each connection sends 0, 1, 2, ... and expects answers "PREFIX NUMBER" in
 * that order, whose prefix is a number that never falls; connections take the
 * paths in turn. "open" is printed when all are open. Then it goes on until
 * standard input ends, waits for the answers that are missing, and prints a
 * line of JSON.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_NS (20 * INT64_C(1000000000)) /* for the last answers */
#define BUFFER      512u
#define BATCH       256

typedef struct {
    int fd;
    unsigned sent, answered;
    long prefix;   /* of the last answer */
    size_t length; /* of what is in the buffer */
    uint8_t buffer[BUFFER];
} Connection;

static struct {
    int port;
    unsigned n;
    double rate;
    char **paths;
    unsigned n_paths;
} options = { .n = 100, .rate = 1 };

static Connection *connections;
static int events;
static uint64_t n_sent, n_answered, n_wrong, n_closed;
static long highest; /* prefix so far */
static uint64_t n_prefixes;

static int64_t
now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* --- opening, one after the other --- */

static void
read_head(int fd)
{
    char head[2048];
    size_t length = 0;

    /* Byte by byte: what comes behind the head is not for us to read. */
    while (length < 4 || memcmp(head + length - 4, "\r\n\r\n", 4) != 0) {
        if (length == sizeof head || read(fd, head + length, 1) != 1)
            errx(1, "the handshake was not answered");
        length++;
    }
    if (strncmp(head, "HTTP/1.1 101 ", 13) != 0)
        errx(1, "refused: %.*s", (int)length, head);
}

static void
connection_open(Connection *self, const char *path)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)options.port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = self };
    char head[512];
    int one = 1, length;

    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (self->fd < 0 ||
            connect(self->fd, (struct sockaddr *)&address, sizeof address) != 0)
        err(1, "connect");
    setsockopt(self->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    length = snprintf(head, sizeof head,
            "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            path, options.port);
    if (write(self->fd, head, (size_t)length) != length)
        err(1, "write");
    read_head(self->fd);
    epoll_ctl(events, EPOLL_CTL_ADD, self->fd, &event);
}

/* --- talking --- */

static void
connection_lost(Connection *self)
{
    n_closed++;
    close(self->fd);
    self->fd = -1;
}

static void
send_frame(Connection *self, uint8_t first, const char *data, size_t length)
{
    uint8_t frame[64] = { first, (uint8_t)(0x80 | length), 0, 0, 0, 0 };

    memcpy(frame + 6, data, length); /* the mask is nothing but zeros */
    if (send(self->fd, frame, 6 + length, MSG_NOSIGNAL) !=
            (ssize_t)(6 + length))
        connection_lost(self);
}

static void
send_number(Connection *self)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%u", self->sent);

    if (self->fd < 0)
        return;
    self->sent++;
    n_sent++;
    send_frame(self, 0x81, text, (size_t)length);
}

static void
take_answer(Connection *self, const char *text)
{
    const char *number = strchr(text, ' ');
    long prefix = strtol(text, NULL, 10);

    if (number == NULL || strtoul(number, NULL, 10) != self->answered ||
            prefix < self->prefix)
        n_wrong++;
    self->prefix = prefix;
    n_prefixes += prefix > highest;
    if (prefix > highest)
        highest = prefix;
    self->answered++;
    n_answered++;
}

static void
take_frame(Connection *self, uint8_t opcode, const uint8_t *data, size_t length)
{
    char text[128];

    if (opcode == 1) {
        snprintf(text, sizeof text, "%.*s", (int)length, (const char *)data);
        take_answer(self, text);
    } else if (opcode == 9) {
        send_frame(self, 0x8a, (const char *)data, length);
    } else {
        n_wrong++;
    }
}

/* All that is complete; frames of a server that does not say much. */
static void
take_frames(Connection *self)
{
    size_t at = 0;

    while (self->length - at >= 2) {
        size_t length = self->buffer[at + 1];

        if (length > 125)
            errx(1, "an answer of more than 125 bytes");
        if (self->length - at < 2 + length)
            break;
        take_frame(self, self->buffer[at] & 15, self->buffer + at + 2, length);
        at += 2 + length;
    }
    memmove(self->buffer, self->buffer + at, self->length - at);
    self->length -= at;
}

static void
on_readable(Connection *self)
{
    ssize_t got = recv(self->fd, self->buffer + self->length,
            BUFFER - self->length, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        connection_lost(self);
        return;
    }
    self->length += (size_t)got;
    take_frames(self);
}

static void
turn(void)
{
    struct epoll_event ready[BATCH];
    int n = epoll_wait(events, ready, BATCH, 2);

    for (int i = 0; i < n; i++) {
        Connection *one = ready[i].data.ptr;

        if (one->fd >= 0)
            on_readable(one);
    }
}

/* --- from the beginning to the end --- */

static bool
input_ended(void)
{
    struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
    char byte;

    return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

static void
open_all(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    events = epoll_create1(EPOLL_CLOEXEC);
    connections = calloc(options.n, sizeof *connections);
    if (connections == NULL)
        errx(1, "no memory");
    for (unsigned i = 0; i < options.n; i++)
        connection_open(&connections[i], options.paths[i % options.n_paths]);
    printf("open\n");
    fflush(stdout);
}

static void
talk(void)
{
    int64_t began = now_ns();
    uint64_t done = 0;

    while (!input_ended()) {
        double seconds = (double)(now_ns() - began) / 1e9;
        uint64_t due = (uint64_t)(seconds * options.rate * options.n);

        for (int i = 0; done < due && i < BATCH; i++, done++)
            send_number(&connections[done % options.n]);
        turn();
    }
}

static void
finish(void)
{
    int64_t until = now_ns() + PATIENCE_NS;

    while (n_answered < n_sent && now_ns() < until)
        turn();
    printf("{\"connections\": %u, \"sent\": %llu, \"answered\": %llu, "
           "\"wrong\": %llu, \"closed\": %llu, \"prefixes\": %llu}\n",
            options.n, (unsigned long long)n_sent,
            (unsigned long long)n_answered, (unsigned long long)n_wrong,
            (unsigned long long)n_closed, (unsigned long long)n_prefixes);
}

int
main(int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "P:c:r:")) != -1) {
        if (option == 'P')
            options.port = atoi(optarg);
        else if (option == 'c')
            options.n = (unsigned)atoi(optarg);
        else if (option == 'r')
            options.rate = atof(optarg);
        else
            return 2;
    }
    options.paths = argv + optind;
    options.n_paths = (unsigned)(argc - optind);
    if (options.n_paths == 0 || options.n == 0)
        errx(2, "usage: numbers -P PORT [-c CONNECTIONS] [-r RATE] PATH...");
    open_all();
    talk();
    finish();
    return 0;
}
