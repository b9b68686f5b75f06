/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The acceptor: listening sockets, and who may connect
 *
 * All listeners are accepted by the first loop; connections are dealt to the
 * loops in turn. Limits are counted here, before libmicrohttpd sees anything.
 */

#include "http/server.h"

#include <netinet/in.h>
#include <sys/socket.h>

G_BEGIN_DECLS

typedef struct _FulcraHttpAcceptor FulcraHttpAcceptor;

/* One connection, from the accept to the close of libmicrohttpd's side. */
typedef struct {
    FulcraTask task;      /* brings it to its loop */
    FulcraTimer deadline; /* its loop's: to have received the next request */
    FulcraHttpAcceptor *acceptor;
    void *to; /* what the loop that it was dealt to knows it by */
    int fd;
    const char *front, *scheme; /* of its listener, interned */
    FulcraContext *layer;       /* (nullable): likewise */
    socklen_t n_address;
    struct sockaddr_storage address;
    char remote_host[INET6_ADDRSTRLEN];
} FulcraHttpPeer;

/** Ends the counting of @self; any thread. Does not close fd. */
void fulcra__http_peer_free(FulcraHttpPeer *self);

/**
 * fulcra__http_acceptor_new:
 * @loop: accepts
 * @deal: called on @loop with each connection, (transfer full)
 *
 * Returns: (transfer full) (nullable): NULL where a listener cannot be bound
 */
FulcraHttpAcceptor *fulcra__http_acceptor_new(FulcraLoop *loop,
        const FulcraHttpListener *listeners, size_t n_listeners,
        const FulcraHttpLimits *limits,
        void (*deal)(FulcraHttpPeer *peer, void *user_data), void *user_data,
        GError **error);

/** On the loop. */
void fulcra__http_acceptor_start(FulcraHttpAcceptor *self);

/** On the loop: accepts no more and closes the listening sockets. */
void fulcra__http_acceptor_stop(FulcraHttpAcceptor *self);

/** When all its peers have been freed. */
void fulcra__http_acceptor_free(FulcraHttpAcceptor *self);

/* --- the control thread --- */

size_t fulcra__http_acceptor_get_n(FulcraHttpAcceptor *self);
uint16_t fulcra__http_acceptor_get_port(FulcraHttpAcceptor *self, size_t index);

/** (transfer full) */
char *fulcra__http_acceptor_get_url(FulcraHttpAcceptor *self, size_t index);

/** See fulcra_http_server_prepare(). */
FulcraHttpRebind *fulcra__http_acceptor_prepare(FulcraHttpAcceptor *self,
        const FulcraHttpListener *listeners, size_t n_listeners,
        GError **error);

/** How many may connect from now on. Any thread. */
void fulcra__http_acceptor_set_limits(
        FulcraHttpAcceptor *self, const FulcraHttpLimits *limits);

G_END_DECLS
