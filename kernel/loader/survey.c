/* SPDX-License-Identifier: MIT */
/*
 * survey.c - what would end by a change, before it is made
 *
 * Sockets are asked in the table that would be published; instances of kinds
 * say for themselves what ends with them, unless the new generation has the
 * same.
 */

#include "changing.h"

#include <fulcra/error.h>

static char *
instance_text(FulcraInstance *instance)
{
    return instance->kind->affects != NULL
                   ? instance->kind->affects(instance->instance)
                   : NULL;
}

static bool
has_instance(FulcraGeneration *one, const char *text)
{
    for (unsigned i = 0; one != NULL && i < one->instances->len; i++) {
        g_autofree char *other = instance_text(
                &g_array_index(one->instances, FulcraInstance, i));

        if (g_strcmp0(other, text) == 0)
            return true;
    }
    return false;
}

/* What the new generation has likewise goes on. */
static void
survey_instances(FulcraChanging *self)
{
    for (unsigned i = 0; self->old != NULL && i < self->old->instances->len;
            i++) {
        char *text = instance_text(
                &g_array_index(self->old->instances, FulcraInstance, i));

        if (text != NULL && !has_instance(self->fresh, text))
            g_ptr_array_add(self->affected, text);
        else
            g_free(text);
    }
}

static void
survey_sockets(FulcraChanging *self)
{
    FulcraSocketKeeper *sockets = self->loader->sockets;
    g_autoptr(FulcraTable) table = NULL;

    if (sockets == NULL || self->old == NULL)
        return;
    table = fulcra__publication_try(self->publication, self->loader);
    self->n_sockets = sockets->survey(sockets, table, self->affected);
}

/* To unload is to end what there is; to replace should end no socket. */
static bool
check_force(FulcraChanging *self, GError **error)
{
    g_autofree char *ended = NULL;
    bool harms =
            self->fresh == NULL ? self->affected->len > 0 : self->n_sockets > 0;

    if (!harms || self->options.force || self->options.preview)
        return true;
    g_ptr_array_add(self->affected, NULL);
    ended = g_strjoinv(", ", (char **)self->affected->pdata);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN,
            "%s would end: %s; it is done where it is forced",
            self->fresh == NULL ? "unloading it" : "the change", ended);
    return false;
}

bool
fulcra__changing_survey(FulcraChanging *self, GError **error)
{
    self->publication = fulcra__publication_new(self->loader, self->modules,
            &self->fresh, self->fresh != NULL, self->old);
    survey_sockets(self);
    survey_instances(self);
    return check_force(self, error);
}
