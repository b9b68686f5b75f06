/* SPDX-License-Identifier: MIT */
/*
 * retire.c - the end of a generation
 *
 *   retired   not published any more; trees of requests that began in it go on
 *   stopped   its code was told to end: when none of those is left, or they
 *             take longer than any deadline
 *   released  its spaces and all that its definition made are let go of
 *   kept      nothing holds it any more; its code stays mapped
 *   unmapped  where its author promised that this is safe
 *
 * fulcra_host_loader_tend() looks about once a second how far each has come,
 * and never waits: what may hang runs as an errand.
 */

#include "loader-private.h"

#include <fulcra/log.h>

#include <string.h>

/* Requests have deadlines. What is left this long after them has forgotten to
 * answer. */
#define PATIENCE_US (60 * G_USEC_PER_SEC)

/* For threads to end when the server does. */
#define THREADS_US (2 * G_USEC_PER_SEC)

/* --- what is left --- */

static size_t
count_requests(FulcraLoader *self, FulcraGeneration *one)
{
    size_t most = 0;

    for (unsigned i = 0; i < one->spaces->len; i++) {
        size_t n = fulcra_host_kernel_count_roots(
                self->kernel, one->spaces->pdata[i]);

        most = MAX(most, n);
    }
    return most;
}

static void
list_instances(FulcraGeneration *one, GPtrArray *texts)
{
    for (unsigned i = 0; i < one->instances->len; i++) {
        FulcraInstance *instance =
                &g_array_index(one->instances, FulcraInstance, i);
        char *text = instance->kind->left != NULL
                             ? instance->kind->left(instance->instance)
                             : NULL;

        if (text != NULL)
            g_ptr_array_add(texts, text);
    }
}

static void
list_count(GPtrArray *texts, size_t n, const char *one, const char *many)
{
    if (n > 0)
        g_ptr_array_add(
                texts, g_strdup_printf("%zu %s", n, n == 1 ? one : many));
}

/* Known only of code that is to be unmapped. */
static void
list_pointers(FulcraGeneration *one, GPtrArray *texts)
{
    if (one->mapping == NULL)
        return;
    list_count(texts, fulcra_host_mapping_count_callbacks(one->mapping),
            "answer that its code waits for",
            "answers that its code waits for");
    list_count(texts, fulcra_host_mapping_count_representations(one->mapping),
            "representation that only its code can free",
            "representations that only its code can free");
}

GPtrArray *
fulcra__generation_list_left(FulcraLoader *self, FulcraGeneration *one)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    size_t n = count_requests(self, one);

    list_count(
            texts, n, "request that began in it", "requests that began in it");
    list_instances(one, texts);
    fulcra__module_list_threads(one->module, texts);
    list_pointers(one, texts);
    if (one->errand != NULL)
        g_ptr_array_add(
                texts, g_strdup("a call of its code that does not return"));
    return texts;
}

/* --- stopping --- */

static void
stop_code(void *data)
{
    FulcraGeneration *self = data;

    fulcra__module_get_ops(self->module)->stop(self->module);
}

static void
begin_stop(FulcraGeneration *self)
{
    self->is_stopping = true;
    fulcra__module_set_stopping(self->module);
    if (self->is_ready && fulcra__module_get_ops(self->module)->stop != NULL)
        self->errand = fulcra__errand_start(stop_code, self);
}

/* Whether its code has nothing more to say. */
static bool
is_stopped(FulcraGeneration *self, unsigned timeout_ms)
{
    if (self->errand != NULL && !fulcra__errand_await(self->errand, timeout_ms))
        return false;
    g_clear_pointer(&self->errand, fulcra__errand_unref);
    return self->is_stopping;
}

/* Threads that were told to end get a moment for it. */
static void
await_threads(FulcraGeneration *self)
{
    g_autoptr(GPtrArray) threads = g_ptr_array_new_with_free_func(g_free);
    int64_t until = g_get_monotonic_time() + THREADS_US;

    fulcra__module_list_threads(self->module, threads);
    while (threads->len > 0 && g_get_monotonic_time() < until) {
        g_usleep(1000);
        g_ptr_array_set_size(threads, 0);
        fulcra__module_list_threads(self->module, threads);
    }
    for (unsigned i = 0; i < threads->len; i++)
        fulcra_log_warning(NULL,
                "module %s: %s goes on though it was told to end", self->uri,
                (char *)threads->pdata[i]);
}

bool
fulcra__loader_end(FulcraLoader *self, FulcraGeneration *one)
{
    if (!one->is_stopping)
        begin_stop(one);
    if (!is_stopped(one, self->limits.start_ms)) {
        fulcra_log_warning(
                NULL, "module %s: its stop function hangs", one->uri);
        return false;
    }
    await_threads(one);
    return true;
}

/* --- the steps --- */

void
fulcra__loader_enlist(FulcraLoader *self, FulcraGeneration *one)
{
    FulcraHistory *history = fulcra__histories_get(self->histories, one->uri);

    one->number = ++history->n;
    one->loaded_us = g_get_real_time();
    g_free(history->folder);
    history->folder = g_strdup(one->folder);
    fulcra__history_set_failure(history, NULL);
}

void
fulcra__loader_discard(FulcraLoader *self, FulcraGeneration *one)
{
    if (fulcra__generation_get_mapped(one) == 0) {
        fulcra__generation_free(one);
        return;
    }
    pthread_mutex_lock(&self->lock);
    one->number = ++fulcra__histories_get(self->histories, one->uri)->n;
    one->loaded_us = g_get_real_time();
    fulcra__loader_retire(self, one);
    pthread_mutex_unlock(&self->lock);
}

void
fulcra__loader_retire(FulcraLoader *self, FulcraGeneration *one)
{
    one->retired_us = g_get_real_time();
    one->patience_us = g_get_monotonic_time() + PATIENCE_US;
    g_ptr_array_add(self->retired, one);
}

static void
unmap(FulcraGeneration *one, FulcraGenerationInfo *info)
{
    if (one->code == NULL || !one->promises_unmap)
        return;
    if (fulcra__library_unmap(one->code)) {
        info->state = FULCRA_GENERATION_UNMAPPED;
        info->mapped = 0;
    } else {
        fulcra_log_warning(NULL,
                "module %s: generation %u stays mapped though \"unmap\" is "
                "true: the dynamic linker keeps it",
                one->uri, one->number);
    }
}

/* Its struct goes; a line in the history stays. */
static void
bury(FulcraLoader *self, FulcraGeneration *one)
{
    FulcraHistory *history = fulcra__histories_get(self->histories, one->uri);
    FulcraGenerationInfo info = {
        .number = one->number,
        .state = FULCRA_GENERATION_KEPT,
        .version = g_strdup(one->version_text),
        .loaded_us = one->loaded_us,
        .retired_us = one->retired_us,
        .mapped = fulcra__generation_get_mapped(one),
        .left = g_new0(char *, 1),
    };

    fulcra__module_unref(g_steal_pointer(&one->module));
    unmap(one, &info);
    fulcra__history_add(history, &info);
    fulcra__generation_free(one);
}

/* Whether nothing of @one is in use any more. */
static bool
tend_one(FulcraLoader *self, FulcraGeneration *one)
{
    g_autoptr(GPtrArray) left = NULL;
    size_t n = count_requests(self, one);

    if (n == 0 && one->owner != NULL) /* nobody is left who might come */
        fulcra_host_owner_move(one->owner, NULL, 0);
    if (!one->is_stopping) {
        if (n > 0 && g_get_monotonic_time() < one->patience_us)
            return false;
        begin_stop(one);
    }
    if (!is_stopped(one, 0))
        return false;
    if (one->mapping != NULL && !one->has_expired) {
        one->has_expired = true;
        fulcra_host_kernel_drop_expired(self->kernel);
    }
    left = fulcra__generation_list_left(self, one);
    if (left->len > 0)
        return false;
    fulcra__generation_release(one);
    return fulcra__module_is_unique(one->module);
}

/* Code that hung and came back is treated as if it had failed. */
static void
tend_hung(FulcraLoader *self)
{
    for (unsigned i = self->hung->len; i > 0; i--) {
        FulcraGeneration *one = self->hung->pdata[i - 1];

        if (!fulcra__errand_await(one->errand, 0))
            continue;
        g_clear_pointer(&one->errand, fulcra__errand_unref);
        g_ptr_array_steal_index(self->hung, i - 1);
        fulcra__module_finish(one->module);
        g_ptr_array_add(self->retired, one);
    }
}

static void
tend(FulcraLoader *self)
{
    tend_hung(self);
    for (unsigned i = self->retired->len; i > 0; i--) {
        FulcraGeneration *one = self->retired->pdata[i - 1];

        if (!tend_one(self, one))
            continue;
        g_ptr_array_steal_index(self->retired, i - 1);
        bury(self, one);
    }
}

void
fulcra_host_loader_tend(FulcraLoader *self)
{
    g_return_if_fail(self != NULL);

    if (pthread_mutex_trylock(&self->change_lock) != 0)
        return; /* a change looks after it by itself */
    pthread_mutex_lock(&self->lock);
    tend(self);
    pthread_mutex_unlock(&self->lock);
    pthread_mutex_unlock(&self->change_lock);
}
