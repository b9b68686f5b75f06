/* SPDX-License-Identifier: MIT */
/*
 * Owners: who is let in, who waits, and where those go whose state has moved
 */
#include "kernel-fixture.h"

#include <fulcra-host/owner.h>

static FulcraRepresentation *
old_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_text("old");
}

static FulcraRepresentation *
new_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_text("new");
}

/* Asks for what the same owner has: whoever is inside may go in again. */
static FulcraRepresentation *
again_source(FulcraRequest *request, GError **error)
{
    return fulcra_request_source(request, FULCRA_ID("res:/plain"), NULL, error);
}

static FulcraRequest *deferred;

static FulcraRepresentation *
deferred_source(FulcraRequest *request, GError **error)
{
    deferred = request;
    return fulcra_request_defer(request);
}

#define INLINE_OPS(function)                                                   \
    {                                                                          \
        .size = sizeof(FulcraEndpointOps), .run = FULCRA_RUN_INLINE,           \
        .source = function                                                     \
    }

static const FulcraEndpointOps old_ops = INLINE_OPS(old_source);
static const FulcraEndpointOps new_ops = INLINE_OPS(new_source);
static const FulcraEndpointOps again_ops = INLINE_OPS(again_source);
static const FulcraEndpointOps deferred_ops = INLINE_OPS(deferred_source);

static void
bind_owned(Fixture *self, const char *id, const FulcraEndpointOps *ops,
        FulcraOwner *owner)
{
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new(id, ops, NULL, NULL);
    g_autofree char *grammar = g_strconcat("res:/", id, NULL);

    fulcra_host_endpoint_set_owner(endpoint, owner);
    fulcra_host_space_bind(self->space, grammar, FULCRA_VERBS_ALL,
            FULCRA_ENTRY_PUBLIC, endpoint, NULL);
}

static FulcraOwner *
begin(Fixture *self)
{
    FulcraOwner *owner = fulcra_host_owner_new();

    fixture_init(self, 2, 4);
    bind_owned(self, "plain", &old_ops, owner);
    bind_owned(self, "again", &again_ops, owner);
    bind_owned(self, "deferred", &deferred_ops, owner);
    fixture_publish(self);
    return owner;
}

/* --- one that waits --- */

typedef struct {
    FulcraRequest *request;
    Countdown answered;
    char *text; /* (nullable) */
} Waiting;

static void
waiting_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Waiting *self = user_data;

    if (answer != NULL)
        self->text = g_strdup(fulcra_representation_get_text(answer));
    countdown_answered(request, answer, error, &self->answered);
}

static void
waiting_begin(Waiting *self, Fixture *fixture, const char *identifier)
{
    *self = (Waiting){ .answered = { PTHREAD_MUTEX_INITIALIZER,
                               PTHREAD_COND_INITIALIZER, 1, 0 } };
    self->request = fixture_root(fixture, FULCRA_VERB_SOURCE, identifier);
    fulcra_request_issue_async(self->request, waiting_answered, self);
}

static void
waiting_expect(Waiting *self, const char *text)
{
    countdown_wait(&self->answered);
    g_assert_cmpstr(self->text, ==, text);
    g_free(self->text);
    fulcra_request_unref(self->request);
}

/* --- tests --- */

static void
test_release(void)
{
    Fixture self;
    g_autoptr(FulcraOwner) owner = begin(&self);
    Waiting waiting;
    size_t left;

    fixture_expect(&self, "res:/again", "old");
    g_assert_true(fulcra_host_owner_hold(owner, 1000, &left));
    waiting_begin(&waiting, &self, "res:/plain");
    g_assert_null(waiting.text);
    fulcra_host_owner_release(owner);
    waiting_expect(&waiting, "old");
    fixture_expect(&self, "res:/plain", "old");
    fixture_clear(&self);
}

static void
test_move(void)
{
    Fixture self;
    g_autoptr(FulcraOwner) owner = begin(&self);
    g_autoptr(FulcraEndpoint) next =
            fulcra_host_endpoint_new("plain", &new_ops, NULL, NULL);
    g_autoptr(GError) error = NULL;
    Waiting waiting;
    size_t left;

    g_assert_true(fulcra_host_owner_hold(owner, 1000, &left));
    waiting_begin(&waiting, &self, "res:/plain");
    fulcra_host_owner_move(owner, &next, 1);
    waiting_expect(&waiting, "new");
    fixture_expect(&self, "res:/plain", "new"); /* and whoever comes later */
    g_assert_null(fixture_ask(&self, FULCRA_VERB_SOURCE, "res:/again", &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_GONE);
    fulcra_host_owner_move(owner, NULL, 0);
    fixture_clear(&self);
}

/* Who is inside is waited for; if that takes too long all go on. */
static void
test_inside(void)
{
    Fixture self;
    g_autoptr(FulcraOwner) owner = begin(&self);
    Waiting inside;
    size_t left;

    waiting_begin(&inside, &self, "res:/deferred");
    g_assert_false(fulcra_host_owner_hold(owner, 1, &left));
    g_assert_cmpuint(left, ==, 1);
    fixture_expect(&self, "res:/plain", "old");
    fulcra_request_respond(deferred, fulcra_representation_new_text("late"));
    waiting_expect(&inside, "late");
    g_assert_true(fulcra_host_owner_hold(owner, 1000, &left));
    fulcra_host_owner_release(owner);
    fixture_clear(&self);
}

/* What waits may stop waiting. */
static void
test_cancel(void)
{
    Fixture self;
    g_autoptr(FulcraOwner) owner = begin(&self);
    Waiting waiting;
    size_t left;

    g_assert_true(fulcra_host_owner_hold(owner, 1000, &left));
    waiting_begin(&waiting, &self, "res:/plain");
    fulcra_request_cancel(waiting.request);
    waiting_expect(&waiting, NULL);
    fulcra_host_owner_release(owner);
    fulcra_host_kernel_settle(self.kernel);
    g_assert_true(fulcra_host_owner_hold(owner, 1000, &left));
    fulcra_host_owner_release(owner);
    fixture_clear(&self);
}

static void
nobody_posts(FulcraExecutor *executor, FulcraTask *task)
{
    g_assert_not_reached();
}

/* An event loop cannot wait, and is told so. */
static void
test_loop(void)
{
    Fixture self;
    g_autoptr(FulcraOwner) owner = begin(&self);
    FulcraExecutor loop = { nobody_posts };
    g_autoptr(GError) error = NULL;
    size_t left;

    g_assert_true(fulcra_host_owner_hold(owner, 1000, &left));
    fulcra_host_thread_enter_loop(self.kernel, &loop);
    g_assert_null(fixture_ask(&self, FULCRA_VERB_SOURCE, "res:/plain", &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_OVERLOADED);
    fulcra_host_thread_leave_loop(self.kernel);
    fulcra_host_owner_release(owner);
    fixture_clear(&self);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/owner/release", test_release);
    g_test_add_func("/owner/move", test_move);
    g_test_add_func("/owner/inside", test_inside);
    g_test_add_func("/owner/cancel", test_cancel);
    g_test_add_func("/owner/loop", test_loop);
    return g_test_run();
}
