/* SPDX-License-Identifier: MIT */
/*
 * room.c - the members, the last words, and the messages that tell of them
 *
 * A message is rendered once, however many sockets it goes to: they share the
 * one representation, and with it the one WebSocket frame made from it.
 */

#include "room.h"
#include <json-glib/json-glib.h>

static GHashTable *names;   /* FulcraSocket -> name */
static GHashTable *sockets; /* name -> FulcraSocket */
static GPtrArray *recent;   /* GVariant: what was said, oldest first */

void
room_open(void)
{
    names = g_hash_table_new_full(
            NULL, NULL, (GDestroyNotify)fulcra_socket_unref, g_free);
    sockets = g_hash_table_new(g_str_hash, g_str_equal);
    recent = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
}

const char *
room_get_name(FulcraSocket *socket)
{
    return g_hash_table_lookup(names, socket);
}

bool
room_has_name(const char *name)
{
    return g_hash_table_contains(sockets, name);
}

static FulcraRepresentation *
render(GVariant *message)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(message);
    size_t length;
    char *json = json_gvariant_serialize_data(owned, &length);

    return fulcra_representation_new_take(
            FULCRA_TYPE_JSON_TEXT, json, length, g_free);
}

static void
tell(FulcraSocket *socket, GVariant *message)
{
    g_autoptr(FulcraRepresentation) rendered = render(message);

    fulcra_socket_send(socket, rendered, NULL);
}

/* A socket that has just closed answers "gone"; its DELETE is on the way. */
static void
tell_everyone(GVariant *message)
{
    g_autoptr(FulcraRepresentation) rendered = render(message);
    GHashTableIter iter;
    void *socket;

    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &socket, NULL))
        fulcra_socket_send(socket, rendered, NULL);
}

static GVariant *
list_members(void)
{
    g_autofree void **all = g_hash_table_get_keys_as_array(sockets, NULL);

    return g_variant_new_strv((const char *const *)all, -1);
}

static GVariant *
list_recent(void)
{
    return g_variant_new_array(G_VARIANT_TYPE_VARDICT,
            (GVariant *const *)recent->pdata, recent->len);
}

void
room_join(FulcraSocket *socket, const char *name)
{
    char *kept = g_strdup(name);

    tell_everyone(
            g_variant_new_parsed("{'type': <'join'>, 'name': <%s>}", name));
    g_hash_table_insert(names, fulcra_socket_ref(socket), kept);
    g_hash_table_insert(sockets, kept, socket);
    tell(socket,
            g_variant_new_parsed("{'type': <'welcome'>, 'you': <%s>,"
                                 " 'members': <%@as>, 'recent': <%@aa{sv}>}",
                    name, list_members(), list_recent()));
}

void
room_say(const char *name, const char *text, size_t keep)
{
    g_autoptr(GVariant) said = g_variant_ref_sink(
            g_variant_new_parsed("{'type': <'say'>, 'from': <%s>,"
                                 " 'text': <%s>, 'at': <%x>}",
                    name, text, g_get_real_time() / 1000));

    g_ptr_array_add(recent, g_variant_ref(said));
    while (recent->len > keep)
        g_ptr_array_remove_index(recent, 0);
    tell_everyone(said);
}

void
room_leave(FulcraSocket *socket)
{
    g_autofree char *name = g_strdup(room_get_name(socket));

    if (name == NULL)
        return;
    g_hash_table_remove(sockets, name);
    g_hash_table_remove(names, socket);
    tell_everyone(
            g_variant_new_parsed("{'type': <'leave'>, 'name': <%s>}", name));
}

void
room_refuse(FulcraSocket *socket, const char *code, const char *why)
{
    tell(socket, g_variant_new_parsed("{'type': <'error'>, 'code': <%s>,"
                                      " 'message': <%s>}",
                         code, why));
}

FulcraRepresentation *
room_source_members(FulcraRequest *request, GError **error)
{
    return render(g_variant_new_parsed("{'members': <%@as>}", list_members()));
}
