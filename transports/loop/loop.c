/* SPDX-License-Identifier: MIT */

/*
 * loop.c - one thread, one epoll
 *
 * Everything but the list of posted tasks belongs to the loop's thread (or,
 * before it starts and after it has stopped, to whoever owns the loop).
 *
 * `state` decides who writes to the eventfd. A poster appends its task under
 * the lock and then exchanges POSTED into the state; only the one that finds
 * ASLEEP writes. The loop goes to sleep only by changing RUNNING into ASLEEP,
 * which fails after a post, and takes the tasks only after writing RUNNING: a
 * task that this misses was appended later, so its poster finds the new state.
 *
 * The eventfd is edge-triggered and never read: each write is an edge.
 */

#include "loop/loop.h"
#include "loop/timers.h"
#include <fulcra/error.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_PER_TURN 256
#define BUFFER_SIZE     (256 * 1024)
#define MAX_DATA        8

enum { RUNNING, POSTED, ASLEEP };

struct _FulcraLoop {
    FulcraExecutor executor;
    FulcraKernel *kernel;
    unsigned index;
    int epoll_fd;
    int wake_fd;
    pthread_t thread;
    bool started;
    bool stopping; /* the loop's thread only */
    FulcraTask stop_task;

    pthread_mutex_t lock;
    FulcraTask *first, **last; /* guarded by lock */
    atomic_int state;

    struct epoll_event events[EVENTS_PER_TURN];
    int n_events, at_event; /* of this turn; at_event: being handled */

    int64_t now_ns;
    FulcraTimers timers;
    FulcraTurnEnd *turn_ends, **last_turn_end;
    uint8_t *buffer;
    struct {
        const char *key;
        void *data;
    } data[MAX_DATA];
};

static _Thread_local FulcraLoop *current;

static int64_t
monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
wake(FulcraLoop *self)
{
    uint64_t one = 1;

    while (write(self->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static void
executor_post(FulcraExecutor *executor, FulcraTask *task)
{
    fulcra_loop_post((FulcraLoop *)executor, task);
}

static void
stop_run(FulcraTask *task)
{
    FulcraLoop *self =
            (FulcraLoop *)((char *)task - offsetof(FulcraLoop, stop_task));

    self->stopping = true;
}

static bool
open_descriptors(FulcraLoop *self, GError **error)
{
    struct epoll_event wake_event = { .events = EPOLLIN | EPOLLET };

    self->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->epoll_fd >= 0 && self->wake_fd >= 0 &&
            epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, self->wake_fd,
                    &wake_event) == 0)
        return true;
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
            "event loop %u: cannot make its epoll: %s", self->index,
            g_strerror(errno));
    return false;
}

FulcraLoop *
fulcra_loop_new(FulcraKernel *kernel, unsigned index, GError **error)
{
    FulcraLoop *self = g_new0(FulcraLoop, 1);

    self->executor.post = executor_post;
    self->kernel = kernel;
    self->index = index;
    self->epoll_fd = self->wake_fd = -1;
    self->stop_task.run = stop_run;
    self->last = &self->first;
    self->last_turn_end = &self->turn_ends;
    self->now_ns = monotonic_ns();
    pthread_mutex_init(&self->lock, NULL);
    atomic_init(&self->state, RUNNING);
    if (!open_descriptors(self, error)) {
        fulcra_loop_free(self);
        return NULL;
    }
    return self;
}

/* --- tasks --- */

void
fulcra_loop_post(FulcraLoop *self, FulcraTask *task)
{
    task->next = NULL;
    pthread_mutex_lock(&self->lock);
    *self->last = task;
    self->last = &task->next;
    pthread_mutex_unlock(&self->lock);

    if (atomic_exchange(&self->state, POSTED) == ASLEEP)
        wake(self);
}

static FulcraTask *
take_tasks(FulcraLoop *self)
{
    atomic_store(&self->state, RUNNING);
    pthread_mutex_lock(&self->lock);
    FulcraTask *first = self->first;
    self->first = NULL;
    self->last = &self->first;
    pthread_mutex_unlock(&self->lock);
    return first;
}

/* Whether there was one. What they post in turn waits for the next call. */
static bool
run_tasks(FulcraLoop *self)
{
    FulcraTask *task = take_tasks(self);
    bool any = task != NULL;

    while (task != NULL) {
        FulcraTask *next = task->next; /* run() may free the task */

        task->run(task);
        task = next;
    }
    return any;
}

/* --- turns --- */

static void
wait_for_events(FulcraLoop *self)
{
    int running = RUNNING;
    int timeout = 0;

    if (atomic_compare_exchange_strong(&self->state, &running, ASLEEP))
        timeout = fulcra__timers_timeout(&self->timers, monotonic_ns());

    int n = epoll_wait(self->epoll_fd, self->events, EVENTS_PER_TURN, timeout);
    if (n < 0 && errno != EINTR)
        g_error("event loop %u: epoll_wait: %s", self->index,
                g_strerror(errno));
    self->n_events = MAX(n, 0);
    self->now_ns = monotonic_ns();

    /* Spares posters the write while this thread is awake anyway. */
    int asleep = ASLEEP;
    atomic_compare_exchange_strong(&self->state, &asleep, RUNNING);
}

static void
run_ready(FulcraLoop *self)
{
    for (self->at_event = 0; self->at_event < self->n_events;
            self->at_event++) {
        struct epoll_event *event = &self->events[self->at_event];
        FulcraWatch *watch = event->data.ptr;

        if (watch != NULL)
            watch->ready(watch, event->events);
    }
    self->n_events = 0;
}

static void
turn(FulcraLoop *self)
{
    wait_for_events(self);
    fulcra_host_thread_begin_turn();
    run_ready(self);
    run_tasks(self);
    fulcra__timers_fire(&self->timers, self->now_ns);
    fulcra_host_thread_end_turn();
    for (FulcraTurnEnd *hook = self->turn_ends; hook != NULL; hook = hook->next)
        hook->run(hook);
}

static void *
thread_run(void *data)
{
    FulcraLoop *self = data;
    char name[16];

    snprintf(name, sizeof name, "loop-%u", self->index);
    pthread_setname_np(pthread_self(), name);
    current = self;
    fulcra_host_thread_enter_loop(self->kernel, &self->executor);
    while (!self->stopping)
        turn(self);
    while (run_tasks(self))
        ;
    fulcra_host_thread_leave_loop(self->kernel);
    current = NULL;
    return NULL;
}

void
fulcra_loop_start(FulcraLoop *self)
{
    sigset_t all, before;

    g_return_if_fail(!self->started);

    /* Signals are for the main thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&self->thread, NULL, thread_run, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0)
        g_error("event loop %u: cannot start its thread: %s", self->index,
                g_strerror(failed));
    self->started = true;
}

void
fulcra_loop_stop(FulcraLoop *self)
{
    g_return_if_fail(current != self);

    if (!self->started)
        return;
    fulcra_loop_post(self, &self->stop_task);
    pthread_join(self->thread, NULL);
    self->started = false;
}

void
fulcra_loop_free(FulcraLoop *self)
{
    if (self == NULL)
        return;
    g_return_if_fail(!self->started);

    /* What came after the stop: nobody else will release it. */
    FulcraLoop *outer = current;
    current = self;
    while (run_tasks(self))
        ;
    current = outer;

    fulcra__timers_finish(&self->timers);
    if (self->wake_fd >= 0)
        close(self->wake_fd);
    if (self->epoll_fd >= 0)
        close(self->epoll_fd);
    pthread_mutex_destroy(&self->lock);
    g_free(self->buffer);
    g_free(self);
}

/* --- calls that are waited for --- */

typedef struct {
    FulcraTask task;
    void (*function)(void *data);
    void *data;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
} Call;

static void
call_run(FulcraTask *task)
{
    Call *self = (Call *)task;

    self->function(self->data);
    pthread_mutex_lock(&self->lock);
    self->done = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

void
fulcra_loop_call(FulcraLoop *self, void (*function)(void *data), void *data)
{
    g_return_if_fail(current == NULL);

    Call call = {
        .task = { .run = call_run }, .function = function, .data = data
    };

    pthread_mutex_init(&call.lock, NULL);
    pthread_cond_init(&call.changed, NULL);
    fulcra_loop_post(self, &call.task);
    pthread_mutex_lock(&call.lock);
    while (!call.done)
        pthread_cond_wait(&call.changed, &call.lock);
    pthread_mutex_unlock(&call.lock);
    pthread_cond_destroy(&call.changed);
    pthread_mutex_destroy(&call.lock);
}

/* --- descriptors --- */

bool
fulcra_loop_watch(
        FulcraLoop *self, FulcraWatch *watch, uint32_t events, GError **error)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };

    if (epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) == 0)
        return true;
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
            "event loop %u: cannot watch descriptor %d: %s", self->index,
            watch->fd, g_strerror(errno));
    return false;
}

void
fulcra_loop_rewatch(FulcraLoop *self, FulcraWatch *watch, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };

    if (epoll_ctl(self->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) != 0)
        g_critical("event loop %u: cannot change the watch of %d: %s",
                self->index, watch->fd, g_strerror(errno));
}

void
fulcra_loop_unwatch(FulcraLoop *self, FulcraWatch *watch)
{
    if (epoll_ctl(self->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL) != 0)
        g_critical("event loop %u: cannot end the watch of %d: %s", self->index,
                watch->fd, g_strerror(errno));
    for (int i = self->at_event + 1; i < self->n_events; i++)
        if (self->events[i].data.ptr == watch)
            self->events[i].data.ptr = NULL;
}

/* --- timers and hooks --- */

void
fulcra_loop_set_timer(
        FulcraLoop *self, FulcraTimer *timer, unsigned milliseconds)
{
    fulcra__timers_set(&self->timers, timer,
            self->now_ns + (int64_t)milliseconds * 1000000);
}

void
fulcra_loop_clear_timer(FulcraLoop *self, FulcraTimer *timer)
{
    fulcra__timers_clear(&self->timers, timer);
}

void
fulcra_loop_add_turn_end(FulcraLoop *self, FulcraTurnEnd *hook)
{
    hook->next = NULL;
    *self->last_turn_end = hook;
    self->last_turn_end = &hook->next;
}

/* --- what it has --- */

FulcraLoop *
fulcra_loop_current(void)
{
    return current;
}

unsigned
fulcra_loop_get_index(FulcraLoop *self)
{
    return self->index;
}

FulcraKernel *
fulcra_loop_get_kernel(FulcraLoop *self)
{
    return self->kernel;
}

FulcraExecutor *
fulcra_loop_get_executor(FulcraLoop *self)
{
    return &self->executor;
}

int64_t
fulcra_loop_now_ns(FulcraLoop *self)
{
    return self->now_ns;
}

uint8_t *
fulcra_loop_get_buffer(FulcraLoop *self, size_t *size)
{
    if (self->buffer == NULL)
        self->buffer = g_malloc(BUFFER_SIZE);
    *size = BUFFER_SIZE;
    return self->buffer;
}

void
fulcra_loop_set_data(FulcraLoop *self, const char *key, void *data)
{
    for (size_t i = 0; i < MAX_DATA; i++) {
        if (self->data[i].key != NULL && g_strcmp0(self->data[i].key, key) != 0)
            continue;
        self->data[i].key = g_intern_string(key);
        self->data[i].data = data;
        return;
    }
    g_error("event loop: more than %d kinds of data", MAX_DATA);
}

void *
fulcra_loop_get_data(FulcraLoop *self, const char *key)
{
    for (size_t i = 0; i < MAX_DATA && self->data[i].key != NULL; i++)
        if (g_strcmp0(self->data[i].key, key) == 0)
            return self->data[i].data;
    return NULL;
}
