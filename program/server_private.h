/* SPDX-License-Identifier: MIT */
#pragma once

/* The server, for the admin plane that looks into it and changes it. */

#include "control.h"
#include "http/server.h"
#include "server.h"
#include "service.h"
#include "spaces/ticker.h"
#include "traces.h"
#include "watcher.h"
#include "websocket/websockets.h"
#include <fulcra-host/loader.h>

/* FileDescriptorName= of sockets for /metrics and /health. */
#define NAME_MONITOR "monitor"

typedef struct _FulcraAdmin FulcraAdmin;
typedef struct _FulcraExplorer FulcraExplorer;

typedef enum {
    FULCRA_SERVER_STARTS,
    FULCRA_SERVER_READY,
    FULCRA_SERVER_DRAINS, /* no new sockets; those that are there are closed */
    FULCRA_SERVER_STOPS,
} FulcraServerState;

struct _FulcraServer {
    const FulcraSettings *settings; /* in force */
    GPtrArray *all_settings; /* of FulcraSettings: that came by reloading */
    FulcraSettingsLoad load;
    void *load_data;
    FulcraControl *control;
    bool playground;
    _Atomic(FulcraServerState) state; /* set by the control thread */
    int64_t started_us;               /* g_get_real_time() */
    int64_t up_since_us;              /* g_get_monotonic_time() */
    FulcraKernel *kernel;
    GPtrArray *loops; /* of FulcraLoop */
    bool loops_run;
    FulcraWebSockets *sockets; /* (nullable), as all below */
    FulcraHttpServer *http;
    bool http_runs;
    FulcraServiceSocket *handed_over; /* (nullable): fd is -1 once taken */
    size_t n_handed_over;
    bool admin_activated; /* the admin plane's were handed over */
    bool activated; /* listeners were handed over by the service manager */
    FulcraTicker *ticker;
    FulcraLoader *loader;
    FulcraTraces *traces;
    FulcraExplorer *explorer; /* (nullable) */
    /* Those of our own pages; NULL-terminated. Filled in before it starts. */
    const char *own_origins[2];
    FulcraWatcher *watcher;
    FulcraAdmin *admin;
};

/** Binds the listeners that the settings name, closes others. False where one
 * cannot be bound; nothing has changed then. */
bool fulcra_server_rebind(FulcraServer *self, GError **error);
