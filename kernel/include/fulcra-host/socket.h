/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Sockets, for the transport that has them
 *
 * <fulcra/socket.h> is answered by whatever transport registered here. The
 * handle is embedded in the transport's own struct.
 */

#include <fulcra-host/kernel.h>
#include <fulcra/socket.h>
#include <fulcra/topic.h>

G_BEGIN_DECLS

typedef struct {
    bool (*send)(
            FulcraSocket *self, FulcraRepresentation *message, GError **error);
    bool (*disconnect)(FulcraSocket *self, unsigned code, const char *reason,
            GError **error);
    bool (*is_open)(FulcraSocket *self);
    char *(*get_id)(FulcraSocket *self);
    bool (*subscribe)(FulcraSocket *self, FulcraTopic *topic, GError **error);
    void (*unsubscribe)(FulcraSocket *self, FulcraTopic *topic);
    bool (*follow)(FulcraSocket *self, FulcraIdentifier *identifier,
            FulcraRepresentation *on_error, GError **error);
    bool (*unfollow)(
            FulcraSocket *self, FulcraIdentifier *identifier, GError **error);
    void (*free)(FulcraSocket *self);
} FulcraSocketOps;

struct _FulcraSocket {
    const FulcraSocketOps *ops;
    FulcraRefs refs;
};

void fulcra_host_socket_init(FulcraSocket *self, const FulcraSocketOps *ops);

/** @find: (transfer full) (nullable): looks up a socket id; any thread */
void fulcra_host_kernel_set_socket_finder(FulcraKernel *kernel,
        FulcraSocket *(*find)(const char *id, void *user_data),
        void *user_data);

/** A representation of FULCRA_TYPE_SOCKET. (transfer full) */
FulcraRepresentation *fulcra_host_representation_new_socket(
        FulcraSocket *socket);

G_END_DECLS
