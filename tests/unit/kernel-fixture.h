/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A kernel with one space and two domains, and ways to ask it
 */

#include <fulcra-host/identifier.h>
#include <fulcra-host/kernel.h>
#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra-host/sync.h>
#include <fulcra/fulcra.h>

#define FRONT "urn:test:front"

typedef struct {
    FulcraKernel *kernel;
    FulcraSpace *space;
    FulcraDomain *domains[2];
} Fixture;

static inline void
fixture_init_with(Fixture *self, const FulcraKernelLimits *limits)
{
    self->kernel = fulcra_host_kernel_new(limits);
    self->space = fulcra_host_space_new(FRONT);
    self->domains[0] = fulcra_host_domain_new(self->kernel, "one");
    self->domains[1] = fulcra_host_domain_new(self->kernel, "two");
}

static inline void
fixture_init(Fixture *self, unsigned workers, unsigned max_workers)
{
    FulcraKernelLimits limits = FULCRA_KERNEL_LIMITS_DEFAULT;

    limits.workers = workers;
    limits.max_workers = max_workers;
    limits.timeout_ms = 10000;
    fixture_init_with(self, &limits);
}

static inline void
fixture_publish(Fixture *self)
{
    fulcra_host_space_seal(self->space);
    fulcra_host_kernel_publish(self->kernel, &self->space, 1, NULL);
}

static inline void
fixture_clear(Fixture *self)
{
    fulcra_host_kernel_free(self->kernel);
    fulcra_host_space_unref(self->space);
    fulcra_host_domain_unref(self->domains[0]);
    fulcra_host_domain_unref(self->domains[1]);
}

static inline void
fixture_bind_data(Fixture *self, const char *grammar,
        const FulcraEndpointOps *ops, FulcraDomain *domain, void *data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new(grammar, ops, data, domain);

    fulcra_host_space_bind(self->space, grammar, FULCRA_VERBS_ALL,
            FULCRA_ENTRY_PUBLIC, endpoint, &error);
    g_assert_no_error(error);
}

static inline void
fixture_bind(Fixture *self, const char *grammar, const FulcraEndpointOps *ops)
{
    fixture_bind_data(self, grammar, ops, self->domains[0], NULL);
}

static inline FulcraRequest *
fixture_root(Fixture *self, FulcraVerb verb, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse(text, &error);

    g_assert_no_error(error);
    return fulcra_host_request_new_root(
            self->kernel, FRONT, NULL, verb, identifier);
}

static inline char *
fixture_ask(Fixture *self, FulcraVerb verb, const char *text, GError **error)
{
    g_autoptr(FulcraRequest) request = fixture_root(self, verb, text);

    fulcra_request_set_wanted_type(request, FULCRA_TYPE_TEXT);
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_issue(request, error);
    return answer == NULL ? NULL
                          : g_strdup(fulcra_representation_get_text(answer));
}

static inline void
fixture_expect(Fixture *self, const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *answer =
            fixture_ask(self, FULCRA_VERB_SOURCE, text, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(answer, ==, expected);
}

static inline bool
is_full_size(void)
{
    return g_strcmp0(g_getenv("FULCRA_TEST_SIZE"), "full") == 0;
}

/* --- many requests at once --- */

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int left, failed;
} Countdown;

static inline void
countdown_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Countdown *self = user_data;

    (void)request;
    (void)answer;
    pthread_mutex_lock(&self->lock);
    self->failed += error != NULL;
    if (--self->left == 0)
        pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static inline void
countdown_wait(Countdown *self)
{
    pthread_mutex_lock(&self->lock);
    while (self->left > 0)
        pthread_cond_wait(&self->changed, &self->lock);
    pthread_mutex_unlock(&self->lock);
}
