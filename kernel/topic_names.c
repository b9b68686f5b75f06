/* SPDX-License-Identifier: MIT */

/*
 * topic_names.c - see private/topic_names.h
 *
 * Most topics have none: the tables are made for the first.
 */

#include "private/topic_names.h"
#include <fulcra/error.h>
#include <fulcra/socket.h>

#include <string.h>

void
fulcra__topic_names_clear(FulcraTopicNames *self)
{
    g_clear_pointer(&self->taken, g_hash_table_unref);
    g_clear_pointer(&self->by_socket, g_hash_table_unref);
}

unsigned
fulcra__topic_names_count(FulcraTopicNames *self)
{
    return self->taken != NULL ? g_hash_table_size(self->taken) : 0;
}

static bool
refuse(FulcraTopicNames *self, FulcraSocket *socket, const char *name,
        GError **error)
{
    size_t length = strnlen(name, FULCRA__TOPIC_NAME_BYTES + 1);

    if (fulcra__topic_names_find(self, socket) != NULL)
        fulcra_error_refuse(error, "already-joined", "you have a name");
    else if (length == 0 || length > FULCRA__TOPIC_NAME_BYTES)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a name in a topic has 1 to %d bytes",
                FULCRA__TOPIC_NAME_BYTES);
    else if (self->taken != NULL && g_hash_table_contains(self->taken, name))
        fulcra_error_refuse(error, "name-taken", "someone here has that name");
    else
        return false;
    return true;
}

bool
fulcra__topic_names_add(FulcraTopicNames *self, FulcraSocket *socket,
        const char *name, GError **error)
{
    char *own;

    if (refuse(self, socket, name, error))
        return false;
    if (self->taken == NULL) {
        self->taken = g_hash_table_new(g_str_hash, g_str_equal);
        self->by_socket = g_hash_table_new_full(
                NULL, NULL, (GDestroyNotify)fulcra_socket_unref, g_free);
    }
    own = g_strdup(name);
    g_hash_table_add(self->taken, own);
    g_hash_table_insert(self->by_socket, fulcra_socket_ref(socket), own);
    return true;
}

char *
fulcra__topic_names_remove(FulcraTopicNames *self, FulcraSocket *socket)
{
    char *name = g_strdup(fulcra__topic_names_find(self, socket));

    if (name == NULL)
        return NULL;
    g_hash_table_remove(self->taken, name);
    g_hash_table_remove(self->by_socket, socket);
    return name;
}

const char *
fulcra__topic_names_find(FulcraTopicNames *self, FulcraSocket *socket)
{
    return self->by_socket != NULL
                   ? g_hash_table_lookup(self->by_socket, socket)
                   : NULL;
}

GVariant *
fulcra__topic_names_list(FulcraTopicNames *self)
{
    GVariantBuilder list;
    GHashTableIter all;
    void *name;

    g_variant_builder_init(&list, G_VARIANT_TYPE_STRING_ARRAY);
    if (self->taken != NULL) {
        g_hash_table_iter_init(&all, self->taken);
        while (g_hash_table_iter_next(&all, &name, NULL))
            g_variant_builder_add(&list, "s", name);
    }
    return g_variant_builder_end(&list);
}
