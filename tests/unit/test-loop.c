/* SPDX-License-Identifier: MIT */

#include "loop/loop.h"
#include "loop/timers.h"

#include <sys/socket.h>
#include <unistd.h>

#define POSTERS       4
#define POSTS_OF_EACH 20000

/* --- timers, alone --- */

typedef struct {
    FulcraTimer timer;
    int64_t *last;
    unsigned *fired;
} Probe;

static void
probe_fire(FulcraTimer *timer)
{
    Probe *self = (Probe *)timer;

    g_assert_cmpuint(timer->position, ==, 0);
    g_assert_cmpint(timer->due_ns, >=, *self->last);
    *self->last = timer->due_ns;
    ++*self->fired;
}

static void
test_timers_order(void)
{
    enum { N = 500 };
    FulcraTimers timers = { 0 };
    Probe probes[N] = { 0 };
    unsigned fired = 0, cleared = 0;
    int64_t last = 0;

    for (int i = 0; i < N; i++) {
        probes[i] = (Probe){ { probe_fire, 0, 0 }, &last, &fired };
        fulcra__timers_set(
                &timers, &probes[i].timer, g_test_rand_int_range(0, 1000));
    }
    for (int i = 0; i < N; i += 3)
        fulcra__timers_set(
                &timers, &probes[i].timer, g_test_rand_int_range(0, 1000));
    for (int i = 1; i < N; i += 3, cleared++)
        fulcra__timers_clear(&timers, &probes[i].timer);
    fulcra__timers_fire(&timers, 499);
    g_assert_cmpint(last, <=, 499);
    fulcra__timers_fire(&timers, 1000);
    g_assert_cmpuint(fired, ==, N - cleared);
    g_assert_cmpint(fulcra__timers_timeout(&timers, 0), ==, -1);
    fulcra__timers_finish(&timers);
}

static void
test_timers_timeout(void)
{
    FulcraTimers timers = { 0 };
    FulcraTimer timer = { 0 };

    fulcra__timers_set(&timers, &timer, 1500000);
    g_assert_cmpint(fulcra__timers_timeout(&timers, 0), ==, 2);
    g_assert_cmpint(fulcra__timers_timeout(&timers, 1500000), ==, 0);
    g_assert_cmpint(fulcra__timers_timeout(&timers, 9000000), ==, 0);
    fulcra__timers_clear(&timers, &timer);
    fulcra__timers_clear(&timers, &timer);
    fulcra__timers_finish(&timers);
}

/* --- the loop --- */

typedef struct {
    FulcraTask task;
    FulcraLoop *loop;
    void (*act)(FulcraLoop *loop, void *data);
    void *data;
    pthread_mutex_t lock;
    pthread_cond_t done_changed;
    bool done;
} Call;

static void
call_run(FulcraTask *task)
{
    Call *self = (Call *)task;

    g_assert_true(fulcra_loop_current() == self->loop);
    if (self->act != NULL)
        self->act(self->loop, self->data);
    pthread_mutex_lock(&self->lock);
    self->done = true;
    pthread_cond_signal(&self->done_changed);
    pthread_mutex_unlock(&self->lock);
}

/* Runs @act on the loop and waits for it. */
static void
on_loop(FulcraLoop *loop, void (*act)(FulcraLoop *, void *), void *data)
{
    Call call = { { NULL, call_run }, loop, act, data };

    pthread_mutex_init(&call.lock, NULL);
    pthread_cond_init(&call.done_changed, NULL);
    fulcra_loop_post(loop, &call.task);
    pthread_mutex_lock(&call.lock);
    while (!call.done)
        pthread_cond_wait(&call.done_changed, &call.lock);
    pthread_mutex_unlock(&call.lock);
    pthread_cond_destroy(&call.done_changed);
    pthread_mutex_destroy(&call.lock);
}

static FulcraKernel *kernel;

static FulcraLoop *
started_loop(void)
{
    g_autoptr(GError) error = NULL;
    FulcraLoop *loop = fulcra_loop_new(kernel, 7, &error);

    g_assert_no_error(error);
    fulcra_loop_start(loop);
    return loop;
}

static void
end_loop(FulcraLoop *loop)
{
    fulcra_loop_stop(loop);
    fulcra_loop_free(loop);
}

typedef struct {
    FulcraTask task;
    unsigned poster, number;
} Numbered;

static unsigned seen[POSTERS];

static void
numbered_run(FulcraTask *task)
{
    Numbered *self = (Numbered *)task;

    g_assert_cmpuint(seen[self->poster], ==, self->number);
    seen[self->poster]++;
    g_free(self);
}

typedef struct {
    pthread_t thread;
    FulcraLoop *loop;
    unsigned index;
} Poster;

static void *
poster_run(void *data)
{
    Poster *self = data;

    for (unsigned i = 0; i < POSTS_OF_EACH; i++) {
        Numbered *task = g_new0(Numbered, 1);

        task->task.run = numbered_run;
        task->poster = self->index;
        task->number = i;
        fulcra_loop_post(self->loop, &task->task);
    }
    return NULL;
}

/* Every task of every thread runs, those of one thread in their order, and
 * those that were posted before the stop before it ends. */
static void
test_posts(void)
{
    FulcraLoop *loop = started_loop();
    Poster posters[POSTERS];

    for (unsigned i = 0; i < POSTERS; i++) {
        seen[i] = 0;
        posters[i] = (Poster){ 0, loop, i };
        pthread_create(&posters[i].thread, NULL, poster_run, &posters[i]);
    }
    for (unsigned i = 0; i < POSTERS; i++)
        pthread_join(posters[i].thread, NULL);
    fulcra_loop_stop(loop);
    for (unsigned i = 0; i < POSTERS; i++)
        g_assert_cmpuint(seen[i], ==, POSTS_OF_EACH);
    fulcra_loop_free(loop);
}

/* A loop that went to sleep wakes each time: a lost wake-up hangs here. */
static void
test_wakes(void)
{
    FulcraLoop *loop = started_loop();

    for (int i = 0; i < 20000; i++)
        on_loop(loop, NULL, NULL);
    end_loop(loop);
}

typedef struct {
    FulcraWatch watch;
    FulcraLoop *loop;
    unsigned *readied;
    FulcraWatch *other;
} Pipe;

static void
pipe_ready(FulcraWatch *watch, uint32_t events)
{
    Pipe *self = (Pipe *)watch;

    ++*self->readied;
    fulcra_loop_unwatch(self->loop, self->other);
    fulcra_loop_unwatch(self->loop, watch);
}

static void
pipes_watch(FulcraLoop *loop, void *data)
{
    Pipe *pipes = data;

    for (int i = 0; i < 2; i++)
        g_assert_true(fulcra_loop_watch(loop, &pipes[i].watch, EPOLLIN, NULL));
}

/* Two descriptors are ready in one turn; whichever is handled first takes the
 * other out, whose event must then not be delivered. */
static void
test_unwatch_drops_collected(void)
{
    FulcraLoop *loop = started_loop();
    unsigned readied = 0;
    int fds[2][2];
    Pipe pipes[2];

    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]), ==, 0);
        pipes[i] = (Pipe){ { pipe_ready, fds[i][0] }, loop, &readied,
            &pipes[1 - i].watch };
        g_assert_cmpint(write(fds[i][1], "x", 1), ==, 1);
    }
    on_loop(loop, pipes_watch, pipes);
    on_loop(loop, NULL, NULL);
    on_loop(loop, NULL, NULL);
    end_loop(loop);
    g_assert_cmpuint(readied, ==, 1);
    for (int i = 0; i < 4; i++)
        close(fds[i / 2][i % 2]);
}

typedef struct {
    FulcraTimer timer;
    FulcraTurnEnd turn_end;
    FulcraLoop *loop;
    int64_t begun_ns, ended_ns;
    unsigned rounds, turn_ends;
    Call *finished;
} Ticking;

static void
ticking_fire(FulcraTimer *timer)
{
    Ticking *self = (Ticking *)timer;

    g_assert_cmpint(fulcra_loop_now_ns(self->loop), >=, timer->due_ns);
    if (++self->rounds < 5) {
        fulcra_loop_set_timer(self->loop, timer, 2);
    } else {
        self->ended_ns = fulcra_loop_now_ns(self->loop);
        call_run(&self->finished->task);
    }
}

static void
ticking_turn_end(FulcraTurnEnd *hook)
{
    Ticking *self = (Ticking *)((char *)hook - offsetof(Ticking, turn_end));

    self->turn_ends++;
}

static void
ticking_start(FulcraLoop *loop, void *data)
{
    Ticking *self = data;

    fulcra_loop_add_turn_end(loop, &self->turn_end);
    fulcra_loop_set_timer(loop, &self->timer, 2);
    self->begun_ns = fulcra_loop_now_ns(loop);
}

static void
test_loop_timers(void)
{
    FulcraLoop *loop = started_loop();
    Call finished = { { NULL, call_run }, loop };
    Ticking ticking = { .timer = { .fire = ticking_fire },
        .turn_end = { .run = ticking_turn_end },
        .loop = loop,
        .finished = &finished };

    pthread_mutex_init(&finished.lock, NULL);
    pthread_cond_init(&finished.done_changed, NULL);
    on_loop(loop, ticking_start, &ticking);
    pthread_mutex_lock(&finished.lock);
    while (!finished.done)
        pthread_cond_wait(&finished.done_changed, &finished.lock);
    pthread_mutex_unlock(&finished.lock);
    end_loop(loop);
    g_assert_cmpuint(ticking.rounds, ==, 5);
    g_assert_cmpuint(ticking.turn_ends, >=, 5);
    g_assert_cmpint(ticking.ended_ns - ticking.begun_ns, >=, 10 * 1000000);
}

static void
late_run(FulcraTask *task)
{
    *((bool *)(task + 1)) = true;
}

/* What is posted to a stopped loop is run when it is freed, not lost. */
static void
test_post_after_stop(void)
{
    struct {
        FulcraTask task;
        bool ran;
    } late = { { NULL, late_run }, false };
    FulcraLoop *loop = started_loop();

    fulcra_loop_stop(loop);
    fulcra_loop_post(loop, &late.task);
    fulcra_loop_free(loop);
    g_assert_true(late.ran);
}

static void
test_data(void)
{
    FulcraLoop *loop = started_loop();
    int one, two;

    g_assert_null(fulcra_loop_get_data(loop, "one"));
    fulcra_loop_set_data(loop, "one", &one);
    fulcra_loop_set_data(loop, "two", &two);
    fulcra_loop_set_data(loop, "one", &two);
    g_assert_true(fulcra_loop_get_data(loop, "one") == &two);
    g_assert_true(fulcra_loop_get_data(loop, "two") == &two);
    end_loop(loop);
}

static void
hang_until_told(void *data)
{
    atomic_bool *told = data;

    while (!atomic_load(told))
        g_usleep(1000);
}

typedef struct {
    FulcraTask task;
    atomic_bool told;
} Hanging;

static void
hanging_run(FulcraTask *task)
{
    hang_until_told(&((Hanging *)task)->told);
}

static void
set_true(void *data)
{
    *(bool *)data = true;
}

/* A loop that hangs is not waited for, and does nothing of it later. */
static void
test_call_within(void)
{
    FulcraLoop *loop = fulcra_loop_new(kernel, 0, NULL);
    Hanging hanging = { .task.run = hanging_run };
    bool called = false, late = false;

    fulcra_loop_start(loop);
    g_assert_true(fulcra_loop_call_within(loop, 10000, set_true, &called));
    g_assert_true(called);
    fulcra_loop_post(loop, &hanging.task);
    g_assert_false(fulcra_loop_call_within(loop, 20, set_true, &late));
    atomic_store(&hanging.told, true);
    g_assert_true(fulcra_loop_call_within(loop, 10000, set_true, &called));
    g_assert_false(late);
    end_loop(loop);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    kernel = fulcra_host_kernel_new(NULL);
    g_test_add_func("/loop/timers/order", test_timers_order);
    g_test_add_func("/loop/timers/timeout", test_timers_timeout);
    g_test_add_func("/loop/posts", test_posts);
    g_test_add_func("/loop/wakes", test_wakes);
    g_test_add_func(
            "/loop/unwatch-drops-collected", test_unwatch_drops_collected);
    g_test_add_func("/loop/timers", test_loop_timers);
    g_test_add_func("/loop/post-after-stop", test_post_after_stop);
    g_test_add_func("/loop/data", test_data);
    g_test_add_func("/loop/call-within", test_call_within);
    int failed = g_test_run();
    fulcra_host_kernel_free(kernel);
    return failed;
}
