/* SPDX-License-Identifier: MIT */

/*
 * upgrade.c - the way out to a WebSocket
 *
 * libmicrohttpd keeps its memory for a connection after an upgrade. So the
 * socket is duplicated in its upgrade handler and its own side is closed
 * before the handler returns: it calls close() there, never shutdown(), and
 * the connection lives on through the duplicate. From then on none of its
 * limits and timeouts cover the socket.
 */

#include "http/daemon.h"
#include "http/handshake.h"
#include "http/server_private.h"

#include <errno.h>
#include <fcntl.h>
#include <fulcra-host/stats.h>
#include <fulcra/log.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

bool
fulcra__http_upgrade_wanted(FulcraHttpExchange *self, const char *version)
{
    return fulcra__http_server_get_hook(
                   fulcra__http_daemon_get_server(self->daemon)) != NULL &&
           !self->has_body && fulcra__http_handshake_asked(self->head, version);
}

void
fulcra__http_upgrade_open(FulcraHttpExchange *self)
{
    const FulcraHttpUpgradeHook *hook = fulcra__http_server_get_hook(
            fulcra__http_daemon_get_server(self->daemon));
    const char *reason;
    unsigned status =
            fulcra__http_handshake_check(self->head, self->key, &reason);

    if (status == 0) {
        hook->open(self, hook->user_data);
        return;
    }
    fulcra_host_stats_add(FULCRA_STAT_SOCKETS_REFUSED, 1);
    if (status == 426) {
        fulcra__http_reply_set_header(
                &self->reply, "Sec-WebSocket-Version", "13", NULL);
    }
    fulcra__http_exchange_fail(self, status, reason, NULL);
}

/* --- for the hook --- */

bool
fulcra_http_exchange_add_header(
        FulcraHttpExchange *self, const char *name, const char *value)
{
    return fulcra__http_reply_set_header(&self->reply, name, value, NULL);
}

void
fulcra_http_exchange_on_gone(FulcraHttpExchange *self,
        void (*gone)(void *user_data), void *user_data)
{
    self->gone = gone;
    self->gone_data = user_data;
}

void
fulcra_http_exchange_refuse(FulcraHttpExchange *self, unsigned status,
        const char *message, const GError *error)
{
    g_return_if_fail(status >= 400 && status <= 599);

    if (self->state == FULCRA_HTTP_ASKED)
        fulcra__http_exchange_fail(self, status, message, error);
}

/* The duplicate is non-blocking as the original was; libmicrohttpd turns
 * TCP_NODELAY off when it hands a socket over. */
static void
set_options(int fd)
{
    int flags = fcntl(fd, F_GETFL), yes = 1;

    if (!(flags & O_NONBLOCK))
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static void
on_upgraded(void *data, struct MHD_Connection *connection, void *context,
        const char *early, size_t n_early, MHD_socket socket,
        struct MHD_UpgradeResponseHandle *handle)
{
    FulcraHttpExchange *self = data;
    FulcraHttpUpgraded upgraded = g_steal_pointer(&self->upgraded);
    int fd = fcntl(socket, F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        fulcra_log_warning(NULL, "a WebSocket was lost: %s", g_strerror(errno));
    else
        set_options(fd);
    upgraded(fd, (const uint8_t *)early, n_early, self->upgraded_data);
    MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
    /* MHD_get_timeout() does not tell that it has to clean up. */
    fulcra__http_daemon_wake(self->daemon);
}

static void
add_handshake_headers(FulcraHttpExchange *self)
{
    g_autofree char *accept = fulcra__http_handshake_accept(self->key);
    const GPtrArray *headers;

    fulcra__http_answer_header(&self->answer, "Upgrade", "websocket");
    fulcra__http_answer_header(&self->answer, "Sec-WebSocket-Accept", accept);
    fulcra__http_reply_take(&self->reply, &self->taken);
    headers = self->taken.headers;
    for (unsigned i = 0; headers != NULL && i < headers->len; i += 2)
        fulcra__http_answer_header(
                &self->answer, headers->pdata[i], headers->pdata[i + 1]);
}

void
fulcra_http_exchange_upgrade(
        FulcraHttpExchange *self, FulcraHttpUpgraded upgraded, void *user_data)
{
    if (self->state != FULCRA_HTTP_ASKED) {
        upgraded(-1, NULL, 0, user_data);
        return;
    }
    self->upgraded = upgraded;
    self->upgraded_data = user_data;
    self->answer.status = MHD_HTTP_SWITCHING_PROTOCOLS;
    self->answer.response = MHD_create_response_for_upgrade(on_upgraded, self);
    add_handshake_headers(self);
    fulcra__http_exchange_answered(self);
    /* The handler runs once the 101 has been written. */
    fulcra__http_daemon_wake(self->daemon);
}
