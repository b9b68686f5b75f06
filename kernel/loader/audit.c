/* SPDX-License-Identifier: MIT */
/*
 * audit.c - what is said of a change: to who asked for it, and in the log
 */

#include "changing.h"

#include <fulcra/log.h>

/* --- to who asked --- */

const char *
fulcra_host_change_kind_to_string(FulcraChangeKind kind)
{
    static const char *const names[] = {
        [FULCRA_CHANGE_LOAD] = "load",
        [FULCRA_CHANGE_REPLACE] = "replace",
        [FULCRA_CHANGE_UNLOAD] = "unload",
    };

    g_return_val_if_fail((unsigned)kind < G_N_ELEMENTS(names), "?");
    return names[kind];
}

static FulcraChangeKind
change_kind(const FulcraChanging *self)
{
    if (self->fresh == NULL)
        return FULCRA_CHANGE_UNLOAD;
    return self->old != NULL ? FULCRA_CHANGE_REPLACE : FULCRA_CHANGE_LOAD;
}

void
fulcra_host_change_free(FulcraChange *self)
{
    if (self == NULL)
        return;
    g_free(self->uri);
    g_free(self->version);
    g_free(self->before);
    g_strfreev(self->affected);
    g_free(self);
}

/* (transfer full) */
FulcraChange *
fulcra__changing_report(FulcraChanging *self)
{
    FulcraChange *report = g_new0(FulcraChange, 1);
    FulcraGeneration *one = self->fresh != NULL ? self->fresh : self->old;

    report->kind = change_kind(self);
    report->done = !self->options.preview;
    report->uri = g_strdup(one->uri);
    report->version = g_strdup(one->version_text);
    if (self->fresh != NULL && self->old != NULL)
        report->before = g_strdup(self->old->version_text);
    report->generation = one->number;
    report->n_sockets = self->n_sockets;
    g_ptr_array_set_free_func(self->affected, NULL);
    g_ptr_array_add(self->affected, NULL);
    report->affected = g_strdupv((char **)self->affected->pdata);
    g_ptr_array_set_free_func(self->affected, g_free);
    return report;
}

/* --- in the log --- */

static const char *
change_by(const FulcraChanging *self)
{
    return self->options.by != NULL ? self->options.by : "the program";
}

void
fulcra__changing_audit(FulcraChanging *self, const FulcraChange *report)
{
    g_autofree char *ended = report->affected[0] != NULL
                                     ? g_strjoinv(", ", report->affected)
                                     : NULL;
    const char *done[] = { "loaded", "replaced", "unloaded" };

    fulcra_log_info(NULL, "module %s %s: %s by %s%s%s, generation %u%s%s",
            report->uri, report->version, done[report->kind], change_by(self),
            report->before != NULL ? ", was " : "",
            report->before != NULL ? report->before : "", report->generation,
            ended != NULL ? "; ended: " : "", ended != NULL ? ended : "");
}

/* @what: what was to be changed */
void
fulcra__changing_audit_failure(
        FulcraChanging *self, const char *what, const GError *error)
{
    const FulcraGeneration *one = self->old != NULL ? self->old : self->fresh;

    fulcra_log_warning(NULL, "module %s: change by %s failed: %s",
            one != NULL ? one->uri : what, change_by(self), error->message);
    if (one == NULL)
        return;
    pthread_mutex_lock(&self->loader->lock);
    fulcra__history_set_failure(
            fulcra__histories_get(self->loader->histories, one->uri),
            error->message);
    pthread_mutex_unlock(&self->loader->lock);
}
