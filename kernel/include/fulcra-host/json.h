/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Documents: strict JSON with positions
 *
 * What people write by hand, module.json and fulcra.json, is read as RFC 8259
 * has it and no other way: no comments, no single quotes, no key twice. Every
 * value knows the line and the column that it came from, so that whatever is
 * found wrong with it later can be shown where it stands:
 *
 *     FILE:LINE:COLUMN: what is wrong; what would be right
 *
 * Lines and columns count from 1; a column is a character, not a byte.
 */

#include <fulcra/types.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef struct _FulcraDocument FulcraDocument;
typedef struct _FulcraProblems FulcraProblems;

#define FULCRA_JSON_MAX_SIZE   (10u << 20) /* bytes of a document */
#define FULCRA_JSON_MAX_TEXT   (64u << 10) /* bytes of one key or text */
#define FULCRA_JSON_MAX_DEPTH  64u         /* of values in values */
#define FULCRA_JSON_MAX_VALUES 100000u     /* in a document */

/**
 * fulcra_host_document_new:
 * @file: its name in messages
 * @text: @length bytes, copied
 *
 * Returns: (transfer full) (nullable): NULL with FULCRA_ERROR_BAD_ARGUMENT, or
 * FULCRA_ERROR_TOO_LARGE where a limit was met; the message has the position
 */
FulcraDocument *fulcra_host_document_new(
        const char *file, const char *text, size_t length, GError **error);

/** As fulcra_host_document_new(), from the file; a missing one is
 * FULCRA_ERROR_NOT_FOUND. */
FulcraDocument *fulcra_host_document_load(const char *file, GError **error);

FulcraDocument *fulcra_host_document_ref(FulcraDocument *self);
void fulcra_host_document_unref(FulcraDocument *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraDocument, fulcra_host_document_unref)

const char *fulcra_host_document_get_file(FulcraDocument *self);

/** (transfer none): never changed; as long as @self. */
JsonNode *fulcra_host_document_get_root(FulcraDocument *self);

/** A position in a document. */
typedef struct {
    unsigned line, column;
} FulcraPosition;

/** Where the value @node of @self begins. */
FulcraPosition fulcra_host_document_get_value(
        FulcraDocument *self, JsonNode *node);

/** Where the key of the member whose value is @node begins. */
FulcraPosition fulcra_host_document_get_key(
        FulcraDocument *self, JsonNode *node);

/** Where the byte @offset of the text value @node was written: escapes in
 * front of it are counted as they stand in the file. */
FulcraPosition fulcra_host_document_get_within(
        FulcraDocument *self, JsonNode *node, size_t offset);

/* --- problems: what was found wrong, all of it, in the order of the file ---
 */

/** Keeps the first FULCRA_PROBLEMS_MAX and counts the others. */
#define FULCRA_PROBLEMS_MAX 50u

FulcraProblems *fulcra_host_problems_new(void);
void fulcra_host_problems_free(FulcraProblems *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraProblems, fulcra_host_problems_free)

/** Adds "FILE:LINE:COLUMN: message" for @position in @document. */
void fulcra_host_problems_add(FulcraProblems *self, FulcraDocument *document,
        FulcraPosition position, const char *format, ...) FULCRA_PRINTF(4, 5);

/** The same, for functions that take a format themselves. */
void fulcra_host_problems_addv(FulcraProblems *self, FulcraDocument *document,
        FulcraPosition position, const char *format, va_list arguments)
        FULCRA_PRINTF(4, 0);

/** Adds what a parser of the kernel said about the text value @node, a @what:
 * where it says "character N: ...", that is the place. */
void fulcra_host_problems_add_syntax(FulcraProblems *self,
        FulcraDocument *document, JsonNode *node, const char *what,
        const GError *error);

/** Adds a problem that has no place in a document. @error: (transfer full) */
void fulcra_host_problems_take_error(FulcraProblems *self, GError *error);

size_t fulcra_host_problems_count(FulcraProblems *self);

/**
 * fulcra_host_problems_to_text:
 *
 * Returns: (transfer full): a line for each problem, without a newline at the
 * end, sorted by file and position
 */
char *fulcra_host_problems_to_text(FulcraProblems *self);

/** Whether there are none; otherwise sets @error, FULCRA_ERROR_MODULE, to what
 * fulcra_host_problems_to_text() gives. */
bool fulcra_host_problems_none(FulcraProblems *self, GError **error);

/* --- values, after a schema has checked that they are what they should be ---
 */

/* Each gives the value of the member @key of @object, or @fallback where there
 * is no such member. (transfer none) */
const char *fulcra_host_json_get_text(
        JsonObject *object, const char *key, const char *fallback);
int64_t fulcra_host_json_get_int(
        JsonObject *object, const char *key, int64_t fallback);
bool fulcra_host_json_get_bool(
        JsonObject *object, const char *key, bool fallback);

/** In milliseconds, of a text such as "500ms". */
int64_t fulcra_host_json_get_duration(
        JsonObject *object, const char *key, int64_t fallback);

/** In bytes, of a text such as "64KiB". */
int64_t fulcra_host_json_get_size(
        JsonObject *object, const char *key, int64_t fallback);

/** "0", "500ms", "2s", "5m", "1h", "7d": a whole number and a unit. Fails with
 * FULCRA_ERROR_BAD_ARGUMENT. */
bool fulcra_host_parse_duration(
        const char *text, int64_t *milliseconds, GError **error);

/** "0", "512B", "64KiB", "1MiB", "2GiB": a whole number and a unit. */
bool fulcra_host_parse_size(const char *text, int64_t *bytes, GError **error);

G_END_DECLS
