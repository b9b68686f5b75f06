/* SPDX-License-Identifier: MIT */

/*
 * socket.c - what modules call on sockets, passed to the transport that has
 * them
 */

#include "private/json.h"
#include "private/kernel.h"
#include <fulcra-host/request.h>
#include <fulcra-host/socket.h>
#include <fulcra/error.h>
#include <fulcra/representation.h>

void
fulcra_host_socket_init(FulcraSocket *self, const FulcraSocketOps *ops)
{
    self->ops = ops;
    fulcra_refs_init(&self->refs);
}

FulcraSocket *
fulcra_socket_ref(FulcraSocket *self)
{
    g_return_val_if_fail(self != NULL, NULL);
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra_socket_unref(FulcraSocket *self)
{
    if (self != NULL && fulcra_refs_drop(&self->refs))
        self->ops->free(self);
}

bool
fulcra_socket_send(
        FulcraSocket *self, FulcraRepresentation *message, GError **error)
{
    g_return_val_if_fail(self != NULL && message != NULL, false);
    return self->ops->send(self, message, error);
}

bool
fulcra_socket_send_json(
        FulcraSocket *self, GError **error, const char *format, ...)
{
    va_list arguments;

    g_return_val_if_fail(self != NULL && format != NULL, false);

    va_start(arguments, format);
    g_autoptr(GVariant) value = fulcra__json_build(format, &arguments);
    va_end(arguments);
    g_autoptr(FulcraRepresentation) message = fulcra__json_print(value);
    return fulcra_socket_send(self, message, error);
}

bool
fulcra_socket_disconnect(
        FulcraSocket *self, unsigned code, const char *reason, GError **error)
{
    g_return_val_if_fail(self != NULL, false);
    if (reason != NULL &&
            (strlen(reason) > 123 || !g_utf8_validate(reason, -1, NULL))) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "close reason is not UTF-8 of at most 123 bytes");
        return false;
    }
    return self->ops->disconnect(self, code, reason, error);
}

bool
fulcra_socket_subscribe(FulcraSocket *self, FulcraIdentifier *identifier,
        FulcraRepresentation *on_error, GError **error)
{
    g_return_val_if_fail(self != NULL && identifier != NULL, false);
    return self->ops->follow(self, identifier, on_error, error);
}

bool
fulcra_socket_unsubscribe(
        FulcraSocket *self, FulcraIdentifier *identifier, GError **error)
{
    g_return_val_if_fail(self != NULL && identifier != NULL, false);
    return self->ops->unfollow(self, identifier, error);
}

bool
fulcra_socket_is_open(FulcraSocket *self)
{
    g_return_val_if_fail(self != NULL, false);
    return self->ops->is_open(self);
}

char *
fulcra_socket_get_id(FulcraSocket *self)
{
    g_return_val_if_fail(self != NULL, NULL);
    return self->ops->get_id(self);
}

FulcraSocket *
fulcra_socket_find(FulcraRequest *request, const char *id)
{
    g_return_val_if_fail(request != NULL && id != NULL, NULL);

    FulcraKernel *kernel = fulcra_host_request_get_kernel(request);
    if (kernel->find_socket == NULL)
        return NULL;
    return kernel->find_socket(id, kernel->find_socket_data);
}

void
fulcra_host_kernel_set_socket_finder(FulcraKernel *kernel,
        FulcraSocket *(*find)(const char *id, void *user_data), void *user_data)
{
    kernel->find_socket = find;
    kernel->find_socket_data = user_data;
}

static void
socket_unbox(void *socket)
{
    fulcra_socket_unref(socket);
}

FulcraRepresentation *
fulcra_host_representation_new_socket(FulcraSocket *socket)
{
    return fulcra_representation_new_boxed(
            FULCRA_TYPE_SOCKET, fulcra_socket_ref(socket), socket_unbox);
}
