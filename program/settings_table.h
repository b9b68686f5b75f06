/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The table of settings
 *
 * X(prefix, enumerator, TYPE, key, default, least, most, choices, option,
 *   commands, metavar, help)
 *
 * TYPE is one of FULCRA_SCHEMA_*. Bounds of a DURATION are in milliseconds, of
 * a SIZE in bytes; none where both are 0. The option of a row without a metavar
 * is a flag.
 */

/* Which commands take a setting's option. */
#define FULCRA_FOR_NONE    0u
#define FULCRA_FOR_SERVE   (1u << 0)
#define FULCRA_FOR_REQUEST (1u << 1)
#define FULCRA_FOR_BOTH    (FULCRA_FOR_SERVE | FULCRA_FOR_REQUEST)

#define FULCRA_SETTING_HOUR INT64_C(3600000)
#define FULCRA_SETTING_MIB  (INT64_C(1) << 20)
#define FULCRA_SETTING_GIB  (INT64_C(1) << 30)

/* clang-format off */
#define FULCRA_SETTINGS_SERVER(X)                                              \
    X("", LISTEN, TEXTS, "listen", "127.0.0.1:8080", 0, 0, NULL,               \
      "listen", FULCRA_FOR_SERVE, "ADDRESS:PORT",                              \
      "where to answer HTTP and WebSockets, several are allowed; port 0 "      \
      "picks a free one")                                                      \
    X("", MODULES, TEXTS, "modules", "", 0, 0, NULL,                           \
      "modules", FULCRA_FOR_BOTH, "DIR",                                       \
      "a module's folder or a folder of such, several are allowed; in a "      \
      "file, relative to the file")                                            \
    X("", WATCH, TEXTS, "watch", "", 0, 0, NULL,                               \
      "watch", FULCRA_FOR_SERVE, "DIR",                                        \
      "as modules, and watched: modules are loaded, replaced and unloaded "    \
      "as their files come, change and go")                                    \
    X("", PLAYGROUND, BOOL, "playground", "false", 0, 0, NULL,                 \
      "playground", FULCRA_FOR_BOTH, NULL,                                     \
      "load the modules and demos that come with the server, and show "        \
      "clients what went wrong: for developing, never in public")              \
    X("", LOOPS, INT, "loops", "0", 0, 256, NULL,                              \
      "loops", FULCRA_FOR_SERVE, "N",                                          \
      "event loops, each a thread with its own sockets; 0: one for each "      \
      "processor")                                                             \
    X("", WORKERS, INT, "workers", "0", 0, 1024, NULL,                         \
      "workers", FULCRA_FOR_BOTH, "N",                                         \
      "threads that run endpoints; 0: one for each processor, at least 2")     \
    X("", ADMIN, TEXT, "admin", "auto", 0, 0, NULL,                            \
      "admin", FULCRA_FOR_SERVE, "PATH",                                       \
      "the UNIX socket of the admin plane; auto: fulcra.sock in "              \
      "$XDG_RUNTIME_DIR, if that is free; off: none")                          \
    X("", MONITOR, TEXTS, "monitor", "", 0, 0, NULL,                           \
      "monitor", FULCRA_FOR_SERVE, "ADDRESS:PORT",                             \
      "where to answer /metrics, /health/live and /health/ready by HTTP, "     \
      "to whoever reaches it; several are allowed")                            \
    X("", EXPLORER, TEXT, "explorer", "auto", 0, 0, NULL,                      \
      "explorer", FULCRA_FOR_SERVE, "ADDRESS:PORT",                            \
      "where to show the explorer, an address of loopback; auto: in a "        \
      "playground on a free port; off: nowhere")                               \
    X("", LOG_LEVEL, TEXT, "logLevel", "info", 0, 0, fulcra_log_levels,        \
      "log-level", FULCRA_FOR_BOTH, "error|warning|info|debug",                \
      "the least important lines that are still logged")

#define FULCRA_SETTINGS_KERNEL(X)                                              \
    X("kernel.", MAX_WORKERS, INT, "maxWorkers", "64", 2, 4096, NULL,          \
      NULL, FULCRA_FOR_NONE, "N",                                              \
      "threads in all, with replacements for those that wait")                 \
    X("kernel.", MAX_DEPTH, INT, "maxDepth", "64", 1, 1024, NULL,              \
      NULL, FULCRA_FOR_NONE, "N",                                              \
      "requests within requests")                                              \
    X("kernel.", TIMEOUT, DURATION, "timeout", "30s",                          \
      1, 24 * FULCRA_SETTING_HOUR, NULL, NULL, FULCRA_FOR_NONE, "TIME",        \
      "deadline of a request that comes from outside")                         \
    X("kernel.", MAX_QUEUE, INT, "maxQueue", "65536", 1, 16777216, NULL,       \
      NULL, FULCRA_FOR_NONE, "N",                                              \
      "requests that wait for a worker, or in one domain")                     \
    X("kernel.", CACHE, SIZE, "cache", "64MiB", 0, 64 * FULCRA_SETTING_GIB,    \
      NULL, NULL, FULCRA_FOR_NONE, "SIZE",                                     \
      "answers that are kept; 0: none")                                        \
    X("kernel.", TRACES, SIZE, "traces", "4MiB", 65536, FULCRA_SETTING_GIB,    \
      NULL, NULL, FULCRA_FOR_NONE, "SIZE",                                     \
      "traced requests that are kept, where somebody traces; the oldest go "   \
      "first")

#define FULCRA_SETTINGS_LOADER(X)                                              \
    X("loader.", PROBE_TIMEOUT, DURATION, "probeTimeout", "10s",               \
      1, FULCRA_SETTING_HOUR, NULL, NULL, FULCRA_FOR_NONE, "TIME",             \
      "in which a child process must have loaded the code of modules")         \
    X("loader.", START_TIMEOUT, DURATION, "startTimeout", "10s",               \
      1, FULCRA_SETTING_HOUR, NULL, NULL, FULCRA_FOR_NONE, "TIME",             \
      "in which a module's code must have been loaded, and have started")      \
    X("loader.", HOLD_TIMEOUT, DURATION, "holdTimeout", "5s",                  \
      1, FULCRA_SETTING_HOUR, NULL, NULL, FULCRA_FOR_NONE, "TIME",             \
      "in which requests to a module must have ended that hands its state "    \
      "over; others to it wait meanwhile")                                     \
    X("loader.", CLOSE_TIMEOUT, DURATION, "closeTimeout", "5s",                \
      1, FULCRA_SETTING_HOUR, NULL, NULL, FULCRA_FOR_NONE, "TIME",             \
      "in which sockets are told that nothing answers them any more")

#define FULCRA_SETTINGS_HTTP(X)                                                \
    X("http.", HTTP_MAX_BODY, SIZE, "maxBody", "1MiB",                         \
      1, FULCRA_SETTING_GIB, NULL, NULL, FULCRA_FOR_NONE, "SIZE",              \
      "the largest body of a request; 413 above")                              \
    X("http.", HTTP_MAX_HEADERS, INT, "maxHeaders", "100",                     \
      1, 1000, NULL, NULL, FULCRA_FOR_NONE, "N",                               \
      "header fields of a request; 431 above")                                 \
    X("http.", HTTP_MAX_COOKIES, INT, "maxCookies", "100",                     \
      1, 1000, NULL, NULL, FULCRA_FOR_NONE, "N",                               \
      "cookies of a request; 431 above")                                       \
    X("http.", HTTP_MAX_PARAMS, INT, "maxParams", "100",                       \
      1, 1000, NULL, NULL, FULCRA_FOR_NONE, "N",                               \
      "parameters of a query, and fields and files of a form; 400 or 413 "     \
      "above")                                                                 \
    X("http.", HTTP_MAX_PARAM, SIZE, "maxParam", "64KiB",                      \
      1, FULCRA_SETTING_GIB, NULL, NULL, FULCRA_FOR_NONE, "SIZE",              \
      "the value of one field of a form; for files maxBody is the limit")      \
    X("http.", HTTP_MAX_PARAM_NAME, SIZE, "maxParamName", "256B",              \
      1, 65536, NULL, NULL, FULCRA_FOR_NONE, "SIZE",                           \
      "the name of a field of a form")                                         \
    X("http.", HTTP_MAX_PART_HEAD, SIZE, "maxPartHead", "4KiB",                \
      64, 65536, NULL, NULL, FULCRA_FOR_NONE, "SIZE",                          \
      "what stands before the content of a part of multipart/form-data")       \
    X("http.", HTTP_CONNECTION_MEMORY, SIZE, "connectionMemory", "32KiB",      \
      4096, 65536, NULL, NULL, FULCRA_FOR_NONE, "SIZE",                        \
      "for the head and the buffers of a connection")                          \
    X("http.", HTTP_IDLE_TIMEOUT, DURATION, "idleTimeout", "30s",              \
      1000, FULCRA_SETTING_HOUR, NULL, NULL, FULCRA_FOR_NONE, "TIME",          \
      "of silence, after which a connection is closed")                        \
    X("http.", HTTP_ANSWER_TIMEOUT, DURATION, "answerTimeout", "60s",          \
      1, FULCRA_SETTING_HOUR, NULL, NULL, FULCRA_FOR_NONE, "TIME",             \
      "in which a request must be answered; 504 after")                        \
    X("http.", HTTP_MAX_CONNECTIONS, INT, "maxConnections", "0",               \
      0, 1048576, NULL, NULL, FULCRA_FOR_NONE, "N",                            \
      "connections at once; 0: as many as there are descriptors for")          \
    X("http.", HTTP_MAX_PER_ADDRESS, INT, "maxPerAddress", "1024",             \
      1, 1048576, NULL, NULL, FULCRA_FOR_NONE, "N",                            \
      "connections from one address; loopback has no limit")                   \
    X("http.", HTTP_ORIGIN, TEXTS, "origin", "same", 0, 0, NULL,               \
      NULL, FULCRA_FOR_NONE, "ORIGIN",                                         \
      "whose pages may open WebSockets and change things: same (the "          \
      "server's own), any, or a list such as https://example.org besides "     \
      "the server's own")                                                      \
    X("http.", HTTP_REQUIRE_ORIGIN, BOOL, "requireOrigin", "false", 0, 0,      \
      NULL, NULL, FULCRA_FOR_NONE, NULL,                                       \
      "refuse clients that do not say an origin: those that are no browsers")  \
    X("http.", HTTP_SERVER, TEXT, "server", "Fulcra", 0, 0, NULL,              \
      NULL, FULCRA_FOR_NONE, "TEXT",                                           \
      "the Server header; empty: none")

#define FULCRA_SETTINGS_WEBSOCKET(X)                                           \
    X("websocket.", WS_MAX_MESSAGE, SIZE, "maxMessage", "64KiB",               \
      1, FULCRA_SETTING_GIB, NULL,                                             \
      NULL, FULCRA_FOR_NONE, "SIZE",                                           \
      "the largest message from a client; 1009 above")                         \
    X("websocket.", WS_MAX_QUEUE, INT, "maxQueue", "16",                       \
      1, 65536, NULL,                                                          \
      NULL, FULCRA_FOR_NONE, "N",                                              \
      "messages of one socket that wait to be handled; it is not "             \
      "read beyond")                                                           \
    X("websocket.", WS_MAX_OUTBOUND, SIZE, "maxOutbound", "1MiB",              \
      1024, FULCRA_SETTING_GIB, NULL,                                          \
      NULL, FULCRA_FOR_NONE, "SIZE",                                           \
      "what waits to be sent to one socket")                                   \
    X("websocket.", WS_SLOW, TEXT, "slow", "close",                            \
      0, 0, fulcra_slow_policies,                                              \
      NULL, FULCRA_FOR_NONE, "close|skip|latest",                              \
      "what becomes of a message for a socket that has reached "               \
      "maxOutbound: the socket is closed with 4008, the message "              \
      "is dropped, or those that wait are")                                    \
    X("websocket.", WS_MAX_SOCKETS, INT, "maxSockets", "65536",                \
      1, 16777216, NULL,                                                       \
      NULL, FULCRA_FOR_NONE, "N",                                              \
      "open at once, or fewer where descriptors are; 503 beyond")              \
    X("websocket.", WS_MAX_PER_ADDRESS, INT, "maxPerAddress", "1024",          \
      1, 16777216, NULL,                                                       \
      NULL, FULCRA_FOR_NONE, "N",                                              \
      "sockets from one address; loopback has no limit")                       \
    X("websocket.", WS_MAX_SUBSCRIPTIONS, INT, "maxSubscriptions", "256",      \
      1, 65536, NULL,                                                          \
      NULL, FULCRA_FOR_NONE, "N",                                              \
      "topics and resources that one socket follows")                          \
    X("websocket.", WS_MAX_RATE, INT, "maxRate", "0",                          \
      0, 1048576, NULL,                                                        \
      NULL, FULCRA_FOR_NONE, "N",                                              \
      "messages of one socket in a second; 0: no limit; 1008 "                 \
      "beyond")                                                                \
    X("websocket.", WS_CLOSE_ON_ERROR, BOOL, "closeOnError", "false",          \
      0, 0, NULL,                                                              \
      NULL, FULCRA_FOR_NONE, NULL,                                             \
      "close a socket with 1011 when a message of it fails")                   \
    X("websocket.", WS_HANDSHAKE_TIMEOUT, DURATION, "handshakeTimeout", "10s", \
      1, FULCRA_SETTING_HOUR, NULL,                                            \
      NULL, FULCRA_FOR_NONE, "TIME",                                           \
      "in which NEW must have been answered")                                  \
    X("websocket.", WS_PING_INTERVAL, DURATION, "pingInterval", "30s",         \
      10, FULCRA_SETTING_HOUR, NULL,                                           \
      NULL, FULCRA_FOR_NONE, "TIME",                                           \
      "of silence before a ping; as much again without an answer "             \
      "ends the socket")                                                       \
    X("websocket.", WS_CLOSE_TIMEOUT, DURATION, "closeTimeout", "5s",          \
      1, FULCRA_SETTING_HOUR, NULL,                                            \
      NULL, FULCRA_FOR_NONE, "TIME",                                           \
      "in which a client must answer a Close")                                 \
    X("websocket.", WS_STOP_TIMEOUT, DURATION, "stopTimeout", "5s",            \
      1, FULCRA_SETTING_HOUR, NULL,                                            \
      NULL, FULCRA_FOR_NONE, "TIME",                                           \
      "in which all sockets are closed, and their DELETEs run, "               \
      "when the server stops")                                                 \
    X("websocket.", WS_MAX_INBOUND_TOTAL, SIZE, "maxInboundTotal", "256MiB",   \
      FULCRA_SETTING_MIB, 1024 * FULCRA_SETTING_GIB, NULL,                     \
      NULL, FULCRA_FOR_NONE, "SIZE",                                           \
      "what waits to be handled, of all sockets; reading stops "               \
      "beyond")                                                                \
    X("websocket.", WS_MAX_OUTBOUND_TOTAL, SIZE, "maxOutboundTotal", "256MiB", \
      FULCRA_SETTING_MIB, 1024 * FULCRA_SETTING_GIB, NULL,                     \
      NULL, FULCRA_FOR_NONE, "SIZE",                                           \
      "what waits to be sent, of all sockets; the largest debtors "            \
      "are closed with 1013 beyond")                                           \
    X("websocket.", WS_COMPRESS, BOOL, "compress", "false", 0, 0, NULL,        \
      NULL, FULCRA_FOR_NONE, NULL,                                             \
      "agree to permessage-deflate with clients that offer it")                \
    X("websocket.", WS_COMPRESS_WINDOW, INT, "compressWindow", "12",           \
      9, 15, NULL,                                                             \
      NULL, FULCRA_FOR_NONE, "N",                                              \
      "bits of the window with which messages are compressed: 12 are 4 KiB")   \
    X("websocket.", WS_COMPRESS_FROM, SIZE, "compressFrom", "256B",            \
      0, FULCRA_SETTING_GIB, NULL,                                             \
      NULL, FULCRA_FOR_NONE, "SIZE",                                           \
      "the smallest message that is compressed")

#define FULCRA_SETTINGS_TABLE(X)                                               \
    FULCRA_SETTINGS_SERVER(X)                                                  \
    FULCRA_SETTINGS_KERNEL(X)                                                  \
    FULCRA_SETTINGS_LOADER(X)                                                  \
    FULCRA_SETTINGS_HTTP(X)                                                    \
    FULCRA_SETTINGS_WEBSOCKET(X)
/* clang-format on */

extern const char *const fulcra_log_levels[];
extern const char *const fulcra_slow_policies[];
