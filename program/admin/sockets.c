/* SPDX-License-Identifier: MIT */

/* sockets.c - open WebSockets, and closing one */

#include "admin_private.h"
#include "spaces/session_users.h"

#include <fulcra/socket.h>

#include <string.h>

#define LIMIT_DEFAULT 1000
#define LIMIT_MOST    1000000

/* --- listing --- */

typedef struct {
    JsonBuilder *builder;
    const char *path; /* (nullable): those of this path only */
    int64_t room, matching;
} List;

static void
put_socket(const FulcraSocketInfo *info, void *user_data)
{
    List *self = user_data;
    JsonBuilder *builder = self->builder;

    if (self->path != NULL && strcmp(self->path, info->path) != 0)
        return;
    self->matching++;
    if (self->room == 0)
        return;
    self->room--;
    g_autofree char *user = fulcra_session_find_user(info->socket);
    json_builder_begin_object(builder);
    fulcra_admin_put_text(builder, "id", info->id);
    fulcra_admin_put_text(builder, "path", info->path);
    fulcra_admin_put_text(builder, "user", user == NULL ? "" : user);
    fulcra_admin_put_text(builder, "address", info->address);
    fulcra_admin_put_text(builder, "state", info->state);
    fulcra_admin_put_int(builder, "loop", info->loop);
    fulcra_admin_put_int(builder, "age_ms", info->age_ms);
    fulcra_admin_put_int(builder, "silent_ms", info->silent_ms);
    fulcra_admin_put_int(builder, "waiting", info->waiting);
    fulcra_admin_put_bool(builder, "busy", info->busy);
    fulcra_admin_put_bool(builder, "paused", info->paused);
    fulcra_admin_put_int(
            builder, "outbound_bytes", (int64_t)info->outbound_bytes);
    json_builder_end_object(builder);
}

void
fulcra_admin_sockets(FulcraAdminCall *call)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    List list = { .path = fulcra_admin_call_get(call, "path") };

    if (!fulcra_admin_call_get_number(
                call, "limit", LIMIT_DEFAULT, LIMIT_MOST, &list.room))
        return;
    list.builder = fulcra_admin_builder_new();
    fulcra_admin_begin_list(list.builder, "sockets");
    size_t silent = fulcra_websockets_list(server->sockets, put_socket, &list);
    json_builder_end_array(list.builder);
    fulcra_admin_put_int(list.builder, "silent_loops", (int64_t)silent);
    fulcra_admin_put_int(list.builder, "matching", list.matching);
    fulcra_admin_call_respond(call, list.builder);
}

/* --- closing --- */

/* (transfer full) (nullable) */
static FulcraSocket *
find_socket(FulcraAdminCall *call, const char *id, GError **error)
{
    FulcraSocket *socket =
            fulcra_socket_find(fulcra_admin_call_get_request(call), id);

    if (socket == NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND,
                "no open socket has the id '%s'; 'fulcra socket list' has "
                "those that are open",
                id);
    return socket;
}

void
fulcra_admin_close_socket(FulcraAdminCall *call)
{
    const char *id = fulcra_admin_call_get(call, "id");
    const char *reason = fulcra_admin_call_get(call, "reason");
    GError *error = NULL;
    int64_t code;

    if (!fulcra_admin_call_get_number(
                call, "code", FULCRA_CLOSE_NORMAL, 4999, &code))
        return;
    g_autoptr(FulcraSocket) socket = find_socket(call, id, &error);
    if (socket == NULL ||
            !fulcra_socket_disconnect(socket, (unsigned)code, reason, &error)) {
        fulcra_admin_call_fail(call, error);
        return;
    }
    JsonBuilder *builder = fulcra_admin_builder_new();
    fulcra_admin_put_text(builder, "id", id);
    fulcra_admin_put_int(builder, "code", code);
    fulcra_admin_call_respond(call, builder);
}
