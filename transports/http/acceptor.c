/* SPDX-License-Identifier: MIT */

/*
 * acceptor.c - accepting connections within limits
 *
 * The listeners belong to the first loop's thread. Peers end on any loop, so
 * `lock` guards the counts.
 *
 * Where descriptors or memory run out, accepting pauses: the listening sockets
 * stay readable, and a loop that watched them would spin.
 */

#include "http/acceptor.h"
#include "http/listen.h"
#include "http/unix_socket.h"

#include <errno.h>
#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <fulcra/log.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ACCEPTS_PER_TURN 64
#define PAUSE_MS         100
#define LOG_EVERY_NS     G_GINT64_CONSTANT(5000000000)
/* Descriptors for anything but connections: files, pipes, epolls, modules. */
#define RESERVED_FDS 64

typedef struct {
    FulcraWatch watch;
    FulcraHttpAcceptor *acceptor;
    const char *front, *scheme; /* interned: connections may outlive it */
    FulcraContext *layer;
    FulcraUnixPlace place;
    uint16_t port;
} Listener;

struct _FulcraHttpAcceptor {
    FulcraLoop *loop;
    Listener *listeners;
    size_t n_listeners;
    void (*deal)(FulcraHttpPeer *peer, void *user_data);
    void *user_data;
    bool accepting;
    FulcraTimer pause;
    int64_t silent_until_ns; /* the first loop's thread; see may_log() */

    unsigned max_connections, max_per_address;
    pthread_mutex_t lock;
    unsigned n_connections;  /* guarded by lock */
    GHashTable *per_address; /* guarded by lock: host -> count; not loopback */
};

static const char too_many[] = "HTTP/1.1 503 Service Unavailable\r\n"
                               "Connection: close\r\n"
                               "Retry-After: 5\r\n"
                               "Content-Type: text/plain\r\n"
                               "Content-Length: 21\r\n"
                               "\r\n"
                               "too many connections\n";

/* --- counting --- */

static bool
count_in(FulcraHttpAcceptor *self, FulcraHttpPeer *peer)
{
    bool loopback = fulcra__http_address_is_loopback(&peer->address);
    bool allowed;

    pthread_mutex_lock(&self->lock);
    unsigned now = loopback ? 0
                            : GPOINTER_TO_UINT(g_hash_table_lookup(
                                      self->per_address, peer->remote_host));
    allowed = self->n_connections < self->max_connections &&
              (loopback || now < self->max_per_address);
    if (allowed) {
        self->n_connections++;
        if (!loopback)
            g_hash_table_replace(self->per_address, g_strdup(peer->remote_host),
                    GUINT_TO_POINTER(now + 1));
    }
    pthread_mutex_unlock(&self->lock);
    return allowed;
}

static void
count_out(FulcraHttpAcceptor *self, const FulcraHttpPeer *peer)
{
    pthread_mutex_lock(&self->lock);
    self->n_connections--;
    if (!fulcra__http_address_is_loopback(&peer->address)) {
        unsigned now = GPOINTER_TO_UINT(
                g_hash_table_lookup(self->per_address, peer->remote_host));

        if (now > 1)
            g_hash_table_replace(self->per_address, g_strdup(peer->remote_host),
                    GUINT_TO_POINTER(now - 1));
        else
            g_hash_table_remove(self->per_address, peer->remote_host);
    }
    pthread_mutex_unlock(&self->lock);
}

void
fulcra__http_peer_free(FulcraHttpPeer *self)
{
    count_out(self->acceptor, self);
    g_free(self);
}

/* --- accepting --- */

/* Whoever floods us with connections must not flood the log. */
static bool
may_log(FulcraHttpAcceptor *self)
{
    int64_t now_ns = fulcra_loop_now_ns(self->loop);

    if (now_ns < self->silent_until_ns)
        return false;
    self->silent_until_ns = now_ns + LOG_EVERY_NS;
    return true;
}

static const char not_yours[] = "HTTP/1.1 403 Forbidden\r\n"
                                "Connection: close\r\n"
                                "Content-Type: text/plain\r\n"
                                "Content-Length: 42\r\n"
                                "\r\n"
                                "this socket is for its owner and for root\n";

static void
send_and_close(FulcraHttpPeer *peer, const char *answer, size_t length)
{
    send(peer->fd, answer, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(peer->fd);
    g_free(peer);
}

/* Whoever else may connect there: root has changed the mode. */
static void
refuse_stranger(FulcraHttpPeer *peer)
{
    fulcra_host_stats_add(FULCRA_STAT_CONNECTIONS_REFUSED, 1);
    if (may_log(peer->acceptor))
        fulcra_log_warning(NULL,
                "refused %s at a UNIX socket: it is neither this server's user "
                "nor root",
                peer->remote_host);
    send_and_close(peer, not_yours, sizeof not_yours - 1);
}

static void
refuse(FulcraHttpPeer *peer)
{
    fulcra_host_stats_add(FULCRA_STAT_CONNECTIONS_REFUSED, 1);
    if (may_log(peer->acceptor))
        fulcra_log_warning(NULL,
                "refusing connections, of %s and perhaps others: there are "
                "too many",
                peer->remote_host);
    send_and_close(peer, too_many, sizeof too_many - 1);
}

/* False where it must not connect. */
static bool
identify(FulcraHttpPeer *peer)
{
    if (peer->address.ss_family == AF_UNIX)
        return fulcra__unix_admit(
                peer->fd, peer->remote_host, sizeof peer->remote_host);
    fulcra__http_address_to_host(&peer->address, peer->remote_host);
    return true;
}

static void
welcome(Listener *listener, FulcraHttpPeer *peer)
{
    FulcraHttpAcceptor *self = listener->acceptor;
    int yes = 1;

    peer->acceptor = self;
    peer->front = listener->front;
    peer->scheme = listener->scheme;
    peer->layer = listener->layer;
    if (!identify(peer)) {
        refuse_stranger(peer);
        return;
    }
    if (!count_in(self, peer)) {
        refuse(peer);
        return;
    }
    if (peer->address.ss_family != AF_UNIX)
        setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fulcra_host_stats_add(FULCRA_STAT_HTTP_CONNECTIONS, 1);
    self->deal(peer, self->user_data);
}

static void
set_accepting(FulcraHttpAcceptor *self, bool accepting)
{
    for (size_t i = 0; i < self->n_listeners; i++) {
        g_autoptr(GError) error = NULL;
        FulcraWatch *watch = &self->listeners[i].watch;

        if (self->accepting && !accepting)
            fulcra_loop_unwatch(self->loop, watch);
        else if (!self->accepting && accepting &&
                 !fulcra_loop_watch(self->loop, watch, EPOLLIN, &error))
            g_error("%s", error->message);
    }
    self->accepting = accepting;
}

static void
pause_over(FulcraTimer *timer)
{
    FulcraHttpAcceptor *self =
            (FulcraHttpAcceptor *)((char *)timer -
                                   offsetof(FulcraHttpAcceptor, pause));

    set_accepting(self, true);
}

static void
pause_for(FulcraHttpAcceptor *self, int failed)
{
    if (may_log(self))
        fulcra_log_warning(NULL, "accepting no connections for now: %s",
                g_strerror(failed));
    set_accepting(self, false);
    fulcra_loop_set_timer(self->loop, &self->pause, PAUSE_MS);
}

static void
listener_ready(FulcraWatch *watch, uint32_t events)
{
    Listener *self = (Listener *)watch;

    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        FulcraHttpPeer *peer = g_new0(FulcraHttpPeer, 1);

        peer->n_address = sizeof peer->address;
        peer->fd = accept4(watch->fd, (struct sockaddr *)&peer->address,
                &peer->n_address, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (peer->fd >= 0) {
            welcome(self, peer);
            continue;
        }
        int failed = errno;
        g_free(peer);
        if (failed == EMFILE || failed == ENFILE || failed == ENOBUFS ||
                failed == ENOMEM)
            pause_for(self->acceptor, failed);
        /* Others are about the one connection: it is gone by now. */
        if (failed != EINTR && failed != ECONNABORTED && failed != EPROTO)
            return;
    }
}

/* --- life --- */

static unsigned
descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
            limit.rlim_cur == RLIM_INFINITY)
        return 1u << 20;
    return limit.rlim_cur > 2 * RESERVED_FDS
                   ? (unsigned)MIN(limit.rlim_cur - RESERVED_FDS, 1u << 20)
                   : RESERVED_FDS;
}

static bool
open_listener(Listener *self, FulcraHttpAcceptor *acceptor,
        const FulcraHttpListener *wanted, GError **error)
{
    self->acceptor = acceptor;
    self->front = fulcra_intern(wanted->front);
    self->scheme = fulcra_intern(wanted->scheme ? wanted->scheme : "res");
    self->layer = wanted->context;
    self->watch.ready = listener_ready;
    self->watch.fd =
            wanted->path != NULL
                    ? fulcra__unix_listen(wanted->path, &self->place, error)
                    : fulcra__http_listen(wanted, &self->port, error);
    return self->watch.fd >= 0;
}

FulcraHttpAcceptor *
fulcra__http_acceptor_new(FulcraLoop *loop, const FulcraHttpListener *listeners,
        size_t n_listeners, const FulcraHttpLimits *limits,
        void (*deal)(FulcraHttpPeer *peer, void *user_data), void *user_data,
        GError **error)
{
    FulcraHttpAcceptor *self = g_new0(FulcraHttpAcceptor, 1);

    self->loop = loop;
    self->deal = deal;
    self->user_data = user_data;
    self->pause.fire = pause_over;
    self->max_connections =
            limits->connections != 0 ? limits->connections : descriptor_limit();
    self->max_per_address = limits->per_address;
    pthread_mutex_init(&self->lock, NULL);
    self->per_address =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->listeners = g_new0(Listener, n_listeners);
    for (size_t i = 0; i < n_listeners; i++) {
        self->n_listeners = i + 1;
        if (!open_listener(&self->listeners[i], self, &listeners[i], error)) {
            fulcra__http_acceptor_free(self);
            return NULL;
        }
    }
    return self;
}

void
fulcra__http_acceptor_start(FulcraHttpAcceptor *self)
{
    set_accepting(self, true);
}

static void
close_listeners(FulcraHttpAcceptor *self)
{
    for (size_t i = 0; i < self->n_listeners; i++) {
        if (self->listeners[i].watch.fd >= 0)
            close(self->listeners[i].watch.fd);
        self->listeners[i].watch.fd = -1;
        fulcra__unix_remove(&self->listeners[i].place);
    }
}

void
fulcra__http_acceptor_stop(FulcraHttpAcceptor *self)
{
    fulcra_loop_clear_timer(self->loop, &self->pause);
    set_accepting(self, false);
    close_listeners(self);
}

void
fulcra__http_acceptor_free(FulcraHttpAcceptor *self)
{
    if (self == NULL)
        return;
    g_assert(self->n_connections == 0);
    close_listeners(self);
    g_hash_table_unref(self->per_address);
    pthread_mutex_destroy(&self->lock);
    g_free(self->listeners);
    g_free(self);
}

uint16_t
fulcra__http_acceptor_get_port(FulcraHttpAcceptor *self, size_t index)
{
    g_return_val_if_fail(index < self->n_listeners, 0);

    return self->listeners[index].port;
}
