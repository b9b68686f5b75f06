/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Representations
 *
 * An immutable answer: a type, a payload, headers, an expiry. Never changed,
 * only expired; shared by reference between any number of requests, threads
 * and sockets. Forms that were converted from it (parsed JSON, an encoded
 * WebSocket frame) hang on it and are made once.
 *
 * The payload is either bytes, always followed by a NUL that its length does
 * not count, or a boxed pointer with its destroy function. A type is the name
 * of a media type or of an internal form.
 */

#include <fulcra/types.h>

G_BEGIN_DECLS

#define FULCRA_TYPE_TEXT       "text/plain"
#define FULCRA_TYPE_HTML       "text/html"
#define FULCRA_TYPE_JSON_TEXT  "application/json"
#define FULCRA_TYPE_BYTES      "application/octet-stream"
#define FULCRA_TYPE_JSON       "json"       /* boxed: a sealed JsonNode */
#define FULCRA_TYPE_BOOL       "bool"       /* bytes: "true" or "false" */
#define FULCRA_TYPE_INT        "int"        /* bytes: decimal, signed 64 bits */
#define FULCRA_TYPE_STRINGS    "strings"    /* boxed: a NULL-terminated array */
#define FULCRA_TYPE_SOCKET     "socket"     /* boxed: a FulcraSocket */
#define FULCRA_TYPE_IDENTIFIER "identifier" /* boxed: a FulcraIdentifier */
#define FULCRA_TYPE_NONE       "none"       /* no payload: SINK answers it */

/* Whatever is stated, an answer expires with the keys and checks that were
 * attached, and with what it was made from: see doc/guide/caching.md. */
typedef enum {
    FULCRA_EXPIRY_DEPENDENT, /* when something it was made from expires */
    FULCRA_EXPIRY_ALWAYS,    /* at once */
    FULCRA_EXPIRY_NEVER,     /* not by itself */
    FULCRA_EXPIRY_AT, /* at a time, or with its dependencies: what is first */
} FulcraExpiry;

/* Every maker returns (transfer full). */

/** Text of FULCRA_TYPE_TEXT; copied. */
FulcraRepresentation *fulcra_representation_new_text(const char *text);

/** Formatted text of @type. */
FulcraRepresentation *fulcra_representation_new_printf(
        const char *type, const char *format, ...) FULCRA_PRINTF(2, 3);

/** @length bytes of @type; copied. */
FulcraRepresentation *fulcra_representation_new_bytes(
        const char *type, const void *data, size_t length);

/**
 * fulcra_representation_new_take:
 * @data: (transfer full): @length bytes followed by a NUL
 * @destroy: (nullable): called with @data when the last reference goes
 */
FulcraRepresentation *fulcra_representation_new_take(
        const char *type, void *data, size_t length, GDestroyNotify destroy);

/** A pointer of a type of your own. @destroy may run on any thread. */
FulcraRepresentation *fulcra_representation_new_boxed(
        const char *type, void *pointer, GDestroyNotify destroy);

FulcraRepresentation *fulcra_representation_new_bool(bool value);
FulcraRepresentation *fulcra_representation_new_int(int64_t value);

/** @identifier: (transfer none). No bytes become one: whoever is handed it
 * knows that the server's code chose what it names. */
FulcraRepresentation *fulcra_representation_new_identifier(
        FulcraIdentifier *identifier);

/** @strings: (array zero-terminated=1): copied. */
FulcraRepresentation *fulcra_representation_new_strings(
        const char *const *strings);

/** @node: (transfer full): sealed by this call; FULCRA_TYPE_JSON. */
struct _JsonNode;
FulcraRepresentation *fulcra_representation_new_json(struct _JsonNode *node);

/**
 * fulcra_representation_new_json_printf:
 * @format: as g_variant_new_parsed() has it: { } is an object whose values
 *     stand in < >, [ ] a list; texts are UTF-8
 *
 *     fulcra_representation_new_json_printf(
 *             "{'type': <'say'>, 'text': <%s>, 'at': <%x>}", text, now)
 *
 * Text of FULCRA_TYPE_JSON_TEXT, whatever a text holds. A format that is wrong
 * ends the program.
 */
FulcraRepresentation *fulcra_representation_new_json_printf(
        const char *format, ...);

FulcraRepresentation *fulcra_representation_ref(FulcraRepresentation *self);
void fulcra_representation_unref(FulcraRepresentation *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraRepresentation, fulcra_representation_unref)

/** The type's name, interned. */
const char *fulcra_representation_get_type(FulcraRepresentation *self);
bool fulcra_representation_has_type(
        FulcraRepresentation *self, const char *type);

/**
 * fulcra_representation_get_bytes:
 * @length: (out) (optional): in bytes
 *
 * Returns: (transfer none) (nullable): the payload; NULL where it is boxed
 */
const void *fulcra_representation_get_bytes(
        FulcraRepresentation *self, size_t *length);

/** The payload as NUL-terminated text; NULL where it is boxed. May hold NULs
 * of its own if it came from outside: get_bytes() tells the true length. */
const char *fulcra_representation_get_text(FulcraRepresentation *self);

/* The value of a representation of the type named, which the caller has asked
 * for or checked; for any other type false, 0, NULL. (transfer none) */
bool fulcra_representation_get_bool(FulcraRepresentation *self);
int64_t fulcra_representation_get_int(FulcraRepresentation *self);
const char *const *fulcra_representation_get_strings(
        FulcraRepresentation *self);
struct _JsonNode *fulcra_representation_get_json(FulcraRepresentation *self);
void *fulcra_representation_get_boxed(
        FulcraRepresentation *self, const char *type);

/* Each takes @self (transfer full) and returns (transfer full) a
 * representation that differs in one thing: @self itself where nobody else
 * holds it, otherwise a new one that shares its payload. */
FulcraRepresentation *fulcra_representation_with_type(
        FulcraRepresentation *self, const char *type);

/** A value of NULL takes the header away. Names such as httpResponse:/code and
 * httpResponse:/header/NAME are applied when the answer leaves by HTTP. */
FulcraRepresentation *fulcra_representation_with_header(
        FulcraRepresentation *self, const char *name, const char *value);

/** @at: for FULCRA_EXPIRY_AT, microseconds as g_get_real_time() counts. */
FulcraRepresentation *fulcra_representation_with_expiry(
        FulcraRepresentation *self, FulcraExpiry expiry, int64_t at);

/** The value of the header @name; names compare without regard to case. */
const char *fulcra_representation_get_header(
        FulcraRepresentation *self, const char *name);

/** @at: (out) (optional): see fulcra_representation_with_expiry(). */
FulcraExpiry fulcra_representation_get_expiry(
        FulcraRepresentation *self, int64_t *at);

/**
 * fulcra_representation_with_whole:
 * @self: (transfer full): just made, of bytes that were copied or of a pointer
 *     that nothing destroys
 * @whole: what it is a part of, into which it may point
 *
 * Keeps @whole as long as there is @self, which came from outside if @whole
 * did. Returns: (transfer full): @self
 */
FulcraRepresentation *fulcra_representation_with_whole(
        FulcraRepresentation *self, FulcraRepresentation *whole);

/** Whether any of it came from a client: data that must not become code. */
bool fulcra_representation_is_from_outside(FulcraRepresentation *self);

G_END_DECLS
