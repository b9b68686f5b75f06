/* SPDX-License-Identifier: MIT */
/*
 * room.c - who is here, what was said last, and the messages that tell of it
 *
 * A user is here once, however many sockets are open in that name. All sockets
 * are subscribed to one topic; one that closes has left it before its DELETE.
 */

#include "room.h"
#include <json-glib/json-glib.h>

#define LONGEST 2000 /* characters */

static FulcraTopic *room; /* all sockets are subscribed */
static GHashTable *users; /* FulcraSocket -> name */
static GPtrArray *recent; /* GVariant: what was said, oldest first */

void
room_open(void)
{
    room = fulcra_topic_new("members:room");
    users = g_hash_table_new_full(
            NULL, NULL, (GDestroyNotify)fulcra_socket_unref, g_free);
    recent = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
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

static void
tell_everyone(GVariant *message)
{
    g_autoptr(FulcraRepresentation) rendered = render(message);

    fulcra_topic_publish(room, rendered);
}

static bool
is_here(const char *user)
{
    GHashTableIter iter;
    void *name;

    g_hash_table_iter_init(&iter, users);
    while (g_hash_table_iter_next(&iter, NULL, &name))
        if (g_str_equal(name, user))
            return true;
    return false;
}

/* Each name once. */
static GVariant *
list_members(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTableIter iter;
    void *name;

    g_hash_table_iter_init(&iter, users);
    while (g_hash_table_iter_next(&iter, NULL, &name))
        g_hash_table_add(names, name);
    g_autofree void **all = g_hash_table_get_keys_as_array(names, NULL);
    return g_variant_new_strv((const char *const *)all, -1);
}

static GVariant *
list_recent(void)
{
    return g_variant_new_array(G_VARIANT_TYPE_VARDICT,
            (GVariant *const *)recent->pdata, recent->len);
}

void
room_enter(FulcraSocket *socket, const char *user)
{
    if (!is_here(user))
        tell_everyone(
                g_variant_new_parsed("{'type': <'join'>, 'name': <%s>}", user));
    g_hash_table_insert(users, fulcra_socket_ref(socket), g_strdup(user));
    tell(socket,
            g_variant_new_parsed("{'type': <'welcome'>, 'you': <%s>,"
                                 " 'members': <%@as>, 'recent': <%@aa{sv}>}",
                    user, list_members(), list_recent()));
    fulcra_topic_subscribe(room, socket, NULL);
}

void
room_leave(FulcraSocket *socket)
{
    g_autofree char *user = g_strdup(g_hash_table_lookup(users, socket));

    g_hash_table_remove(users, socket);
    if (user != NULL && !is_here(user))
        tell_everyone(g_variant_new_parsed(
                "{'type': <'leave'>, 'name': <%s>}", user));
}

void
room_say(FulcraSocket *socket, const char *text, size_t keep)
{
    const char *user = g_hash_table_lookup(users, socket);

    if (user == NULL)
        return;
    if (text == NULL || *text == '\0' || g_utf8_strlen(text, -1) > LONGEST) {
        tell(socket, g_variant_new_parsed("{'type': <'error'>, 'message': "
                                          "<'say something of 1 to 2000 "
                                          "characters'>}"));
        return;
    }
    g_autoptr(GVariant) said = g_variant_ref_sink(
            g_variant_new_parsed("{'type': <'say'>, 'from': <%s>,"
                                 " 'text': <%s>, 'at': <%x>}",
                    user, text, g_get_real_time() / 1000));
    g_ptr_array_add(recent, g_variant_ref(said));
    while (recent->len > keep)
        g_ptr_array_remove_index(recent, 0);
    tell_everyone(said);
}
