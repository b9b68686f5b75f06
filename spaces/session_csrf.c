/* SPDX-License-Identifier: MIT */

/*
 * session_csrf.c - whether a request was sent by a page of its own session
 *
 * A browser sends the cookie with whatever another site makes it send. The
 * token it cannot send, because no other site can read it. Asked for are
 * requests with an unsafe method (RFC 9110 section 9.2.1); those of WebSockets
 * are covered by the check of their origin, and what no client sent by nothing.
 */

#include "spaces/session_layer.h"
#include "spaces/source_text.h"

#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <fulcra/identifier.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define HEADER "X-CSRF-Token"
#define FIELD  "csrf"

typedef void (*Checked)(const GError *error, void *user_data);

typedef struct {
    FulcraSession *session;
    Checked checked;
    void *user_data;
} Check;

static void
check_free(Check *self)
{
    fulcra__session_unref(self->session);
    g_free(self);
}

static void
refuse(Checked checked, void *user_data)
{
    g_autoptr(GError) error =
            g_error_new_literal(FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN,
                    "the form is out of date, or was not made here: its csrf "
                    "field is missing or not that of the session. Load the "
                    "page again");

    fulcra_host_stats_add(FULCRA_STAT_CSRF_REFUSED, 1);
    checked(error, user_data);
}

static bool
is_unsafe(FulcraRequest *request)
{
    static const char *const safe[] = { "GET", "HEAD", "OPTIONS", NULL };
    g_autofree char *method = NULL;

    if (fulcra_request_get_socket(request) != NULL)
        return false;
    method = fulcra__source_text(request, FULCRA_ID("httpRequest:/method"));
    return method != NULL && !g_strv_contains(safe, method);
}

static const char *
field_of(FulcraRepresentation *form)
{
    JsonNode *node = fulcra_representation_get_json(form);
    JsonNode *member =
            node != NULL && JSON_NODE_HOLDS_OBJECT(node)
                    ? json_object_get_member(json_node_get_object(node), FIELD)
                    : NULL;

    if (member == NULL || json_node_get_value_type(member) != G_TYPE_STRING)
        return NULL;
    return json_node_get_string(member);
}

static void
form_answered(FulcraRequest *asked, FulcraRepresentation *form,
        const GError *error, void *user_data)
{
    Check *self = user_data;
    const char *token = form == NULL ? NULL : field_of(form);

    (void)asked;
    (void)error;
    if (token != NULL && fulcra__session_check_csrf(self->session, token))
        self->checked(NULL, self->user_data);
    else
        refuse(self->checked, self->user_data);
    check_free(self);
}

static void
ask_for_form(FulcraRequest *request, FulcraSession *session, Checked checked,
        void *user_data)
{
    g_autoptr(FulcraRequest) form = fulcra_request_new(
            request, FULCRA_VERB_SOURCE, FULCRA_ID("httpRequest:/body/form"));
    Check *self = g_new(Check, 1);

    *self = (Check){ fulcra__session_ref(session), checked, user_data };
    fulcra_request_set_wanted_type(form, FULCRA_TYPE_JSON);
    fulcra_request_issue_async(form, form_answered, self);
}

void
fulcra__session_csrf_check(FulcraRequest *request, FulcraSession *session,
        Checked checked, void *user_data)
{
    g_autofree char *header = NULL;

    if (!is_unsafe(request)) {
        checked(NULL, user_data);
        return;
    }
    if (session == NULL) {
        refuse(checked, user_data);
        return;
    }
    header = fulcra__source_text(
            request, FULCRA_ID("httpRequest:/header/" HEADER));
    if (header == NULL)
        ask_for_form(request, session, checked, user_data);
    else if (fulcra__session_check_csrf(session, header))
        checked(NULL, user_data);
    else
        refuse(checked, user_data);
}
