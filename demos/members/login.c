/* SPDX-License-Identifier: MIT */
/*
 * login.c - who may come in
 *
 * Two users, for this demo only; README.md has their passwords. Checking one
 * takes a while on purpose, as long for a user who does not exist. Nothing here
 * knows of cookies: it says who it is, and the session does the rest.
 */

#include "login.h"
#include "template.h"

#include <string.h>

static const struct {
    const char *name, *hash;
} users[] = {
    { "alice", "$y$j9T$QieqmfSbUv9bDibmczpcf.$DXknVCVmFCyQPVPmQ0PZEtIpUxi."
               "q3guHGhvzTR0ZEB" },
    { "bob", "$y$j9T$L2VIY/"
             "GbH5F9NZ9sZyDie1$nNJaO.442i51ACfblHD3AtcZCiwMm3DZ0lgHD7LDnV/" },
};

static const char *
find_hash(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(users); i++)
        if (strcmp(users[i].name, name) == 0)
            return users[i].hash;
    return NULL;
}

/* --- the form --- */

static FulcraRepresentation *
show_form(FulcraRequest *request, const char *user, const char *problem,
        GError **error)
{
    g_autoptr(FulcraRepresentation) csrf = fulcra_request_source(
            request, FULCRA_ID("session:/csrf"), FULCRA_TYPE_TEXT, error);

    if (csrf == NULL)
        return NULL;
    const TemplateValue values[] = {
        { "csrf", fulcra_representation_get_text(csrf) },
        { "user", user },
        { "problem", problem },
    };
    return template_fill(request,
            FULCRA_ID("res:/demo/members/template/login.html"), values,
            G_N_ELEMENTS(values), error);
}

FulcraRepresentation *
login_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) user = fulcra_request_source(
            request, FULCRA_ID("session:/user"), FULCRA_TYPE_TEXT, NULL);

    return user != NULL ? template_see_other("/demo/members/")
                        : show_form(request, "", "", error);
}

/* --- what comes back --- */

/* active:loginAllowed and so on: how often this was tried */
static FulcraRepresentation *
attempt(FulcraRequest *request, FulcraVerb verb, FulcraIdentifier *what,
        const char *user, GError **error)
{
    g_autoptr(FulcraRequest) asked = fulcra_request_new(request, verb, what);
    g_autoptr(FulcraRepresentation) account =
            fulcra_representation_new_text(user);

    fulcra_request_add_value(asked, "account", account);
    fulcra_request_add_reference(
            asked, "address", FULCRA_ID("httpRequest:/remote-host"));
    return fulcra_request_issue(asked, error);
}

static FulcraRepresentation *
verify(FulcraRequest *request, const char *user, GError **error)
{
    g_autoptr(FulcraRequest) asked = fulcra_request_new(
            request, FULCRA_VERB_SOURCE, FULCRA_ID("active:passwordVerify"));
    const char *known = find_hash(user);
    g_autoptr(FulcraRepresentation) hash =
            fulcra_representation_new_text(known != NULL ? known : "");

    fulcra_request_add_reference(
            asked, "password", FULCRA_ID("httpRequest:/param/password"));
    fulcra_request_add_value(asked, "hash", hash);
    return fulcra_request_issue(asked, error);
}

/* The form again, and why. */
static FulcraRepresentation *
refuse(FulcraRequest *request, const char *user, const char *code,
        const char *problem, GError **error)
{
    FulcraRepresentation *form = show_form(request, user, problem, error);

    return form == NULL ? NULL
                        : fulcra_representation_with_header(
                                  form, "httpResponse:/code", code);
}

static FulcraRepresentation *
let_in(FulcraRequest *request, const char *user, GError **error)
{
    g_autoptr(FulcraRepresentation) name = fulcra_representation_new_text(user);

    if (!fulcra_request_sink(request, FULCRA_ID("session:/login"), name, error))
        return NULL;
    return template_see_other("/demo/members/");
}

FulcraRepresentation *
login_new(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) field = fulcra_request_source(request,
            FULCRA_ID("httpRequest:/param/user"), FULCRA_TYPE_TEXT, NULL);
    const char *user = field ? fulcra_representation_get_text(field) : "";
    g_autoptr(FulcraRepresentation) may = attempt(request, FULCRA_VERB_SOURCE,
            FULCRA_ID("active:loginAllowed"), user, error);

    if (may == NULL)
        return NULL;
    if (!fulcra_representation_get_bool(may))
        return refuse(request, user, "429",
                "Too many attempts. Wait a little, then try again.", error);

    g_autoptr(FulcraRepresentation) same = verify(request, user, NULL);
    bool good = same != NULL && fulcra_representation_get_bool(same);
    g_autoptr(FulcraRepresentation) told = attempt(request, FULCRA_VERB_SINK,
            good ? FULCRA_ID("active:loginSucceeded")
                 : FULCRA_ID("active:loginFailed"),
            user, error);
    if (told == NULL)
        return NULL;
    return good ? let_in(request, user, error)
                : refuse(request, user, "403",
                          "That is not a name and its password.", error);
}
