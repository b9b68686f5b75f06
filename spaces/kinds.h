/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Kinds of entry that the spaces of a definition may have; see FulcraKind.
 */

#include <fulcra-host/loader.h>

G_BEGIN_DECLS

/** Those that need no user_data; ends with NULL. */
extern const FulcraKind *const fulcra_space_kinds[];

/*
 * { "fileset": { "grammar": "res:/shop/{path*}", "root": "www" } }
 * { "fileset": { "regex": "res:/(?<path>[a-z]+\\.css)", "root": "css" }
 * }
 *
 * Answers SOURCE and EXISTS with the files below a folder of the module. Where
 * the grammar ends with "/{path*}", the path without its slash is answered too,
 * by a redirect.
 */
extern const FulcraKind fulcra_kind_fileset;

/*
 * { "gatekeeper": { "rules": [ ... ], "space": [ ... ] } }
 *
 * Decides by rules, or asks a resource, whether a request may go in.
 */
extern const FulcraKind fulcra_kind_gatekeeper;

/*
 * { "session": { "cookie": "shop", "path": "/shop", "space": [ ... ] } }
 *
 * Gives what it wraps session:/..., one for each client. Its user_data is a
 * FulcraTicker (spaces/ticker.h), NULL where definitions are only checked.
 */
extern const FulcraKind fulcra_kind_session;

/*
 * { "throttle": { "concurrency": 2, "queue": 500, "space": [...] } }
 *
 * At most so many requests inside, at most so many waiting, in order; any more
 * fail as overloaded.
 */
extern const FulcraKind fulcra_kind_throttle;

/*
 * { "latest": { "key": "session:/user", "space": [...] } }
 *
 * One request inside, one waiting; a newer one takes the place of the one that
 * waits, which fails as overloaded. For each identifier, or each value of the
 * key.
 */
extern const FulcraKind fulcra_kind_latest;

/*
 * { "log": { "format": "combined", "file": "access.log", "space": [...] } }
 *
 * A line for each HTTP request, and for each WebSocket that opens, closes or
 * sends a message that fails.
 */
extern const FulcraKind fulcra_kind_log;

/*
 * { "cors": { "origins": ["https://a.example"], "space": [...] } }
 *
 * Lets pages of other origins read answers.
 */
extern const FulcraKind fulcra_kind_cors;
/* { "literal": { "grammar": "res:/motd", "text": "Hello" } } */
extern const FulcraKind fulcra_kind_literal;

/*
 * { "chain": { "grammar": "res:/board", "operand": "res:/prices",
 *              "steps": [ { "name": "top", "request": "active:top" },
 *                         { "type": "text/html" } ] } }
 */
extern const FulcraKind fulcra_kind_chain;

/*
 * { "messages": { "grammar": "ws:/chat", "types": {
 *       "say": { "fields": { "text": { "max": 2000 } },
 *                "request": "active:chat", "primary": "text" } } } }
 */
extern const FulcraKind fulcra_kind_messages;

/* { "limiter": { "grammar": "res:/etc/{rest*}" } }: looked for no further */
extern const FulcraKind fulcra_kind_limiter;

/*
 * { "mapper": { "map": [ { "grammar": "res:/a/{x}",
 *                          "request": "active:b+x@{x}" } ],
 *               "space": [ ... ] } }
 */
extern const FulcraKind fulcra_kind_mapper;

/* { "pluggable": { "pre": "active:check", "post": ..., "exception": ...,
 *                  "space": [ ... ] } } */
extern const FulcraKind fulcra_kind_pluggable;

/* { "errors": { "not-found": "res:/lost.html", "default": ...,
 *               "space": [ ... ] } } */
extern const FulcraKind fulcra_kind_errors;

/*
 * { "overlays": { "chain": [ { "name": "log", "overlay": { ... } }, ... ],
 *                 "targets": { "endpoint-id": [ "log" ] },
 *                 "space": [ ... ] } }
 */
extern const FulcraKind fulcra_kind_overlays;

/**
 * fulcra_media_type_of:
 * @file: a file's name
 *
 * Returns: (transfer none): the media type that its name stands for,
 * application/octet-stream where that is not known
 */
const char *fulcra_media_type_of(const char *file);

G_END_DECLS
