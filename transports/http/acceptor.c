/* SPDX-License-Identifier: MIT */

/*
 * acceptor.c - accepting connections within limits
 *
 * The listeners belong to the first loop's thread, and change at the word of
 * the control thread, which waits for it meanwhile. Peers end on any loop, so
 * `lock` guards the counts.
 *
 * Where descriptors or memory run out, accepting pauses: the listening sockets
 * stay readable, and a loop that watched them would spin.
 */

#include "http/acceptor.h"
#include "http/listen.h"
#include "http/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <fulcra/log.h>
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
    char *address;        /* (nullable): as it was wanted */
    uint16_t wanted_port; /* likewise */
    uint16_t port;
} Listener;

struct _FulcraHttpAcceptor {
    FulcraLoop *loop;
    GPtrArray *listeners; /* of Listener */
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
    if (peer->address.ss_family == AF_UNIX)
        fulcra_log_debug(
                NULL, "%s connects to a UNIX socket", peer->remote_host);
    fulcra_host_stats_add(FULCRA_STAT_HTTP_CONNECTIONS, 1);
    self->deal(peer, self->user_data);
}

static void
listener_watch(Listener *self)
{
    g_autoptr(GError) error = NULL;

    if (!fulcra_loop_watch(self->acceptor->loop, &self->watch, EPOLLIN, &error))
        g_error("%s", error->message);
}

static void
set_accepting(FulcraHttpAcceptor *self, bool accepting)
{
    for (unsigned i = 0; i < self->listeners->len; i++) {
        Listener *listener = self->listeners->pdata[i];

        if (self->accepting && !accepting)
            fulcra_loop_unwatch(self->loop, &listener->watch);
        else if (!self->accepting && accepting)
            listener_watch(listener);
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

static void
listener_free(void *data)
{
    Listener *self = data;

    if (self->watch.fd >= 0)
        close(self->watch.fd);
    fulcra__unix_remove(&self->place);
    g_free(self->address);
    g_free(self);
}

/* Sockets that others made come as they are: they must not block. */
static int
take_fd(int fd, uint16_t *port)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    *port = fulcra__http_bound_port(fd);
    return fd;
}

/* (transfer full) (nullable) */
static Listener *
listener_new(FulcraHttpAcceptor *acceptor, const FulcraHttpListener *wanted,
        GError **error)
{
    Listener *self = g_new0(Listener, 1);

    self->acceptor = acceptor;
    self->front = fulcra_intern(wanted->front);
    self->scheme = fulcra_intern(wanted->scheme ? wanted->scheme : "res");
    self->layer = wanted->context;
    self->address = g_strdup(wanted->address);
    self->wanted_port = wanted->port;
    self->watch.ready = listener_ready;
    if (wanted->fd > 0)
        self->watch.fd = take_fd(wanted->fd, &self->port);
    else if (wanted->path != NULL)
        self->watch.fd = fulcra__unix_listen(wanted->path, &self->place, error);
    else
        self->watch.fd = fulcra__http_listen(wanted, &self->port, error);
    if (self->watch.fd >= 0)
        return self;
    listener_free(self);
    return NULL;
}

void
fulcra__http_acceptor_set_limits(
        FulcraHttpAcceptor *self, const FulcraHttpLimits *limits)
{
    pthread_mutex_lock(&self->lock);
    self->max_connections =
            limits->connections != 0 ? limits->connections : descriptor_limit();
    self->max_per_address = limits->per_address;
    pthread_mutex_unlock(&self->lock);
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
    pthread_mutex_init(&self->lock, NULL);
    fulcra__http_acceptor_set_limits(self, limits);
    self->per_address =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->listeners = g_ptr_array_new_with_free_func(listener_free);
    for (size_t i = 0; i < n_listeners; i++) {
        Listener *listener = listener_new(self, &listeners[i], error);

        if (listener == NULL) {
            fulcra__http_acceptor_free(self);
            return NULL;
        }
        g_ptr_array_add(self->listeners, listener);
    }
    return self;
}

void
fulcra__http_acceptor_start(FulcraHttpAcceptor *self)
{
    set_accepting(self, true);
}

void
fulcra__http_acceptor_stop(FulcraHttpAcceptor *self)
{
    fulcra_loop_clear_timer(self->loop, &self->pause);
    set_accepting(self, false);
    g_ptr_array_set_size(self->listeners, 0);
}

void
fulcra__http_acceptor_free(FulcraHttpAcceptor *self)
{
    if (self == NULL)
        return;
    g_assert(self->n_connections == 0);
    g_ptr_array_unref(self->listeners);
    g_hash_table_unref(self->per_address);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

/* --- changing listeners --- */

struct _FulcraHttpRebind {
    FulcraHttpAcceptor *acceptor;
    GPtrArray *next; /* of Listener: all that are wanted */
};

static bool
is_same(const Listener *self, const FulcraHttpListener *wanted)
{
    if (wanted->path != NULL)
        return g_strcmp0(self->place.path, wanted->path) == 0;
    return self->address != NULL && wanted->address != NULL &&
           strcmp(self->address, wanted->address) == 0 &&
           self->wanted_port == wanted->port;
}

/* One that is there and would be made the same way; @taken has those that were
 * found before. (nullable) */
static Listener *
find_same(FulcraHttpAcceptor *self, const FulcraHttpListener *wanted,
        GPtrArray *taken)
{
    for (unsigned i = 0; i < self->listeners->len; i++) {
        Listener *listener = self->listeners->pdata[i];

        if (is_same(listener, wanted) &&
                !g_ptr_array_find(taken, listener, NULL))
            return listener;
    }
    return NULL;
}

FulcraHttpRebind *
fulcra__http_acceptor_prepare(FulcraHttpAcceptor *self,
        const FulcraHttpListener *listeners, size_t n_listeners, GError **error)
{
    FulcraHttpRebind *rebind = g_new0(FulcraHttpRebind, 1);

    rebind->acceptor = self;
    rebind->next = g_ptr_array_new();
    for (size_t i = 0; i < n_listeners; i++) {
        Listener *listener = find_same(self, &listeners[i], rebind->next);

        if (listener == NULL)
            listener = listener_new(self, &listeners[i], error);
        if (listener == NULL) {
            fulcra_http_rebind_abort(rebind);
            return NULL;
        }
        g_ptr_array_add(rebind->next, listener);
    }
    return rebind;
}

/* On the loop: nobody else looks at the listeners. */
static void
commit_run(void *data)
{
    FulcraHttpRebind *rebind = data;
    FulcraHttpAcceptor *self = rebind->acceptor;
    GPtrArray *before = self->listeners, *next = rebind->next;

    for (unsigned i = 0; i < next->len; i++)
        if (self->accepting && !g_ptr_array_find(before, next->pdata[i], NULL))
            listener_watch(next->pdata[i]);
    for (unsigned i = 0; i < before->len; i++) {
        if (g_ptr_array_find(next, before->pdata[i], NULL))
            continue;
        if (self->accepting)
            fulcra_loop_unwatch(
                    self->loop, &((Listener *)before->pdata[i])->watch);
        listener_free(before->pdata[i]);
    }
    self->listeners = next;
    g_ptr_array_set_free_func(next, listener_free);
    g_ptr_array_set_free_func(before, NULL);
    g_ptr_array_unref(before);
}

void
fulcra_http_rebind_commit(FulcraHttpRebind *self)
{
    fulcra_loop_call(self->acceptor->loop, commit_run, self);
    g_free(self);
}

void
fulcra_http_rebind_abort(FulcraHttpRebind *self)
{
    if (self == NULL)
        return;
    for (unsigned i = 0; i < self->next->len; i++)
        if (!g_ptr_array_find(
                    self->acceptor->listeners, self->next->pdata[i], NULL))
            listener_free(self->next->pdata[i]);
    g_ptr_array_unref(self->next);
    g_free(self);
}

/* --- what there is --- */

size_t
fulcra__http_acceptor_get_n(FulcraHttpAcceptor *self)
{
    return self->listeners->len;
}

uint16_t
fulcra__http_acceptor_get_port(FulcraHttpAcceptor *self, size_t index)
{
    g_return_val_if_fail(index < self->listeners->len, 0);

    return ((Listener *)self->listeners->pdata[index])->port;
}

char *
fulcra__http_acceptor_get_url(FulcraHttpAcceptor *self, size_t index)
{
    g_return_val_if_fail(index < self->listeners->len, NULL);

    const Listener *listener = self->listeners->pdata[index];
    if (listener->place.path != NULL)
        return g_strdup(listener->place.path);
    g_autofree char *host =
            listener->address != NULL
                    ? g_strdup(listener->address)
                    : fulcra__http_bound_host(listener->watch.fd);
    bool bracket = strchr(host, ':') != NULL && host[0] != '[';
    return g_strdup_printf("http://%s%s%s:%u", bracket ? "[" : "", host,
            bracket ? "]" : "", listener->port);
}
