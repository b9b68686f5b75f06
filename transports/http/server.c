/* SPDX-License-Identifier: MIT */

/*
 * server.c - the parts of the HTTP server put together
 *
 * Immutable between start and stop, so that loops read it without a lock;
 * only the count of waiting exchanges is guarded by one.
 */

#include "http/acceptor.h"
#include "http/daemon.h"
#include "http/server_private.h"

#include <time.h>

/* What has been asked when a stop begins may be answered within this time. */
#define GRACE_SECONDS 2

struct _FulcraHttpServer {
    FulcraKernel *kernel;
    /* Replaced as a whole: readers may be on any thread, and go on with those
     * that they have. */
    _Atomic(const FulcraHttpOptions *) options;
    GPtrArray *all_options; /* that ever were */
    FulcraHttpUpgradeHook hook;
    FulcraLoop *first_loop;
    FulcraHttpAcceptor *acceptor;
    FulcraHttpDaemon **daemons;
    size_t n_daemons;
    size_t next; /* daemon to deal a connection to; the first loop's thread */
    bool started;

    atomic_bool stopping;
    pthread_mutex_t lock;
    pthread_cond_t none_waits;
    unsigned n_waiting; /* guarded by lock */
};

/* --- exchanges that wait --- */

static void
waiting_init(FulcraHttpServer *self)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&self->none_waits, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&self->lock, NULL);
}

void
fulcra__http_server_begin_waiting(FulcraHttpServer *self)
{
    pthread_mutex_lock(&self->lock);
    self->n_waiting++;
    pthread_mutex_unlock(&self->lock);
}

void
fulcra__http_server_end_waiting(FulcraHttpServer *self)
{
    pthread_mutex_lock(&self->lock);
    if (--self->n_waiting == 0)
        pthread_cond_signal(&self->none_waits);
    pthread_mutex_unlock(&self->lock);
}

static void
await_answers(FulcraHttpServer *self)
{
    struct timespec until;
    int failed = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += GRACE_SECONDS;
    pthread_mutex_lock(&self->lock);
    while (self->n_waiting > 0 && failed == 0)
        failed = pthread_cond_timedwait(&self->none_waits, &self->lock, &until);
    pthread_mutex_unlock(&self->lock);
}

bool
fulcra__http_server_is_stopping(FulcraHttpServer *self)
{
    return atomic_load_explicit(&self->stopping, memory_order_relaxed);
}

/* --- life --- */

static void
deal(FulcraHttpPeer *peer, void *data)
{
    FulcraHttpServer *self = data;

    fulcra__http_daemon_add(self->daemons[self->next], peer);
    self->next = (self->next + 1) % self->n_daemons;
}

static bool
make_daemons(FulcraHttpServer *self, FulcraLoop *const *loops, size_t n_loops,
        GError **error)
{
    self->daemons = g_new0(FulcraHttpDaemon *, n_loops);
    for (size_t i = 0; i < n_loops; i++) {
        self->daemons[i] = fulcra__http_daemon_new(self, loops[i], error);
        if (self->daemons[i] == NULL)
            return false;
        self->n_daemons = i + 1;
    }
    return true;
}

FulcraHttpServer *
fulcra_http_server_new(FulcraKernel *kernel, FulcraLoop *const *loops,
        size_t n_loops, const FulcraHttpListener *listeners, size_t n_listeners,
        const FulcraHttpOptions *options, GError **error)
{
    g_return_val_if_fail(n_loops > 0, NULL);

    FulcraHttpServer *self = g_new0(FulcraHttpServer, 1);
    waiting_init(self);
    self->kernel = kernel;
    self->all_options = g_ptr_array_new_with_free_func(g_free);
    fulcra_http_server_set_options(self, options);
    self->first_loop = loops[0];
    self->acceptor = fulcra__http_acceptor_new(loops[0], listeners, n_listeners,
            &options->limits, deal, self, error);
    if (self->acceptor == NULL || !make_daemons(self, loops, n_loops, error)) {
        fulcra_http_server_free(self);
        return NULL;
    }
    return self;
}

static void
start_daemon(void *data)
{
    fulcra__http_daemon_start(data);
}

static void
stop_daemon(void *data)
{
    fulcra__http_daemon_stop(data);
}

static void
start_acceptor(void *data)
{
    fulcra__http_acceptor_start(data);
}

static void
stop_acceptor(void *data)
{
    fulcra__http_acceptor_stop(data);
}

void
fulcra_http_server_start(FulcraHttpServer *self)
{
    g_return_if_fail(!self->started);

    for (size_t i = 0; i < self->n_daemons; i++)
        fulcra_loop_call(fulcra__http_daemon_get_loop(self->daemons[i]),
                start_daemon, self->daemons[i]);
    fulcra_loop_call(self->first_loop, start_acceptor, self->acceptor);
    self->started = true;
}

void
fulcra_http_server_stop(FulcraHttpServer *self)
{
    if (!self->started)
        return;
    /* Who is refused may rely on it that what is answered from now on is the
     * last on its connection. */
    atomic_store_explicit(&self->stopping, true, memory_order_relaxed);
    /* Then this, so that no connection comes to a daemon that has stopped. */
    fulcra_loop_call(self->first_loop, stop_acceptor, self->acceptor);
    await_answers(self);
    for (size_t i = 0; i < self->n_daemons; i++)
        fulcra_loop_call(fulcra__http_daemon_get_loop(self->daemons[i]),
                stop_daemon, self->daemons[i]);
    self->started = false;
}

void
fulcra_http_server_free(FulcraHttpServer *self)
{
    if (self == NULL)
        return;
    g_return_if_fail(!self->started);

    for (size_t i = 0; i < self->n_daemons; i++)
        fulcra__http_daemon_free(self->daemons[i]);
    fulcra__http_acceptor_free(self->acceptor);
    pthread_cond_destroy(&self->none_waits);
    pthread_mutex_destroy(&self->lock);
    g_ptr_array_unref(self->all_options);
    g_free(self->daemons);
    g_free(self);
}

/* --- what it has --- */

void
fulcra_http_server_set_upgrade_hook(
        FulcraHttpServer *self, const FulcraHttpUpgradeHook *hook)
{
    g_return_if_fail(!self->started);

    self->hook = *hook;
}

uint16_t
fulcra_http_server_get_port(FulcraHttpServer *self, size_t index)
{
    return fulcra__http_acceptor_get_port(self->acceptor, index);
}

size_t
fulcra_http_server_get_n_listeners(FulcraHttpServer *self)
{
    return fulcra__http_acceptor_get_n(self->acceptor);
}

char *
fulcra_http_server_get_url(FulcraHttpServer *self, size_t index)
{
    return fulcra__http_acceptor_get_url(self->acceptor, index);
}

FulcraHttpRebind *
fulcra_http_server_prepare(FulcraHttpServer *self,
        const FulcraHttpListener *listeners, size_t n_listeners, GError **error)
{
    return fulcra__http_acceptor_prepare(
            self->acceptor, listeners, n_listeners, error);
}

void
fulcra_http_server_set_options(
        FulcraHttpServer *self, const FulcraHttpOptions *options)
{
    FulcraHttpOptions *copy = g_memdup2(options, sizeof *options);

    g_ptr_array_add(self->all_options, copy);
    atomic_store_explicit(&self->options, copy, memory_order_release);
    if (self->acceptor != NULL)
        fulcra__http_acceptor_set_limits(self->acceptor, &copy->limits);
}

FulcraKernel *
fulcra__http_server_get_kernel(FulcraHttpServer *self)
{
    return self->kernel;
}

const FulcraHttpOptions *
fulcra__http_server_get_options(FulcraHttpServer *self)
{
    return atomic_load_explicit(&self->options, memory_order_acquire);
}

const FulcraHttpUpgradeHook *
fulcra__http_server_get_hook(FulcraHttpServer *self)
{
    return self->hook.open != NULL ? &self->hook : NULL;
}
