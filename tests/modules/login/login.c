/* SPDX-License-Identifier: MIT */
/*
 * login - a form that asks for a user and a password, as short as it can be
 *
 * POST /login with user and password: 200, 401 or 429. The rest shows single
 * steps to tests.
 */
#include <fulcra/fulcra.h>
#include <string.h>

/* Of "wonderland", at the least cost. */
#define ALICE "$y$j75$abcdefghijk.$RIALIIs8px6DV6BZfnqvyj/TqiHtkNkwZKNEw/UF3m9"

/* An endpoint behind which there is no such user. */
static FulcraRepresentation *
user_source(FulcraRequest *request, GError **error)
{
    if (strcmp(fulcra_request_get_argument(request, "name"), "alice") == 0)
        return fulcra_representation_new_text(ALICE);
    g_set_error_literal(
            error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND, "no such user");
    return NULL;
}

/* --- one step each --- */

static FulcraRepresentation *
hash_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRequest) hash = fulcra_request_new(
            request, FULCRA_VERB_SOURCE, FULCRA_ID("active:passwordHash"));
    g_autoptr(FulcraRepresentation) password = fulcra_request_source(
            request, FULCRA_ID("httpRequest:/body"), FULCRA_TYPE_TEXT, error);

    if (password == NULL)
        return NULL;
    fulcra_request_add_value(hash, "password", password);
    return fulcra_request_issue(hash, error);
}

static FulcraRepresentation *
verify_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRequest) verify =
            fulcra_request_new(request, FULCRA_VERB_SOURCE,
                    FULCRA_ID("active:passwordVerify"
                              "+password@httpRequest:/param/password"
                              "+hash@httpRequest:/param/hash"));

    return fulcra_request_issue(verify, error);
}

static FulcraRepresentation *
statistics_source(FulcraRequest *request, GError **error)
{
    return fulcra_request_source(
            request, FULCRA_ID("active:passwordStatistics"), NULL, error);
}

/* --- the form --- */

/* By reference, so that logs and traces do not show what was typed. */
#define WHO "+account@httpRequest:/param/user+address@httpRequest:/remote-host"

static bool
tell(FulcraRequest *request, FulcraIdentifier *what, GError **error)
{
    g_autoptr(FulcraRequest) inner =
            fulcra_request_new(request, FULCRA_VERB_SINK, what);
    g_autoptr(FulcraRepresentation) answer = fulcra_request_issue(inner, error);

    return answer != NULL;
}

static FulcraRepresentation *
refuse(const char *code, const char *text, const char *retry_after)
{
    FulcraRepresentation *answer = fulcra_representation_with_header(
            fulcra_representation_new_text(text), "httpResponse:/code", code);

    if (retry_after != NULL)
        answer = fulcra_representation_with_header(
                answer, "httpResponse:/header/Retry-After", retry_after);
    return answer;
}

/* (transfer full) (nullable) */
static FulcraIdentifier *
hash_of(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) user = fulcra_request_source(request,
            FULCRA_ID("httpRequest:/param/user"), FULCRA_TYPE_TEXT, error);

    if (user == NULL)
        return NULL;
    FulcraSlot name =
            fulcra_slot_text("name", fulcra_representation_get_text(user));
    return fulcra_identifier_build(
            FULCRA_GRAMMAR("res:/login/user/{name}"), &name, 1, error);
}

static FulcraRepresentation *
verify(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) password = fulcra_request_source(request,
            FULCRA_ID("httpRequest:/param/password"), FULCRA_TYPE_TEXT, error);
    g_autoptr(FulcraIdentifier) hash = hash_of(request, error);
    g_autoptr(FulcraRequest) inner = fulcra_request_new(
            request, FULCRA_VERB_SOURCE, FULCRA_ID("active:passwordVerify"));

    if (password == NULL || hash == NULL)
        return NULL;
    fulcra_request_add_value(inner, "password", password);
    fulcra_request_add_reference(inner, "hash", hash);
    return fulcra_request_issue(inner, error);
}

static FulcraRepresentation *
login_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) allowed = fulcra_request_source(request,
            FULCRA_ID("active:loginAllowed" WHO), FULCRA_TYPE_BOOL, error);

    if (allowed == NULL)
        return NULL;
    if (!fulcra_representation_get_bool(allowed))
        return refuse("429", "too many attempts",
                fulcra_representation_get_header(allowed, "retry-after"));

    g_autoptr(FulcraRepresentation) same = verify(request, error);
    if (same == NULL)
        return NULL;
    bool good = fulcra_representation_get_bool(same);
    if (!tell(request,
                good ? FULCRA_ID("active:loginSucceeded" WHO)
                     : FULCRA_ID("active:loginFailed" WHO),
                error))
        return NULL;
    return good ? fulcra_representation_new_text("welcome")
                : refuse("401", "wrong user or password", NULL);
}

/* The same from any address. */
#define FROM "+account@httpRequest:/param/user+address@httpRequest:/param/from"

static FulcraRepresentation *
fail_source(FulcraRequest *request, GError **error)
{
    return tell(request, FULCRA_ID("active:loginFailed" FROM), error)
                   ? fulcra_representation_new_text("noted")
                   : NULL;
}

static FulcraRepresentation *
allowed_source(FulcraRequest *request, GError **error)
{
    return fulcra_request_source(request, FULCRA_ID("active:loginAllowed" FROM),
            FULCRA_TYPE_BOOL, error);
}

#define OPS(name)                                                              \
    static const FulcraEndpointOps name##_ops = {                              \
        .size = sizeof(FulcraEndpointOps),                                     \
        .run = FULCRA_RUN_CONCURRENT,                                          \
        .source = name##_source,                                               \
    }
OPS(user);
OPS(hash);
OPS(verify);
OPS(statistics);
OPS(login);
OPS(fail);
OPS(allowed);

static bool
login_load(FulcraModule *module, GError **error)
{
#define ADD(name)                                                              \
    fulcra_module_add_endpoint(module, #name, &name##_ops, NULL, error)
    return ADD(user) && ADD(hash) && ADD(verify) && ADD(statistics) &&
           ADD(login) && ADD(fail) && ADD(allowed);
#undef ADD
}

FULCRA_MODULE_DEFINE("login", login_load)
