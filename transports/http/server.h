/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The HTTP server: listeners, and one libmicrohttpd daemon in each loop
 *
 * A request that comes in by a listener is resolved in that listener's front
 * space, under a context of its own: httpRequest:/ and httpResponse:/.
 */

#include "http/form.h"
#include "http/origin.h"
#include "loop/loop.h"

G_BEGIN_DECLS

typedef struct _FulcraHttpServer FulcraHttpServer;

typedef struct {
    const char *address; /* numeric, or "localhost" */
    uint16_t port;       /* 0: the system picks one */
    const char *front;   /* URI of the space in which requests are resolved */
    const char *path;    /* (nullable): a UNIX socket instead, for its owner and
                            root alone */
    const char *scheme;  /* (nullable): of what paths stand for, not "res" */
    FulcraContext *context; /* (nullable) (transfer none): in the scope of every
                               request; must outlive the server */
    int fd;                 /* (transfer full): it listens already; 0: none */
} FulcraHttpListener;

typedef struct {
    size_t body;              /* bytes of a request body */
    size_t connection_memory; /* bytes for the head and buffers of one; at most
                                 64 KiB */
    unsigned connection_seconds; /* of silence before it is closed */
    unsigned connections;        /* 0: as many as descriptors allow */
    unsigned per_address;        /* connections; loopback is unlimited */
    unsigned exchange_ms;        /* an answer must have come by then */
    unsigned request_seconds;  /* in which a whole request must have come, from
                                  the end of the one before; 0: 60 */
    unsigned fields;           /* header fields of a request: 431 above */
    unsigned cookies;          /* likewise */
    FulcraHttpFormLimits form; /* of a body, its `fields` also of a query */
} FulcraHttpLimits;

#define FULCRA_HTTP_LIMITS_DEFAULT                                             \
    {                                                                          \
        1024 * 1024, 32 * 1024, 30, 0, 1024, 60000, 0, 100, 100,               \
                FULCRA_HTTP_FORM_LIMITS_DEFAULT                                \
    }

typedef struct {
    FulcraHttpLimits limits;
    FulcraHttpOriginPolicy origin; /* what it points to must stay alive */
    bool playground;               /* error pages show what there is to know */
    const char *server; /* (nullable): the Server header of answers */
} FulcraHttpOptions;

/**
 * fulcra_http_server_new:
 * @loops: (array length=n_loops) (transfer none): not started yet; they must
 *     outlive the server
 *
 * Binds the listeners; nothing is accepted before fulcra_http_server_start().
 *
 * Returns: (transfer full) (nullable): NULL where an address cannot be bound;
 * the message says which, and what could be typed instead
 */
FulcraHttpServer *fulcra_http_server_new(FulcraKernel *kernel,
        FulcraLoop *const *loops, size_t n_loops,
        const FulcraHttpListener *listeners, size_t n_listeners,
        const FulcraHttpOptions *options, GError **error);

/** Accepts from now on. The loops run. */
void fulcra_http_server_start(FulcraHttpServer *self);

/**
 * fulcra_http_server_stop:
 *
 * Stops accepting, gives what was asked two seconds to be answered (503 after
 * that), closes all connections. Waits for it; any thread but a loop's. The
 * loops must still run.
 */
void fulcra_http_server_stop(FulcraHttpServer *self);

/** After its loops were stopped, or when it was never started. */
void fulcra_http_server_free(FulcraHttpServer *self);

/** How many listeners there are. */
size_t fulcra_http_server_get_n_listeners(FulcraHttpServer *self);

/** The port that the listener @index is bound to. */
uint16_t fulcra_http_server_get_port(FulcraHttpServer *self, size_t index);

/** "http://127.0.0.1:8080"; of a UNIX socket its path. (transfer full) */
char *fulcra_http_server_get_url(FulcraHttpServer *self, size_t index);

/* --- while it runs; the control thread --- */

typedef struct _FulcraHttpRebind FulcraHttpRebind;

/**
 * fulcra_http_server_prepare:
 *
 * Binds those of @listeners that are not there already; they do not accept
 * yet. Those with the same address and port, or path, stay as they are.
 *
 * Returns: (transfer full) (nullable): for one of the calls below; NULL where
 * one cannot be bound
 */
FulcraHttpRebind *fulcra_http_server_prepare(FulcraHttpServer *self,
        const FulcraHttpListener *listeners, size_t n_listeners,
        GError **error);

/** Accepts by what was prepared, and closes listeners that are not among it;
 * connections that came by them go on. The loops run. */
void fulcra_http_rebind_commit(FulcraHttpRebind *self /* (transfer full) */);

/** Nothing has changed. @self: (transfer full) (nullable) */
void fulcra_http_rebind_abort(FulcraHttpRebind *self);

/** For requests and connections to come. `connection_memory` and
 * `connection_seconds` stay. @options: copied; what it points to must stay
 * alive as long as @self */
void fulcra_http_server_set_options(
        FulcraHttpServer *self, const FulcraHttpOptions *options);

G_END_DECLS
