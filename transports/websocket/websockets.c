/* SPDX-License-Identifier: MIT */
/*
 * websockets.c - the transport: what it has for each loop, its start, its stop
 *
 * Handles keep the struct alive, as a module may hold one for ever; what a
 * loop is needed for ends with fulcra_websockets_free().
 */
#include "websocket/websockets.h"
#include "websocket/frame.h"
#include "websocket/socket.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define TASK_HOME(task, member)                                                \
    ((FulcraSocketLoop *)((char *)(task)-G_STRUCT_OFFSET(                      \
            FulcraSocketLoop, member)))

/* --- limits --- */

static unsigned
sweep_period(const FulcraWebSocketLimits *limits)
{
    unsigned ping_ms = limits->ping_ms == 0 ? UINT_MAX : limits->ping_ms;
    unsigned least = MIN(ping_ms, limits->closing_ms) / 4;

    return CLAMP(least, 10, 1000);
}

/* Room for listeners, files, and the two descriptors of a hand-over. */
#define SPARE_DESCRIPTORS 64

static unsigned
limit_sockets(unsigned wanted)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
            limit.rlim_cur <= 2 * SPARE_DESCRIPTORS)
        return wanted;
    return (unsigned)MIN(wanted, limit.rlim_cur - SPARE_DESCRIPTORS);
}

static FulcraWebSocketLimits
make_limits(const FulcraWebSocketLimits *wanted)
{
    FulcraWebSocketLimits limits = *wanted;

    limits.queue = CLAMP(limits.queue, 1, 65536);
    limits.sockets = limit_sockets(limits.sockets);
    limits.messages_per_second =
            MIN(limits.messages_per_second, UINT16_MAX - 1);
    return limits;
}

/* --- a loop's part --- */

static void
nudge_run(FulcraTask *task)
{
    TASK_HOME(task, nudge_task)->nudged = false;
}

/* Sockets whose NEW is under way end when it has answered. */
static void
stop_run(FulcraTask *task)
{
    FulcraSocketLoop *home = TASK_HOME(task, stop_task);

    home->stopping = true;
    for (FulcraWebSocket *self = home->sockets; self != NULL;
            self = self->next) {
        if (self->turn == FULCRA_TURN_NEW)
            continue;
        fulcra__socket_end(self, FULCRA_CLOSE_GOING_AWAY, "server stops",
                FULCRA_CLOSE_GOING_AWAY, true);
        self->ending->deadline_ms =
                fulcra__socket_now_ms(home) +
                MIN(home->limits.closing_ms, home->limits.stop_ms / 2);
    }
}

static void
home_set_limits(FulcraSocketLoop *home, const FulcraWebSocketLimits *limits)
{
    home->limits = *limits;
    home->rules[0].limit = home->rules[1].limit = limits->message;
    home->sweep_ms = sweep_period(limits);
}

static void
home_init(FulcraSocketLoop *home, FulcraWebSockets *owner, FulcraLoop *loop)
{
    home->owner = owner;
    home->loop = loop;
    home->type_text = fulcra_intern(FULCRA_TYPE_TEXT);
    home->type_bytes = fulcra_intern(FULCRA_TYPE_BYTES);
    home_set_limits(home, &owner->limits);
    home->rules[0].pool = home->rules[1].pool = fulcra__frame_pool_new();
    if (owner->deflater != NULL)
        home->rules[1].inflaters = fulcra__inflaters_new();
    home->inboxes.size = owner->limits.queue;
    home->dirty = g_ptr_array_new();
    home->put_off = g_ptr_array_new();
    home->put_off_task.run = fulcra__socket_run_put_off;
    home->ping = fulcra__encode_control(FULCRA_OPCODE_PING, NULL, 0);
    home->turn_end.run = fulcra__socket_run_dirty;
    home->sweep.fire = fulcra__sweep_run;
    home->drain.fire = fulcra__drain_run;
    home->stop_task.run = stop_run;
    home->nudge_task.run = nudge_run;
    pthread_mutex_init(&home->lock, NULL);
    fulcra__outbox_init(home);
    fulcra__audiences_init(home);
    home->followers = fulcra_host_followers_new(
            owner->kernel, fulcra_loop_get_executor(loop));
    fulcra_loop_add_turn_end(loop, &home->turn_end);
}

static void
home_clear(FulcraSocketLoop *home)
{
    fulcra__outbox_close(home);
    g_ptr_array_set_size(home->put_off, 0); /* there is no next turn */
    /* What did not end in time: nobody else will release it. */
    while (home->sockets != NULL) {
        FulcraWebSocket *self = home->sockets;

        self->turn = FULCRA_TURN_DONE;
        fulcra__wire_drop(self, true);
        fulcra__socket_check_end(self);
        fulcra__socket_run_dirty(&home->turn_end);
    }
    fulcra_host_followers_free(home->followers);
    fulcra__audiences_clear(home);
    fulcra_loop_clear_timer(home->loop, &home->sweep);
    fulcra_loop_clear_timer(home->loop, &home->drain);
    fulcra__inbox_pool_clear(&home->inboxes);
    g_ptr_array_unref(home->dirty);
    g_ptr_array_unref(home->put_off);
    fulcra__paths_clear(home);
    fulcra__outbound_shared_clear(&home->outbound);
    fulcra_representation_unref(home->ping);
    fulcra__frame_pool_free(home->rules[0].pool);
    g_clear_pointer(&home->rules[1].inflaters, fulcra__inflaters_free);
}

/* --- the transport --- */

FulcraWebSockets *
fulcra_websockets_new(FulcraKernel *kernel, FulcraLoop *const *loops,
        size_t n_loops, const FulcraWebSocketLimits *limits, bool playground)
{
    static const FulcraWebSocketLimits defaults =
            FULCRA_WEBSOCKET_LIMITS_DEFAULT;
    FulcraWebSockets *self = g_new0(FulcraWebSockets, 1);

    fulcra_refs_init(&self->refs);
    self->kernel = kernel;
    self->limits = make_limits(limits == NULL ? &defaults : limits);
    fulcra__keeper_init(&self->keeper);
    self->hook = (FulcraHttpUpgradeHook){ fulcra__handshake_open, self };
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
    self->handles = g_hash_table_new(fulcra__handle_hash, fulcra__handle_equal);
    self->addresses =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->strips = playground ? fulcra__strips_new() : NULL;
    if (self->limits.deflate)
        self->deflater = fulcra__deflater_new(
                self->limits.deflate_window, self->limits.deflate_least);
    self->n_homes = n_loops;
    self->homes = g_new0(FulcraSocketLoop, n_loops);
    for (size_t i = 0; i < n_loops; i++)
        home_init(&self->homes[i], self, loops[i]);
    fulcra_host_kernel_set_socket_finder(kernel, fulcra__registry_find, self);
    return self;
}

typedef struct {
    FulcraSocketLoop *home;
    const FulcraWebSocketLimits *limits;
} Change;

static void
change_run(void *data)
{
    Change *self = data;

    home_set_limits(self->home, self->limits);
}

void
fulcra_websockets_set_limits(
        FulcraWebSockets *self, const FulcraWebSocketLimits *wanted)
{
    FulcraWebSocketLimits limits = make_limits(wanted);

    pthread_mutex_lock(&self->lock);
    limits.queue = self->limits.queue;     /* rings have that size */
    limits.deflate = self->limits.deflate; /* sockets have agreed on it */
    limits.deflate_window = self->limits.deflate_window;
    limits.deflate_least = self->limits.deflate_least;
    self->limits = limits;
    pthread_mutex_unlock(&self->lock);
    for (size_t i = 0; i < self->n_homes; i++) {
        Change change = { &self->homes[i], &limits };

        fulcra_loop_call(self->homes[i].loop, change_run, &change);
    }
}

const FulcraHttpUpgradeHook *
fulcra_websockets_get_hook(FulcraWebSockets *self)
{
    return &self->hook;
}

FulcraSpace *
fulcra_websockets_get_strip_space(FulcraWebSockets *self)
{
    return self->strips == NULL ? NULL : fulcra__strips_get_space(self->strips);
}

FulcraWebSocketLimits
fulcra__websockets_get_limits(FulcraWebSockets *self)
{
    pthread_mutex_lock(&self->lock);
    FulcraWebSocketLimits limits = self->limits;
    pthread_mutex_unlock(&self->lock);
    return limits;
}

FulcraSocketLoop *
fulcra__websockets_home(FulcraWebSockets *self, FulcraLoop *loop)
{
    for (size_t i = 0; i < self->n_homes; i++)
        if (self->homes[i].loop == loop)
            return &self->homes[i];
    g_error("a WebSocket came by a loop that the transport was not given");
}

/* --- the end --- */

void
fulcra__websockets_deadline(struct timespec *deadline, unsigned milliseconds)
{
    clock_gettime(CLOCK_REALTIME, deadline);
    deadline->tv_sec += milliseconds / 1000;
    deadline->tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (deadline->tv_nsec >= 1000000000) {
        deadline->tv_sec++;
        deadline->tv_nsec -= 1000000000;
    }
}

void
fulcra_websockets_stop(FulcraWebSockets *self)
{
    struct timespec deadline;
    int waited = 0;

    fulcra__websockets_deadline(&deadline, self->limits.stop_ms);
    pthread_mutex_lock(&self->lock);
    self->stopping = true;
    pthread_mutex_unlock(&self->lock);
    for (size_t i = 0; i < self->n_homes; i++)
        fulcra_loop_post(self->homes[i].loop, &self->homes[i].stop_task);
    pthread_mutex_lock(&self->lock);
    while (self->n_sockets > 0 && waited == 0)
        waited = pthread_cond_timedwait(&self->changed, &self->lock, &deadline);
    pthread_mutex_unlock(&self->lock);
}

void
fulcra_websockets_free(FulcraWebSockets *self)
{
    if (self == NULL)
        return;
    fulcra_host_kernel_set_socket_finder(self->kernel, NULL, NULL);
    for (size_t i = 0; i < self->n_homes; i++)
        home_clear(&self->homes[i]);
    fulcra__websockets_unref(self);
}

FulcraWebSockets *
fulcra__websockets_ref(FulcraWebSockets *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra__websockets_unref(FulcraWebSockets *self)
{
    if (!fulcra_refs_drop(&self->refs))
        return;
    for (size_t i = 0; i < self->n_homes; i++)
        pthread_mutex_destroy(&self->homes[i].lock);
    g_clear_pointer(&self->strips, fulcra__strips_free);
    fulcra__deflater_free(self->deflater);
    g_hash_table_unref(self->handles);
    g_hash_table_unref(self->addresses);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    g_free(self->homes);
    g_free(self);
}
