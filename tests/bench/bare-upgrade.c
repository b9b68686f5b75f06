/* SPDX-License-Identifier: MIT */

/*
 * bare-upgrade.c - what opening and closing a WebSocket costs libmicrohttpd
 *
 *     bare-upgrade PORT
 *
 * One thread. libmicrohttpd in external mode inside an epoll of ours, as the
 * server has it; the accept value is computed, the socket is duplicated in the
 * upgrade handler and libmicrohttpd's side released. What then comes is taken
 * for a Close and answered with one. No guard, no limits, no requests.
 */

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <glib.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

static int epoll;

static char *
accept_value(const char *key)
{
    g_autofree char *joined = g_strconcat(key, GUID, NULL);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA1);
    uint8_t digest[20];
    gsize length = sizeof digest;

    g_checksum_update(checksum, (const guchar *)joined, -1);
    g_checksum_get_digest(checksum, digest, &length);
    return g_base64_encode(digest, length);
}

static void
upgraded(void *data, struct MHD_Connection *connection, void *context,
        const char *early, size_t n_early, MHD_socket socket,
        struct MHD_UpgradeResponseHandle *handle)
{
    int fd = fcntl(socket, F_DUPFD_CLOEXEC, 0);
    int one = 1;
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

    if (fd < 0)
        err(1, "dup");
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

static enum MHD_Result
asked(void *data, struct MHD_Connection *connection, const char *url,
        const char *method, const char *version, const char *body,
        size_t *n_body, void **context)
{
    const char *key = MHD_lookup_connection_value(
            connection, MHD_HEADER_KIND, "Sec-WebSocket-Key");
    g_autofree char *accept = accept_value(key == NULL ? "" : key);
    struct MHD_Response *response =
            MHD_create_response_for_upgrade(upgraded, NULL);
    enum MHD_Result queued;

    MHD_add_response_header(response, "Upgrade", "websocket");
    MHD_add_response_header(response, "Sec-WebSocket-Accept", accept);
    queued = MHD_queue_response(
            connection, MHD_HTTP_SWITCHING_PROTOCOLS, response);
    MHD_destroy_response(response);
    return queued;
}

static void
socket_read(int fd)
{
    static const uint8_t close_frame[] = { 0x88, 2, 3, 0xe8 };
    uint8_t in[4096];

    if (recv(fd, in, sizeof in, 0) > 0)
        send(fd, close_frame, sizeof close_frame, MSG_NOSIGNAL);
    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
    close(fd);
}

static void
daemon_run(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG timeout;

    do
        MHD_run(daemon);
    while (MHD_get_timeout(daemon, &timeout) == MHD_YES && timeout == 0);
}

static void
serve(struct MHD_Daemon *daemon)
{
    int inner = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    struct epoll_event event = { .events = EPOLLIN, .data.fd = inner };
    struct epoll_event events[1024];

    epoll_ctl(epoll, EPOLL_CTL_ADD, inner, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, 1024, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == inner)
                daemon_run(daemon);
            else
                socket_read(events[i].data.fd);
        }
        /* MHD_get_timeout() does not tell of upgrades. */
        if (count > 0)
            daemon_run(daemon);
    }
}

int
main(int argc, char **argv)
{
    struct rlimit limit;
    struct MHD_Daemon *daemon;

    if (argc != 2)
        errx(2, "usage: bare-upgrade PORT");
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    epoll = epoll_create1(EPOLL_CLOEXEC);

    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)atoi(argv[1])),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_UPGRADE,
            (uint16_t)atoi(argv[1]), NULL, NULL, asked, NULL,
            MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT,
            (unsigned)limit.rlim_cur - 16, MHD_OPTION_LISTEN_BACKLOG_SIZE, 4096,
            MHD_OPTION_END);
    if (daemon == NULL)
        errx(1, "port %s", argv[1]);
    printf("listening on http://127.0.0.1:%u\n",
            MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    serve(daemon);
}
