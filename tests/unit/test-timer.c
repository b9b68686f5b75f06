/* SPDX-License-Identifier: MIT */

/* The timer kind, in a module that is loaded for real; what it asks for is
 * answered when the test says so. */

#include "loop/loop.h"
#include "timer/timer.h"

#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/representation.h>
#include <glib/gstdio.h>

#define PATIENCE_US (20 * G_USEC_PER_SEC)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FulcraRequest *held; /* under lock: the one that is not answered yet */
static unsigned n_entered;  /* under lock */

static FulcraRepresentation *
slow_source(FulcraRequest *request, GError **error)
{
    (void)error;
    pthread_mutex_lock(&lock);
    g_assert_null(held);
    FulcraRepresentation *deferred = fulcra_request_defer(request);
    held = fulcra_request_ref(request);
    n_entered++;
    pthread_mutex_unlock(&lock);
    return deferred;
}

static const FulcraEndpointOps slow_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = slow_source,
};

typedef struct {
    char *folder;
    FulcraKernel *kernel;
    FulcraLoop *loop;
    FulcraLoader *loader;
} Fixture;

static void
write_module(Fixture *self)
{
    g_autofree char *path =
            g_build_filename(self->folder, FULCRA_DEFINITION, NULL);
    bool written = g_file_set_contents(path,
            "{ \"uri\": \"urn:test:t\", \"version\": \"1.0.0\", \"spaces\": [ {"
            "  \"uri\": \"urn:test:t\", \"endpoints\": ["
            "    { \"import\": \"urn:test:host\" },"
            "    { \"timer\": { \"every\": \"10ms\","
            "        \"request\": { \"identifier\": \"res:/slow\" } } } ] } ] "
            "}",
            -1, NULL);

    g_assert_true(written);
}

static void
add_host_space(Fixture *self)
{
    g_autoptr(FulcraSpace) space = fulcra_host_space_new("urn:test:host");
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("slow", &slow_ops, NULL, NULL);
    bool bound = fulcra_host_space_bind(space, "res:/slow", FULCRA_VERBS_ALL,
            FULCRA_ENTRY_PUBLIC, endpoint, NULL);

    g_assert_true(bound);
    fulcra_host_loader_add_space(self->loader, fulcra_host_space_seal(space));
}

static void
set_up(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    n_entered = 0;
    self->folder = g_dir_make_tmp("fulcra-timer-XXXXXX", NULL);
    write_module(self);
    self->kernel = fulcra_host_kernel_new(NULL);
    self->loop = fulcra_loop_new(self->kernel, 0, &error);
    g_assert_no_error(error);
    fulcra_loop_start(self->loop);
    self->loader = fulcra_host_loader_new(self->kernel);
    fulcra_host_loader_add_kind(self->loader, &fulcra_kind_timer, self->loop);
    add_host_space(self);
    fulcra_host_loader_add_folder(self->loader, self->folder, &error);
    g_assert_no_error(error);
    fulcra_host_loader_load_all(self->loader, &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *self, const void *data)
{
    g_autofree char *path =
            g_build_filename(self->folder, FULCRA_DEFINITION, NULL);

    (void)data;
    fulcra_host_loader_stop(self->loader);
    fulcra_loop_stop(self->loop);
    fulcra_host_loader_free(self->loader);
    fulcra_loop_free(self->loop);
    fulcra_host_kernel_free(self->kernel);
    g_unlink(path);
    g_rmdir(self->folder);
    g_free(self->folder);
}

/* The request that is under way, as soon as there is one. (transfer full) */
static FulcraRequest *
wait_for_tick(void)
{
    int64_t end = g_get_monotonic_time() + PATIENCE_US;

    for (;;) {
        pthread_mutex_lock(&lock);
        FulcraRequest *request = g_steal_pointer(&held);
        pthread_mutex_unlock(&lock);
        if (request != NULL)
            return request;
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
}

static void
wait_for_stat(FulcraStat stat, int64_t value)
{
    int64_t end = g_get_monotonic_time() + PATIENCE_US;

    while (fulcra_host_stats_get(stat) < value) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
}

static void
answer(FulcraRequest *request)
{
    fulcra_request_respond(request, fulcra_representation_new_bool(true));
    fulcra_request_unref(request);
}

static void
test_ticks_go_on(Fixture *self, const void *data)
{
    int64_t before = fulcra_host_stats_get(FULCRA_STAT_TIMER_TICKS);

    for (unsigned i = 0; i < 5; i++)
        answer(wait_for_tick());
    g_assert_cmpint(
            fulcra_host_stats_get(FULCRA_STAT_TIMER_TICKS), >=, before + 5);
}

static void
test_slow_one_is_not_entered_twice(Fixture *self, const void *data)
{
    int64_t skipped = fulcra_host_stats_get(FULCRA_STAT_TIMER_SKIPPED);
    FulcraRequest *request = wait_for_tick();

    wait_for_stat(FULCRA_STAT_TIMER_SKIPPED, skipped + 3);
    pthread_mutex_lock(&lock);
    g_assert_cmpuint(n_entered, ==, 1);
    pthread_mutex_unlock(&lock);
    answer(request);
    answer(wait_for_tick());
}

static void
test_stop_while_one_runs(Fixture *self, const void *data)
{
    FulcraRequest *request = wait_for_tick();
    int64_t ticks = fulcra_host_stats_get(FULCRA_STAT_TIMER_TICKS);

    fulcra_host_loader_stop(self->loader);
    g_assert_true(fulcra_request_is_cancelled(request));
    answer(request);
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_TIMER_TICKS), ==, ticks);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add(
            "/timer/ticks", Fixture, NULL, set_up, test_ticks_go_on, tear_down);
    g_test_add("/timer/slow", Fixture, NULL, set_up,
            test_slow_one_is_not_entered_twice, tear_down);
    g_test_add("/timer/stop", Fixture, NULL, set_up, test_stop_while_one_runs,
            tear_down);
    return g_test_run();
}
