/* SPDX-License-Identifier: MIT */

/*
 * resources.c - the table of what admin:/ has
 *
 * GET asks for SOURCE, PUT for SINK, DELETE for DELETE. Names of members in
 * answers are kept once they are here; doc/guide/admin-plane.md has them.
 */

#include "admin_private.h"

#define LOOK   FULCRA_VERB_SOURCE
#define CHANGE FULCRA_VERB_SINK
#define END    FULCRA_VERB_DELETE

const FulcraAdminResource fulcra_admin_resources[] = {
    { "index", LOOK, "/", NULL, "what there is: this list",
            fulcra_admin_index },
    { "server", LOOK, "/server", NULL,
            "version, process, listeners, whether it is ready",
            fulcra_admin_server },
    { "settings", LOOK, "/settings", NULL,
            "every setting in force, and where its value comes from",
            fulcra_admin_settings },
    { "stats", LOOK, "/stats", NULL, "counters and gauges",
            fulcra_admin_stats },
    { "spaces", LOOK, "/spaces", "space",
            "published spaces with their entries; of `space` and what it "
            "imports, or all",
            fulcra_admin_spaces },
    { "resolve", LOOK, "/resolve", "identifier!,verb,space",
            "who would answer, and everybody who is asked on the way",
            fulcra_admin_resolve },
    { "request", CHANGE, "/request",
            "identifier!,verb,space,type,primary,trace",
            "issue a request, as if it came by HTTP", fulcra_admin_request },
    { "modules", LOOK, "/modules", NULL,
            "modules with their generations and their last failure",
            fulcra_admin_modules },
    { "module", LOOK, "/modules/{uri}", NULL, "one module",
            fulcra_admin_module },
    { "module load", CHANGE, "/modules", "folder!,force,preview",
            "load the module in a folder, or replace the one that it is",
            fulcra_admin_load_module, .logs = true },
    { "module reload", CHANGE, "/modules/{uri}", "force,preview",
            "load a module again, from the folder it came from",
            fulcra_admin_reload_module, .logs = true },
    { "module unload", END, "/modules/{uri}", "force,preview",
            "take a module away", fulcra_admin_unload_module, .logs = true },
    { "sockets", LOOK, "/sockets", "limit,path", "open WebSockets",
            fulcra_admin_sockets },
    { "socket close", END, "/sockets/{id}", "code,reason",
            "close a WebSocket; 1000 is the code by default",
            fulcra_admin_close_socket },
    { "topics", LOOK, "/topics", "limit",
            "topics by key: who is subscribed, what was published",
            fulcra_admin_topics },
    { "cache", LOOK, "/cache", NULL, "what the cache holds and how it did",
            fulcra_admin_cache },
    { "cache entries", LOOK, "/cache/entries", "match,limit",
            "answers that are kept, the largest first; of those whose "
            "identifier has `match` in it",
            fulcra_admin_cache_entries },
    { "cache expire", END, "/cache", "key!",
            "cut an expiry key, or a family of them: \"stock:*\"",
            fulcra_admin_expire },
    { "log", LOOK, "/log", "after,lines,level,wait",
            "the last lines of the log; of those after a number; with `wait`, "
            "in seconds, once there are any",
            fulcra_admin_log, .stays = true },
    { "drain", CHANGE, "/drain", "over",
            "take no new sockets, close those that are there with 1012 over "
            "that time, stop",
            fulcra_admin_drain },
    { "traces", LOOK, "/traces", "after,limit",
            "trees of requests that were traced, the newest `limit` of those "
            "after the number `after`",
            fulcra_admin_traces },
    { "trace", CHANGE, "/traces", "identifier,match,socket,failed",
            "trace requests that fit all that is given, from now on",
            fulcra_admin_trace },
    { "trace stop", END, "/traces", "forget",
            "trace no more; with `forget`, drop what was traced",
            fulcra_admin_stop_tracing },
    { "reload", CHANGE, "/configuration", NULL,
            "read the configuration again and take what is new",
            fulcra_admin_reload },
    { "unknown", LOOK, "/{path*}", NULL, NULL, fulcra_admin_unknown },
    { NULL },
};
