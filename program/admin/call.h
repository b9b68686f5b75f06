/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Calls: requests for resources of admin:/, as the control thread sees them
 *
 * A resource is a row of the table in resources.c. Its function is called on
 * the control thread, that of the log on a loop (follow.c), and answers by
 * exactly one call of fulcra_admin_call_respond() or fulcra_admin_call_fail(),
 * at once or later.
 */

#include <fulcra-host/request.h>
#include <fulcra/error.h>
#include <fulcra/representation.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef struct _FulcraAdmin FulcraAdmin;
typedef struct _FulcraAdminCall FulcraAdminCall;

typedef struct {
    const char *name;  /* in the log and in the index */
    FulcraVerb verb;   /* SOURCE changes nothing; others are logged */
    const char *path;  /* "/sockets/{id}" */
    const char *takes; /* (nullable): parameters of the query, with commas; a
                          required one ends with "!" */
    const char *help;
    void (*answer)(FulcraAdminCall *call);
    bool logs;  /* it says itself in the log what it changed */
    bool stays; /* it is answered on a loop, while the server stops as well */
} FulcraAdminResource;

/** Ends with one whose name is NULL. */
extern const FulcraAdminResource fulcra_admin_resources[];

/** The space that answers admin:/ by way of @admin. (transfer full) */
FulcraSpace *fulcra_admin_make_space(FulcraAdmin *admin);

FulcraAdmin *fulcra_admin_call_get_admin(FulcraAdminCall *self);

/** The request that is answered. (transfer none) */
FulcraRequest *fulcra_admin_call_get_request(FulcraAdminCall *self);

/** Who asks: "uid 1000 pid 4711". (transfer none) */
const char *fulcra_admin_call_get_who(FulcraAdminCall *self);

/** A parameter, or a slot of the path. (nullable) (transfer none) */
const char *fulcra_admin_call_get(FulcraAdminCall *self, const char *name);

/** Whether it was given and is not "false" or "0". */
bool fulcra_admin_call_get_bool(FulcraAdminCall *self, const char *name);

/** A whole number from 0; @fallback where it was not given. False, with the
 * call failed, for anything else. */
bool fulcra_admin_call_get_number(FulcraAdminCall *self, const char *name,
        int64_t fallback, int64_t most, int64_t *number);

/** The request that `identifier`, `verb` and `space` describe, not issued. A
 * path stands for res:. (transfer full) (nullable) */
FulcraRequest *fulcra_admin_call_make_root(
        FulcraAdminCall *self, GError **error);

/** Answers with what @builder has built. @builder: (transfer full) */
void fulcra_admin_call_respond(FulcraAdminCall *self, JsonBuilder *builder);

/** Answers with text of any type. @text: (transfer full) */
void fulcra_admin_call_respond_text(
        FulcraAdminCall *self, const char *type, char *text);

/** @error: (transfer full) */
void fulcra_admin_call_fail(FulcraAdminCall *self, GError *error);

/** Fails with FULCRA_ERROR_BAD_ARGUMENT. */
void fulcra_admin_call_refuse(FulcraAdminCall *self, const char *format, ...)
        FULCRA_PRINTF(2, 3);

/* --- building answers --- */

/** A builder in an object that has been begun. (transfer full) */
JsonBuilder *fulcra_admin_builder_new(void);

/* Members; a text that is NULL adds none. */
void fulcra_admin_put_text(
        JsonBuilder *builder, const char *name, const char *text);
void fulcra_admin_put_int(
        JsonBuilder *builder, const char *name, int64_t number);
void fulcra_admin_put_bool(JsonBuilder *builder, const char *name, bool value);
/** @us: as g_get_real_time() counts; 0 adds none. "2026-01-01T12:00:00Z" */
void fulcra_admin_put_time(JsonBuilder *builder, const char *name, int64_t us);
void fulcra_admin_begin_list(JsonBuilder *builder, const char *name);
void fulcra_admin_put_texts(
        JsonBuilder *builder, const char *name, const char *const *texts);
/** "depth", "verb", "identifier", "endpoint", "space", "cache", "error". */
void fulcra_admin_put_traced(
        JsonBuilder *builder, const FulcraTraceRecord *traced);

/* --- names --- */

/**
 * fulcra_admin_match:
 * @names: (array zero-terminated=1): URIs
 * @given: one of them, or an unambiguous last part of one: "hello" for
 *     "urn:demo:hello"
 * @noun: of what they name, for messages
 *
 * Returns: (transfer none) (nullable): one of @names; NULL with
 * FULCRA_ERROR_NOT_FOUND or FULCRA_ERROR_BAD_ARGUMENT
 */
const char *fulcra_admin_match(const char *const *names, const char *given,
        const char *noun, GError **error);

G_END_DECLS
