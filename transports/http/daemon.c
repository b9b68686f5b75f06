/* SPDX-License-Identifier: MIT */

/*
 * daemon.c - libmicrohttpd in our loop
 *
 * Its own epoll thread can stall (doc/adr/0003), so it runs in external mode:
 * its epoll descriptor is watched by the loop like any other, and MHD_run() is
 * called at the end of a turn in which that was readable, a connection came,
 * or a suspended one was resumed. MHD_get_timeout() does not tell of upgrades
 * and resumes; `again` does.
 *
 * Only the loop's thread calls libmicrohttpd once the daemon was started.
 */

#include "http/daemon.h"
#include "http/server_private.h"

#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <fulcra/log.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection that is always ready must not keep the loop from others. */
#define RUNS_PER_TURN 16

#define REQUEST_SECONDS 60 /* by default */

/* Far above what the acceptor lets in: it is the one that counts. */
#define NO_LIMIT (1u << 20)

struct _FulcraHttpDaemon {
    FulcraHttpServer *server;
    FulcraLoop *loop;
    struct MHD_Daemon *mhd;
    FulcraWatch watch; /* its epoll */
    FulcraTurnEnd turn_end;
    FulcraTimer timeouts; /* of its connections */
    FulcraTask wake_task;
    bool dirty, again, wake_posted;
    bool stopping;        /* nothing may be suspended any more */
    GHashTable *arrivals; /* fd -> peer: added, not yet seen by libmicrohttpd */
    GHashTable *suspended; /* set of exchanges */
};

#define CONTAINER(pointer, type, member)                                       \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* --- driving --- */

static void
run(FulcraHttpDaemon *self)
{
    MHD_UNSIGNED_LONG_LONG timeout = 0;
    bool has_timeout;

    for (int i = 0; i < RUNS_PER_TURN; i++) {
        self->again = false;
        MHD_run(self->mhd);
        has_timeout = MHD_get_timeout(self->mhd, &timeout) == MHD_YES;
        if (!self->again && (!has_timeout || timeout > 0))
            break;
    }
    if (self->again || (has_timeout && timeout == 0))
        fulcra__http_daemon_wake(self);
    else if (has_timeout)
        fulcra_loop_set_timer(self->loop, &self->timeouts,
                (unsigned)MIN(timeout, 3600u * 1000u));
    else
        fulcra_loop_clear_timer(self->loop, &self->timeouts);
}

static void
turn_end_run(FulcraTurnEnd *hook)
{
    FulcraHttpDaemon *self = CONTAINER(hook, FulcraHttpDaemon, turn_end);

    if (!self->dirty || self->mhd == NULL)
        return;
    self->dirty = false;
    run(self);
}

static void
epoll_ready(FulcraWatch *watch, uint32_t events)
{
    CONTAINER(watch, FulcraHttpDaemon, watch)->dirty = true;
}

static void
timeouts_fire(FulcraTimer *timer)
{
    CONTAINER(timer, FulcraHttpDaemon, timeouts)->dirty = true;
}

static void
wake_run(FulcraTask *task)
{
    CONTAINER(task, FulcraHttpDaemon, wake_task)->wake_posted = false;
}

void
fulcra__http_daemon_wake(FulcraHttpDaemon *self)
{
    self->dirty = self->again = true;
    if (self->wake_posted)
        return;
    /* So that a turn follows even if this one is past its hooks. */
    self->wake_posted = true;
    fulcra_loop_post(self->loop, &self->wake_task);
}

/* --- connections --- */

static void
arrive(FulcraTask *task)
{
    FulcraHttpPeer *peer = (FulcraHttpPeer *)task;
    FulcraHttpDaemon *self = peer->to;
    int fd = peer->fd;

    if (self->mhd == NULL) {
        close(fd);
        fulcra__http_peer_free(peer);
        return;
    }
    g_hash_table_insert(self->arrivals, GINT_TO_POINTER(fd), peer);
    if (MHD_add_connection(self->mhd, fd,
                (const struct sockaddr *)&peer->address,
                peer->n_address) != MHD_YES) {
        /* It has closed the socket. */
        gpointer left = NULL;

        if (g_hash_table_steal_extended(
                    self->arrivals, GINT_TO_POINTER(fd), NULL, &left))
            fulcra__http_peer_free(left);
    }
    fulcra__http_daemon_wake(self);
}

void
fulcra__http_daemon_add(FulcraHttpDaemon *self, FulcraHttpPeer *peer)
{
    peer->to = self;
    peer->task.run = arrive;
    fulcra_loop_post(self->loop, &peer->task);
}

/* libmicrohttpd's timeout is for silence: a byte every now and then would hold
 * a connection for ever. It takes this for the client's end. */
static void
deadline_fire(FulcraTimer *timer)
{
    FulcraHttpPeer *peer = CONTAINER(timer, FulcraHttpPeer, deadline);

    fulcra_log_debug(
            NULL, "%s took too long to send a request", peer->remote_host);
    shutdown(peer->fd, SHUT_RDWR);
}

void
fulcra__http_daemon_await_request(FulcraHttpDaemon *self, FulcraHttpPeer *peer)
{
    unsigned seconds = fulcra__http_server_get_options(self->server)
                               ->limits.request_seconds;

    peer->deadline.fire = deadline_fire;
    fulcra_loop_set_timer(self->loop, &peer->deadline,
            (seconds != 0 ? seconds : REQUEST_SECONDS) * 1000);
}

void
fulcra__http_daemon_received_request(
        FulcraHttpDaemon *self, FulcraHttpPeer *peer)
{
    fulcra_loop_clear_timer(self->loop, &peer->deadline);
}

static void
on_connection(void *data, struct MHD_Connection *connection,
        void **socket_context, enum MHD_ConnectionNotificationCode code)
{
    FulcraHttpDaemon *self = data;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        int fd = MHD_get_connection_info(
                connection, MHD_CONNECTION_INFO_CONNECTION_FD)
                         ->connect_fd;
        gpointer peer = NULL;

        g_hash_table_steal_extended(
                self->arrivals, GINT_TO_POINTER(fd), NULL, &peer);
        g_assert(peer != NULL);
        *socket_context = peer;
        fulcra__http_daemon_await_request(self, peer);
    } else if (*socket_context != NULL) {
        fulcra__http_daemon_received_request(self, *socket_context);
        fulcra__http_peer_free(*socket_context);
        *socket_context = NULL;
    }
}

/* --- requests --- */

/* libmicrohttpd parses the query next, into its memory for the connection, and
 * where that does not suffice it forgets to answer (0.9.75). We parse the query
 * ourselves when somebody asks, so here it becomes one parameter; the text is
 * in that same memory. */
static void *
on_target(void *data, const char *target, struct MHD_Connection *connection)
{
    FulcraHttpExchange *exchange =
            fulcra__http_exchange_new(data, connection, target);

    for (char *at = strchr((char *)target, '?'); at != NULL;
            at = strchr(at, '&'))
        *at = *at == '&' ? '.' : '?';
    return exchange;
}

static enum MHD_Result
on_request(void *data, struct MHD_Connection *connection, const char *url,
        const char *method, const char *version, const char *upload,
        size_t *n_upload, void **exchange)
{
    return fulcra__http_exchange_handle(
            *exchange, method, version, upload, n_upload);
}

static void
on_completed(void *data, struct MHD_Connection *connection, void **exchange,
        enum MHD_RequestTerminationCode code)
{
    if (*exchange != NULL)
        fulcra__http_exchange_over(*exchange);
    *exchange = NULL;
}

/* Paths are decoded by path.c, once, from the target as it was sent. */
static size_t
leave_escaped(void *data, struct MHD_Connection *connection, char *text)
{
    return strlen(text);
}

static void G_GNUC_PRINTF(2, 0)
        on_log(void *data, const char *format, va_list arguments)
{
    g_autofree char *line = g_strdup_vprintf(format, arguments);

    fulcra_log_debug(NULL, "libmicrohttpd: %s", g_strchomp(line));
}

void
fulcra__http_daemon_enlist(FulcraHttpDaemon *self, FulcraHttpExchange *exchange)
{
    g_hash_table_add(self->suspended, exchange);
    fulcra__http_server_begin_waiting(self->server);
}

void
fulcra__http_daemon_delist(FulcraHttpDaemon *self, FulcraHttpExchange *exchange)
{
    g_hash_table_remove(self->suspended, exchange);
    fulcra__http_server_end_waiting(self->server);
}

/* --- life --- */

static struct MHD_Daemon *
start_mhd(FulcraHttpDaemon *self)
{
    const FulcraHttpLimits *limits =
            &fulcra__http_server_get_options(self->server)->limits;

    return MHD_start_daemon(
            MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_UPGRADE |
                    MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
            0, NULL, NULL, on_request, self,
            /* first, so that what goes wrong at the start is logged */
            MHD_OPTION_EXTERNAL_LOGGER, on_log, self,
            MHD_OPTION_URI_LOG_CALLBACK, on_target, self,
            MHD_OPTION_NOTIFY_COMPLETED, on_completed, self,
            MHD_OPTION_NOTIFY_CONNECTION, on_connection, self,
            MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, self,
            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
            1, /* blocked in loops */
            MHD_OPTION_CONNECTION_LIMIT, NO_LIMIT,
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits->connection_memory,
            MHD_OPTION_CONNECTION_TIMEOUT, limits->connection_seconds,
            MHD_OPTION_END);
}

FulcraHttpDaemon *
fulcra__http_daemon_new(
        FulcraHttpServer *server, FulcraLoop *loop, GError **error)
{
    FulcraHttpDaemon *self = g_new0(FulcraHttpDaemon, 1);

    self->server = server;
    self->loop = loop;
    self->arrivals = g_hash_table_new(NULL, NULL);
    self->suspended = g_hash_table_new(NULL, NULL);
    self->watch.ready = epoll_ready;
    self->turn_end.run = turn_end_run;
    self->timeouts.fire = timeouts_fire;
    self->wake_task.run = wake_run;
    self->mhd = start_mhd(self);
    if (self->mhd == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "cannot start libmicrohttpd %s", MHD_get_version());
        fulcra__http_daemon_free(self);
        return NULL;
    }
    self->watch.fd =
            MHD_get_daemon_info(self->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return self;
}

void
fulcra__http_daemon_start(FulcraHttpDaemon *self)
{
    g_autoptr(GError) error = NULL;

    if (!fulcra_loop_watch(self->loop, &self->watch, EPOLLIN, &error))
        g_error("%s", error->message);
    fulcra_loop_add_turn_end(self->loop, &self->turn_end);
}

void
fulcra__http_daemon_stop(FulcraHttpDaemon *self)
{
    /* Suspended connections would make MHD_stop_daemon() abort; requests that
     * are read while those are resumed must not become new ones. */
    self->stopping = true;
    g_autoptr(GList) waiting = g_hash_table_get_keys(self->suspended);

    for (GList *link = waiting; link != NULL; link = link->next)
        fulcra__http_exchange_abort(link->data);
    run(self);
    fulcra_loop_clear_timer(self->loop, &self->timeouts);
    fulcra_loop_unwatch(self->loop, &self->watch);
    MHD_stop_daemon(g_steal_pointer(&self->mhd));
}

void
fulcra__http_daemon_free(FulcraHttpDaemon *self)
{
    if (self == NULL)
        return;
    if (self->mhd != NULL) /* never started: no connections */
        MHD_stop_daemon(self->mhd);
    g_hash_table_unref(self->arrivals);
    g_hash_table_unref(self->suspended);
    g_free(self);
}

bool
fulcra__http_daemon_is_stopping(FulcraHttpDaemon *self)
{
    return self->stopping;
}

FulcraLoop *
fulcra__http_daemon_get_loop(FulcraHttpDaemon *self)
{
    return self->loop;
}

FulcraHttpServer *
fulcra__http_daemon_get_server(FulcraHttpDaemon *self)
{
    return self->server;
}
