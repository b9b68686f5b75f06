/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Forms: what a page's form sent, as fields and uploaded files
 *
 * Made from text of application/x-www-form-urlencoded (a query is one, too) or
 * from a body of multipart/form-data, then immutable and safe from any thread.
 * Names and values are valid UTF-8 without NULs; a body that has others, or
 * that meets a limit, is refused as a whole.
 */

#include <fulcra/representation.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef struct _FulcraHttpForm FulcraHttpForm;

/* What a form may have: FULCRA_ERROR_TOO_LARGE beyond. */
typedef struct {
    unsigned fields;  /* files included */
    size_t value;     /* bytes of a field that is no file */
    size_t name;      /* bytes of a name */
    size_t part_head; /* bytes before the content of a part */
} FulcraHttpFormLimits;

#define FULCRA_HTTP_FORM_LIMITS_DEFAULT                                        \
    {                                                                          \
        100, 64 * 1024, 256, 4096                                              \
    }

/**
 * fulcra__http_form_new:
 * @type: the Content-Type of @body, parameters included; one of the two above
 *
 * Returns: (transfer full) (nullable): NULL with FULCRA_ERROR_BAD_ARGUMENT or
 * FULCRA_ERROR_TOO_LARGE
 */
FulcraHttpForm *fulcra__http_form_new(const char *type, const char *body,
        size_t length, const FulcraHttpFormLimits *limits, GError **error);

/** @limits: (nullable): none */
FulcraHttpForm *fulcra__http_form_new_urlencoded(const char *text,
        size_t length, const FulcraHttpFormLimits *limits, GError **error);

void fulcra__http_form_free(FulcraHttpForm *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraHttpForm, fulcra__http_form_free)

/** Whether a body of the Content-Type @type is a form. */
bool fulcra__http_form_is(const char *type);

/** The first value of the field @name. (transfer none) (nullable) */
const char *fulcra__http_form_find(
        const FulcraHttpForm *self, const char *name);

/**
 * fulcra__http_forms_to_json:
 * @body: (nullable): its fields stand in for those of @query that have the
 *     same name
 *
 * Returns: (transfer full): an object of strings; an array of strings, in the
 * order in which they came, where a name is repeated
 */
JsonNode *fulcra__http_forms_to_json(
        const FulcraHttpForm *query, const FulcraHttpForm *body);

/** The @index-th file that the field @name sent: its bytes, with the headers
 * `filename` and `content-type`. (transfer none) (nullable) */
FulcraRepresentation *fulcra__http_form_get_upload(
        const FulcraHttpForm *self, const char *name, uint64_t index);

/** An array of objects: name, filename, type, size. (transfer full) */
JsonNode *fulcra__http_form_uploads_to_json(const FulcraHttpForm *self);

/** A type of representation for a media type from outside: itself where it is
 * one of those known here, otherwise FULCRA_TYPE_BYTES. A static string. */
const char *fulcra__http_known_type(const char *media_type);

G_END_DECLS
