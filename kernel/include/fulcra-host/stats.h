/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Counters
 *
 * Every limit and every drop has a counter here; one table makes the enum, the
 * names and the help texts. Counters only grow, gauges move both ways.
 */

#include <fulcra-host/sync.h>
#include <stdint.h>

/* X(enumerator, name, help) */
#define FULCRA_STATS_TABLE(X)                                                  \
    X(REQUESTS, "requests", "root requests begun")                             \
    X(REQUESTS_FAILED, "requests_failed", "root requests that failed")         \
    X(TIMEOUTS, "timeouts", "requests whose deadline passed")                  \
    X(OVERLOADED, "overloaded", "requests refused because a queue was full")   \
    X(LATE_ANSWERS, "late_answers", "answers that nobody waited for any more") \
    X(WORKERS, "workers", "worker threads now")                                \
    X(WORKERS_WAITING, "workers_waiting", "workers that wait for an answer")   \
    X(HTTP_CONNECTIONS, "http_connections", "connections accepted")            \
    X(HTTP_REQUESTS, "http_requests", "HTTP requests")                         \
    X(HTTP_GUARDED, "http_guarded", "malformed heads refused by the guard")    \
    X(HTTP_TOO_LARGE, "http_too_large", "bodies over the limit")               \
    X(HTTP_TOO_MANY, "http_too_many",                                          \
            "requests with too many header fields, cookies or parameters")     \
    X(HTTP_FORMS_REFUSED, "http_forms_refused",                                \
            "bodies that are no proper form, or over a limit of forms")        \
    X(HTTP_TOO_SLOW, "http_too_slow",                                          \
            "connections closed: a request took too long to arrive")           \
    X(CONNECTIONS_REFUSED, "connections_refused", "over a connection limit")   \
    X(SOCKETS, "sockets", "WebSockets open now")                               \
    X(SOCKETS_OPENED, "sockets_opened", "handshakes answered with 101")        \
    X(SOCKETS_REFUSED, "sockets_refused", "handshakes refused")                \
    X(ORIGIN_REFUSED, "origin_refused", "requests from a foreign origin")      \
    X(NEWS, "news", "NEW requests that succeeded")                             \
    X(DELETES, "deletes", "DELETE requests issued")                            \
    X(MESSAGES_IN, "messages_in", "messages received")                         \
    X(FRAMES, "frames", "messages encoded, each once for all that it goes to") \
    X(MESSAGES_OUT, "messages_out", "messages handed to the system")           \
    X(MESSAGES_DROPPED, "messages_dropped",                                    \
            "not sent: the socket was too slow")                               \
    X(PUBLISHED, "published", "messages published to topics")                  \
    X(KEPT_FORGOTTEN, "kept_forgotten",                                        \
            "messages that topics kept, forgotten for their size")             \
    X(DELIVERED, "delivered", "messages of topics that sockets were given")    \
    X(BYTES_IN, "bytes_in", "bytes received on WebSockets")                    \
    X(BYTES_OUT, "bytes_out", "bytes sent on WebSockets")                      \
    X(READS_PAUSED, "reads_paused",                                            \
            "times a socket was not read: back-pressure")                      \
    X(CLOSED_TOO_SLOW, "closed_too_slow", "closed with 4008")                  \
    X(CLOSED_OVERLOADED, "closed_overloaded", "closed with 1013")              \
    X(CLOSED_PROTOCOL, "closed_protocol", "closed for a protocol violation")   \
    X(CLOSED_TOO_LARGE, "closed_too_large", "closed with 1009")                \
    X(CLOSED_IDLE, "closed_idle", "closed for silence")                        \
    X(SOCKETS_DEFLATE, "sockets_deflate",                                      \
            "handshakes in which permessage-deflate was agreed on")            \
    X(DEFLATED, "deflated",                                                    \
            "messages compressed, each once for all its sockets")              \
    X(DEFLATE_SAVED, "deflate_saved",                                          \
            "bytes not sent as they were compressed")                          \
    X(INFLATED, "inflated", "messages received that were compressed")          \
    X(INFLATE_REFUSED, "inflate_refused",                                      \
            "compressed messages that were no DEFLATE data, or too large")     \
    X(SINKS_FAILED, "sinks_failed", "messages whose SINK failed")              \
    X(CACHE_HITS, "cache_hits", "answers that were there already")             \
    X(CACHE_MISSES, "cache_misses",                                            \
            "requests that could be kept and were not there")                  \
    X(CACHE_SHARED, "cache_shared",                                            \
            "requests that took the answer of another's evaluation")           \
    X(CACHE_EXPIRED, "cache_expired", "entries found to have expired")         \
    X(CACHE_EVICTED, "cache_evicted", "entries that gave room to others")      \
    X(CACHE_TURNED_AWAY, "cache_turned_away",                                  \
            "answers not kept: there was no room, and nobody had asked "       \
            "before")                                                          \
    X(CACHE_ENTRIES, "cache_entries", "entries now")                           \
    X(CACHE_BYTES, "cache_bytes", "bytes of entries now")                      \
    X(RESOLUTIONS, "resolutions", "resolutions that threads remember now")     \
    X(RESOLUTIONS_MADE, "resolutions_made",                                    \
            "requests whose endpoint was looked for in the spaces")            \
    X(RESOLUTIONS_FOUND, "resolutions_found",                                  \
            "requests whose endpoint was remembered")                          \
    X(KEYS_CUT, "keys_cut", "expiry keys cut")                                 \
    X(LIVE_RESOURCES, "live_resources",                                        \
            "resources now that somebody follows, for each set of values")     \
    X(LIVE_EVALUATIONS, "live_evaluations",                                    \
            "times one was asked for again, because of a cut or its time")     \
    X(LIVE_FAILED, "live_failed", "times one began to fail")                   \
    X(LIVE_REGROUPED, "live_regrouped",                                        \
            "times the followers of one were no longer alike")                 \
    X(SUBSCRIPTIONS, "subscriptions", "of sockets, now")                       \
    X(SUBSCRIPTIONS_REFUSED, "subscriptions_refused",                          \
            "over the limit of a socket, or of what cannot be followed")       \
    X(SUBSCRIPTIONS_ENDED, "subscriptions_ended",                              \
            "because an overlay did not let them pass any more")               \
    X(SESSIONS, "sessions", "sessions live now")                               \
    X(SESSIONS_MADE, "sessions_made", "sessions begun, at logins too")         \
    X(SESSIONS_EVICTED, "sessions_evicted", "ended because of a limit")        \
    X(CSRF_REFUSED, "csrf_refused", "requests without their form's token")     \
    X(GATEKEEPER_REFUSED, "gatekeeper_refused", "requests turned away")        \
    X(TIMER_TICKS, "timer_ticks", "requests issued by timers")                 \
    X(TIMER_SKIPPED, "timer_skipped",                                          \
            "ticks left out: the last one still ran, or their time had "       \
            "passed")                                                          \
    X(THROTTLE_REFUSED, "throttle_refused",                                    \
            "requests refused: too many waited at a throttle")                 \
    X(THROTTLE_REPLACED, "throttle_replaced",                                  \
            "requests whose place a newer one took")                           \
    X(THROTTLE_LEFT, "throttle_left",                                          \
            "requests not wanted any more when their turn came")               \
    X(CORS_REFUSED, "cors_refused", "preflights from origins not admitted")    \
    X(ACCESS_LINES, "access_lines", "lines written by request logs")           \
    X(ACCESS_LINES_LOST, "access_lines_lost",                                  \
            "lines of request logs lost: writing was too slow, or failed")

typedef enum {
#define X(enumerator, name, help) FULCRA_STAT_##enumerator,
    FULCRA_STATS_TABLE(X)
#undef X
            FULCRA_N_STATS
} FulcraStat;

/* Those that move both ways; all others only grow. */
#define FULCRA_STATS_GAUGES(X)                                                 \
    X(WORKERS)                                                                 \
    X(WORKERS_WAITING)                                                         \
    X(SOCKETS)                                                                 \
    X(CACHE_ENTRIES)                                                           \
    X(CACHE_BYTES)                                                             \
    X(SESSIONS)

void fulcra_host_stats_add(FulcraStat stat, int64_t amount);
int64_t fulcra_host_stats_get(FulcraStat stat);
const char *fulcra_host_stats_name(FulcraStat stat);
const char *fulcra_host_stats_help(FulcraStat stat);
bool fulcra_host_stats_is_gauge(FulcraStat stat);
