/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of the admin plane share. */

#include "admin.h"
#include "call.h"
#include "program/control.h"
#include "program/server_private.h"

typedef struct _FulcraAdminFollow FulcraAdminFollow;

struct _FulcraAdmin {
    FulcraServer *server;
    FulcraControl *control;
    FulcraLoop *loop;
    bool loop_runs;
    FulcraContext *layer, *monitor_layer;
    FulcraHttpServer *http; /* (nullable): nothing to listen on */
    bool http_runs;
    char *path; /* (nullable): of the UNIX socket */
    size_t n_monitors;
    FulcraAdminFollow *follow;
    unsigned drain_source; /* a GLib source; 0: none */
    int64_t drained_by_us;
};

/* What an endpoint of admin:/ is made with. */
typedef struct {
    FulcraAdmin *admin;
    const FulcraAdminResource *resource;
} FulcraAdminEndpoint;

/** Binds SCHEME:/metrics and SCHEME:/health/..., answered at once on whatever
 * thread asks. */
void fulcra_admin_bind_monitor(
        FulcraSpace *space, const char *scheme, FulcraServer *server);

/* --- follow.c: calls that wait for lines of the log --- */

/** @loop: on which it does all */
FulcraAdminFollow *fulcra_admin_follow_new(FulcraLoop *loop);
/** Any thread. */
void fulcra_admin_follow_post(FulcraAdminFollow *self, FulcraTask *task);
/** Tells whoever follows that no lines will come; waits a moment for those who
 * are about to ask. Any thread but a loop's; the loop runs. */
void fulcra_admin_follow_stop(FulcraAdminFollow *self);
void fulcra_admin_follow_free(FulcraAdminFollow *self);

/** Binds admin:/live/... */
void fulcra_admin_bind_live(FulcraSpace *space);

/* --- resources: see resources.c --- */

void fulcra_admin_index(FulcraAdminCall *call);
void fulcra_admin_server(FulcraAdminCall *call);
void fulcra_admin_settings(FulcraAdminCall *call);
void fulcra_admin_stats(FulcraAdminCall *call);
void fulcra_admin_spaces(FulcraAdminCall *call);
void fulcra_admin_resolve(FulcraAdminCall *call);
void fulcra_admin_request(FulcraAdminCall *call);
void fulcra_admin_sockets(FulcraAdminCall *call);
void fulcra_admin_close_socket(FulcraAdminCall *call);
void fulcra_admin_topics(FulcraAdminCall *call);
void fulcra_admin_cache(FulcraAdminCall *call);
void fulcra_admin_cache_entries(FulcraAdminCall *call);
void fulcra_admin_expire(FulcraAdminCall *call);
void fulcra_admin_log(FulcraAdminCall *call);
void fulcra_admin_drain(FulcraAdminCall *call);
void fulcra_admin_traces(FulcraAdminCall *call);
void fulcra_admin_trace(FulcraAdminCall *call);
void fulcra_admin_stop_tracing(FulcraAdminCall *call);
void fulcra_admin_modules(FulcraAdminCall *call);
void fulcra_admin_module(FulcraAdminCall *call);
void fulcra_admin_load_module(FulcraAdminCall *call);
void fulcra_admin_reload_module(FulcraAdminCall *call);
void fulcra_admin_unload_module(FulcraAdminCall *call);
void fulcra_admin_reload(FulcraAdminCall *call);
void fulcra_admin_unknown(FulcraAdminCall *call);
