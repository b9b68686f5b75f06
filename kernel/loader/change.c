/* SPDX-License-Identifier: MIT */
/*
 * change.c - one module changes while all serve
 *
 *   read, build, judge   a generation, and all modules as they would be
 *   survey               what would end by it
 *   ready                its code starts
 *   publish              one swap; the old generation retires
 *
 * Up to the publish nothing has happened that a failure would have to undo.
 * Every change and every failure is a line in the log.
 */

#include "changing.h"

#include <fulcra/error.h>

/* --- beginning and ending --- */

static void
change_begin(FulcraChanging *self, FulcraLoader *loader,
        const FulcraChangeOptions *options)
{
    pthread_mutex_lock(&loader->change_lock);
    *self = (FulcraChanging){ .loader = loader };
    if (options != NULL)
        self->options = *options;
    self->modules = g_ptr_array_new();
    for (size_t i = 0; i < loader->n_loaded; i++)
        g_ptr_array_add(self->modules, loader->generations->pdata[i]);
    self->affected = g_ptr_array_new_with_free_func(g_free);
}

static void
change_end(FulcraChanging *self)
{
    if (self->fresh != NULL)
        fulcra__loader_discard(self->loader, self->fresh);
    g_clear_pointer(&self->publication, fulcra__publication_free);
    g_ptr_array_unref(self->modules);
    g_ptr_array_unref(self->affected);
    pthread_mutex_unlock(&self->loader->change_lock);
    fulcra_host_loader_tend(self->loader);
}

/* --- judging --- */

/* The old one's place in the list becomes that of the new one. */
static void
put_in_place(FulcraChanging *self)
{
    unsigned at = self->modules->len;

    if (self->old != NULL) {
        g_ptr_array_find(self->modules, self->old, &at);
        g_ptr_array_remove_index(self->modules, at);
    }
    if (self->fresh != NULL)
        g_ptr_array_insert(self->modules, (int)at, self->fresh);
}

/* Builds the new one alone: the others are there. False where it hung, which
 * is reported as everything else. */
static void
build(FulcraChanging *self, FulcraProblems *problems)
{
    g_autoptr(GPtrArray) one = g_ptr_array_new();

    g_ptr_array_add(one, self->fresh);
    fulcra__modules_build(self->loader, one, 0, true, problems);
    if (one->len == 0)
        self->fresh = NULL; /* it hangs, and belongs to nobody */
}

static bool
judge(FulcraChanging *self, GError **error)
{
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();

    build(self, problems);
    if (fulcra_host_problems_count(problems) == 0) {
        put_in_place(self);
        fulcra__modules_order(self->modules, 0, problems);
        fulcra__modules_compare(self->loader, self->modules, 0, problems);
    }
    return fulcra_host_problems_none(problems, error);
}

/* Why it cannot be unloaded: those that need it. */
static bool
check_needed(FulcraChanging *self, GError **error)
{
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();
    GError *inner = NULL;

    put_in_place(self);
    fulcra__modules_order(self->modules, 0, problems);
    fulcra__modules_compare(self->loader, self->modules, 0, problems);
    if (fulcra_host_problems_none(problems, &inner))
        return true;
    g_propagate_prefixed_error(error, inner,
            "%s is needed by other modules; unload those first:\n",
            self->old->uri);
    return false;
}

/* --- handing over --- */

/* Whether the new one takes over what the old one has. */
static bool
moves_state(const FulcraChanging *self)
{
    return self->old != NULL && self->fresh != NULL &&
           self->old->owner != NULL &&
           fulcra__module_get_ops(self->fresh->module)->import_state != NULL;
}

/* Afterwards the old one is held. */
static bool
hold_and_hand_over(FulcraChanging *self, GError **error)
{
    const FulcraChangeLimits *limits = &self->loader->limits;
    size_t left;

    if (!fulcra_host_owner_hold(self->old->owner, limits->hold_ms, &left))
        return fulcra__refuse(error,
                "%s %s: its state cannot be handed over: %zu request%s in it "
                "did not end within %u ms",
                self->old->uri, self->old->version_text, left,
                left == 1 ? "" : "s", limits->hold_ms);
    if (fulcra__generation_hand_over(
                self->old, self->fresh, limits->start_ms, error))
        return true;
    fulcra_host_owner_release(self->old->owner);
    return false;
}

static bool
make_ready(FulcraChanging *self, GError **error)
{
    return fulcra__generation_ready(
                   self->fresh, self->loader->limits.start_ms, error) &&
           (!moves_state(self) || hold_and_hand_over(self, error));
}

/* Those who were held go to the new one. */
static void
send_on(FulcraChanging *self)
{
    GPtrArray *endpoints = self->fresh->code_endpoints;

    fulcra_host_owner_move(self->old->owner,
            (FulcraEndpoint *const *)endpoints->pdata, endpoints->len);
}

/* --- doing it --- */

static void
swap_lists(FulcraChanging *self)
{
    FulcraLoader *loader = self->loader;
    GPtrArray *list = loader->generations;

    g_assert(list->len == loader->n_loaded);
    pthread_mutex_lock(&loader->lock);
    g_ptr_array_set_free_func(list, NULL);
    g_ptr_array_set_size(list, 0);
    g_ptr_array_extend(list, self->modules, NULL, NULL);
    g_ptr_array_set_free_func(list, (GDestroyNotify)fulcra__generation_free);
    loader->n_loaded = list->len;
    if (self->fresh != NULL)
        fulcra__loader_enlist(loader, self->fresh);
    if (self->old != NULL)
        fulcra__loader_retire(loader, self->old);
    pthread_mutex_unlock(&loader->lock);
}

static void
publish(FulcraChanging *self)
{
    FulcraLoader *loader = self->loader;
    g_autoptr(FulcraTable) before =
            fulcra_host_kernel_get_table(loader->kernel);

    if (self->old != NULL)
        fulcra__generation_stop(self->old);
    if (loader->sockets != NULL)
        loader->sockets->prepare(loader->sockets, before);
    fulcra__publication_publish(self->publication, loader);
    if (moves_state(self))
        send_on(self);
    swap_lists(self);
    if (self->fresh != NULL)
        fulcra__generation_start(self->fresh);
    if (loader->sockets != NULL)
        loader->sockets->close(loader->sockets, loader->limits.close_ms);
}

/* (transfer full) (nullable) */
static FulcraChange *
carry_out(FulcraChanging *self, GError **error)
{
    FulcraChange *report;

    if (!fulcra__changing_survey(self, error))
        return NULL;
    if (self->options.preview)
        return fulcra__changing_report(self);
    if (self->fresh != NULL && !make_ready(self, error)) {
        if (self->fresh->errand != NULL)
            fulcra__loader_give_up(self->loader, g_steal_pointer(&self->fresh));
        return NULL;
    }
    publish(self);
    report = fulcra__changing_report(self);
    fulcra__changing_audit(self, report);
    self->fresh = NULL; /* it is the loader's */
    return report;
}

/* @old: (nullable): whose place it takes, where that is known already */
static FulcraChange *
change_to(FulcraChanging *self, FulcraGeneration *old, const char *folder,
        GError **error)
{
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();

    self->old = old;
    self->fresh =
            fulcra__generation_read(folder, self->loader->kinds, problems);
    if (!fulcra_host_problems_none(problems, error))
        return NULL;
    if (old == NULL)
        self->old = fulcra__modules_find_rival(self->modules, self->fresh);
    else if (g_strcmp0(old->uri, self->fresh->uri) != 0) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_MODULE,
                "%s holds the module %s now; unload %s, then load the folder",
                folder, self->fresh->uri, old->uri);
        return NULL;
    }
    return judge(self, error) ? carry_out(self, error) : NULL;
}

FulcraChange *
fulcra_host_loader_load(FulcraLoader *self, const char *folder,
        const FulcraChangeOptions *options, GError **error)
{
    FulcraChange *report;
    GError *inner = NULL;
    FulcraChanging change;

    g_return_val_if_fail(self != NULL && folder != NULL, NULL);

    change_begin(&change, self, options);
    report = change_to(&change, NULL, folder, &inner);
    if (report == NULL) {
        fulcra__changing_audit_failure(&change, folder, inner);
        g_propagate_error(error, inner);
    }
    change_end(&change);
    return report;
}

FulcraChange *
fulcra_host_loader_reload(FulcraLoader *self, const char *name,
        const FulcraChangeOptions *options, GError **error)
{
    FulcraChange *report = NULL;
    FulcraGeneration *old;
    GError *inner = NULL;
    FulcraChanging change;

    g_return_val_if_fail(self != NULL && name != NULL, NULL);

    change_begin(&change, self, options);
    old = fulcra__loader_find(self, name, &inner);
    if (old != NULL)
        report = change_to(&change, old, old->folder, &inner);
    if (report == NULL) {
        fulcra__changing_audit_failure(&change, name, inner);
        g_propagate_error(error, inner);
    }
    change_end(&change);
    return report;
}

FulcraChange *
fulcra_host_loader_unload(FulcraLoader *self, const char *name,
        const FulcraChangeOptions *options, GError **error)
{
    FulcraChange *report = NULL;
    GError *inner = NULL;
    FulcraChanging change;

    g_return_val_if_fail(self != NULL && name != NULL, NULL);

    change_begin(&change, self, options);
    change.old = fulcra__loader_find(self, name, &inner);
    if (change.old != NULL && check_needed(&change, &inner))
        report = carry_out(&change, &inner);
    if (report == NULL) {
        fulcra__changing_audit_failure(&change, name, inner);
        g_propagate_error(error, inner);
    }
    change_end(&change);
    return report;
}
