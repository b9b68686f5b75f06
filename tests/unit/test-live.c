/* SPDX-License-Identifier: MIT */

/* Following resources: one evaluation for each change and each set of values
 * that it depends on, and nobody is left with what was. */

#include "kernel-fixture.h"
#include "loop/loop.h"
#include "patience.h"
#include <fulcra-host/context.h>
#include <fulcra-host/live.h>
#include <fulcra-host/topic.h>
#include <stdlib.h>

#define WAIT_US (20 * G_USEC_PER_SEC)

/* --- a server --- */

typedef struct {
    Fixture fixture;
    FulcraLoop *loop;
    FulcraFollowers *followers;
} Host;

static void
host_start(Host *self)
{
    g_autoptr(GError) error = NULL;

    fixture_publish(&self->fixture);
    self->loop = fulcra_loop_new(self->fixture.kernel, 0, &error);
    g_assert_no_error(error);
    self->followers = fulcra_host_followers_new(
            self->fixture.kernel, fulcra_loop_get_executor(self->loop));
    fulcra_loop_start(self->loop);
}

static void
nothing(void *data)
{
    (void)data;
}

static void
host_clear(Host *self)
{
    int64_t until = g_get_monotonic_time() + WAIT_US * patience();

    /* An alarm that rings, a worker that answers: for a moment more. */
    do {
        fulcra_host_kernel_settle(self->fixture.kernel);
        fulcra_loop_call(self->loop, nothing, NULL);
    } while (fulcra_host_stats_get(FULCRA_STAT_LIVE_RESOURCES) > 0 &&
             g_get_monotonic_time() < until);
    fulcra_loop_stop(self->loop);
    fulcra_host_followers_free(self->followers);
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_LIVE_RESOURCES), ==, 0);
    fulcra_loop_free(self->loop);
    fixture_clear(&self->fixture);
}

/* --- the resources --- */

static atomic_int value, evaluations, delay_ms, broken, dice;
static FulcraTopic *room;

static FulcraRepresentation *
say_value(FulcraRequest *request, GError **error)
{
    int seen;

    fulcra_request_attach_key(request, "live:value");
    atomic_fetch_add(&evaluations, 1);
    seen = atomic_load(&value);
    if (atomic_load(&delay_ms) > 0)
        g_usleep((unsigned long)atomic_load(&delay_ms) * 1000);
    if (atomic_load(&broken)) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED, "it is broken");
        return NULL;
    }
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%d", seen);
}

static FulcraRepresentation *
race_source(FulcraRequest *request, GError **error)
{
    int seen;

    (void)error;
    for (volatile int n = atomic_fetch_add(&dice, 7) % 50; n > 0; n--)
        ;
    seen = atomic_load(&value);
    for (volatile int n = atomic_fetch_add(&dice, 13) % 900; n > 0; n--)
        ;
    fulcra_request_attach_key(request, "live:value");
    atomic_fetch_add(&evaluations, 1);
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%d", seen);
}

static FulcraRepresentation *
always_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return fulcra_representation_with_expiry(
            fulcra_representation_new_text("now"), FULCRA_EXPIRY_ALWAYS, 0);
}

static FulcraRepresentation *
timed_source(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return fulcra_representation_with_expiry(
            fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%d",
                    atomic_fetch_add(&evaluations, 1) + 1),
            FULCRA_EXPIRY_AT, g_get_real_time() + 1000);
}

static FulcraRepresentation *
topic_source(FulcraRequest *request, GError **error)
{
    (void)error;
    g_assert_true(fulcra_request_is_subscription(request));
    return fulcra_representation_new_topic(room);
}

/* Nobody cuts anything: it says itself that it has changed. */
static atomic_int said;

static FulcraRepresentation *
polled_source(FulcraRequest *request, GError **error)
{
    (void)error;
    fulcra_request_attach_check(request, FULCRA_ID("res:/holds"));
    atomic_fetch_add(&evaluations, 1);
    atomic_store(&said, atomic_load(&value));
    return fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "%d", atomic_load(&said));
}

static FulcraRepresentation *
holds_exists(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return fulcra_representation_with_expiry(
            fulcra_representation_new_bool(
                    atomic_load(&said) == atomic_load(&value)),
            FULCRA_EXPIRY_ALWAYS, 0);
}

static const FulcraEndpointOps holds_ops = { .size = sizeof holds_ops,
    .run = FULCRA_RUN_CONCURRENT,
    .exists = holds_exists };

/* who: is answered by a layer of the context; private only as long as the value
 * is odd. */
static FulcraRepresentation *
mine_source(FulcraRequest *request, GError **error)
{
    int seen;

    fulcra_request_attach_key(request, "live:value");
    atomic_fetch_add(&evaluations, 1);
    seen = atomic_load(&value);
    if (seen % 2 == 0)
        return fulcra_representation_new_printf(
                FULCRA_TYPE_TEXT, "all %d", seen);
    g_autoptr(FulcraRepresentation) who = fulcra_request_source(
            request, FULCRA_ID("who:/"), FULCRA_TYPE_TEXT, error);
    return who == NULL
                   ? NULL
                   : fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%s %d",
                             fulcra_representation_get_text(who), seen);
}

typedef struct {
    FulcraContext layer;
    const char *name;
} Person;

static FulcraRepresentation *
who_source(FulcraRequest *request, GError **error)
{
    (void)error;
    return fulcra_representation_with_expiry(
            fulcra_representation_new_text(
                    ((Person *)fulcra_host_request_get_layer(request))->name),
            FULCRA_EXPIRY_NEVER, 0);
}

static void
person_free(FulcraContext *layer)
{
    g_free(layer);
}

static FulcraContext *
person_new(const char *name)
{
    static FulcraContextScheme schemes[1];
    static const FulcraContextClass klass = { .name = "person",
        .n_schemes = 1,
        .schemes = schemes,
        .free = person_free };
    static const FulcraEndpointOps ops = {
        .size = sizeof ops, .run = FULCRA_RUN_INLINE, .source = who_source
    };
    Person *self = g_new0(Person, 1);

    if (schemes[0].scheme == NULL) {
        FulcraSpace *space = fulcra_host_space_new("urn:test:who");
        g_autoptr(FulcraEndpoint) endpoint =
                fulcra_host_endpoint_new("who", &ops, NULL, NULL);

        fulcra_host_space_bind(space, "who:/", FULCRA_VERBS_ALL,
                FULCRA_ENTRY_PUBLIC, endpoint, NULL);
        schemes[0].space = fulcra_host_space_seal(space);
        schemes[0].scheme = fulcra_intern("who");
    }
    fulcra_host_context_init(&self->layer, &klass, NULL);
    self->name = name;
    return &self->layer;
}

#define CONCURRENT(function)                                                   \
    &(const FulcraEndpointOps)                                                 \
    {                                                                          \
        .size = sizeof(FulcraEndpointOps), .run = FULCRA_RUN_CONCURRENT,       \
        .source = function                                                     \
    }

/* An overlay that asks whether it may be passed, or writes on what comes out.
 */
static atomic_int guard_asked;

static FulcraRepresentation *
guard_overlay(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) may = fulcra_request_source(
            request, FULCRA_ID("res:/may"), FULCRA_TYPE_BOOL, error);

    atomic_fetch_add(&guard_asked, 1);
    if (may == NULL)
        return NULL;
    if (!fulcra_representation_get_bool(may)) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN, "not you");
        return NULL;
    }
    return fulcra_request_pass_on(request, fulcra_request_forward(request));
}

static FulcraRepresentation *
stamp_overlay(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRequest) inner = fulcra_request_forward(request);
    g_autoptr(FulcraRepresentation) answer = fulcra_request_issue(inner, error);

    return answer == NULL
                   ? NULL
                   : fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "<%s>",
                             fulcra_representation_get_text(answer));
}

/* The same, of odd numbers; others pass as they are. */
static FulcraRepresentation *
odd_overlay(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRequest) inner = fulcra_request_forward(request);
    g_autoptr(FulcraRepresentation) answer = fulcra_request_issue(inner, error);

    if (answer == NULL)
        return NULL;
    if (atoi(fulcra_representation_get_text(answer)) % 2 == 0)
        return g_steal_pointer(&answer);
    return fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "<%s>", fulcra_representation_get_text(answer));
}

static atomic_int may_pass;

static FulcraRepresentation *
may_source(FulcraRequest *request, GError **error)
{
    (void)error;
    fulcra_request_attach_key(request, "live:may");
    return fulcra_representation_new_bool(atomic_load(&may_pass));
}

static void
host_wrap(Host *self, const char *grammar, FulcraHandler overlay,
        const FulcraEndpointOps *inside)
{
    FulcraEndpointOps ops = { .size = sizeof ops,
        .run = FULCRA_RUN_CONCURRENT,
        .overlay = overlay,
        .passes_on = overlay == guard_overlay };
    g_autofree char *uri = g_strconcat("urn:test:in:", grammar, NULL);
    g_autoptr(FulcraSpace) wrapped = fulcra_host_space_new(uri);
    g_autoptr(FulcraEndpoint) outer =
            fulcra_host_endpoint_new("overlay", &ops, NULL, NULL);
    g_autoptr(FulcraEndpoint) inner =
            fulcra_host_endpoint_new("inside", inside, NULL, NULL);

    fulcra_host_space_bind(wrapped, grammar, FULCRA_VERBS_ALL,
            FULCRA_ENTRY_PUBLIC, inner, NULL);
    fulcra_host_space_add_overlay(self->fixture.space, outer,
            fulcra_host_space_seal(wrapped), FULCRA_ENTRY_PUBLIC);
}

static void
host_init(Host *self, size_t cache_bytes)
{
    FulcraKernelLimits limits = FULCRA_KERNEL_LIMITS_DEFAULT;
    Fixture *fixture = &self->fixture;

    limits.workers = 4;
    limits.cache_bytes = cache_bytes;
    fixture_init_with(fixture, &limits);
    fixture_bind(fixture, "res:/value", CONCURRENT(say_value));
    fixture_bind(fixture, "res:/race", CONCURRENT(race_source));
    fixture_bind(fixture, "res:/always", CONCURRENT(always_source));
    fixture_bind(fixture, "res:/timed", CONCURRENT(timed_source));
    fixture_bind(fixture, "res:/topic", CONCURRENT(topic_source));
    fixture_bind(fixture, "res:/mine", CONCURRENT(mine_source));
    fixture_bind(fixture, "res:/may", CONCURRENT(may_source));
    host_wrap(self, "res:/guarded", guard_overlay, CONCURRENT(say_value));
    host_wrap(self, "res:/stamped", stamp_overlay, CONCURRENT(say_value));
    host_wrap(self, "res:/odd", odd_overlay, CONCURRENT(say_value));
    fixture_bind(fixture, "res:/polled", CONCURRENT(polled_source));
    fixture_bind(fixture, "res:/holds", &holds_ops);
    host_start(self);
    atomic_store(&value, 0);
    atomic_store(&evaluations, 0);
    atomic_store(&delay_ms, 0);
    atomic_store(&broken, 0);
    atomic_store(&may_pass, 1);
    atomic_store(&guard_asked, 0);
}

static void
cut(Host *self, const char *key)
{
    g_autoptr(FulcraRequest) any =
            fixture_root(&self->fixture, FULCRA_VERB_SOURCE, "res:/value");

    fulcra_request_cut_key(any, key);
}

static void
change(Host *self, int to)
{
    atomic_store(&value, to);
    cut(self, "live:value");
}

/* --- one who follows --- */

typedef struct {
    FulcraTopicListener listener; /* first */
    Host *host;
    const char *identifier;
    FulcraContext *context; /* (nullable) */
    FulcraFollower *follower;
    FulcraTopic *topic;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *last, *failure, *end;
    unsigned n_messages, n_failures, n_joined;
} Probe;

static void
probe_note(Probe *self, FulcraRepresentation *message)
{
    pthread_mutex_lock(&self->lock);
    g_free(self->last);
    self->last = g_strdup(fulcra_representation_get_text(message));
    self->n_messages++;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static void
probe_published(FulcraTopicListener *listener, FulcraRepresentation *message)
{
    probe_note((Probe *)listener, message);
}

static void
probe_leave_topic(Probe *self)
{
    if (self->topic == NULL)
        return;
    fulcra_host_topic_lock(self->topic);
    fulcra_host_topic_unlisten(self->topic, &self->listener);
    fulcra_host_topic_unlock(self->topic);
    g_clear_pointer(&self->topic, fulcra_topic_unref);
}

static void
probe_follows(FulcraFollower *follower, FulcraTopic *topic, bool is_value,
        void *user_data)
{
    Probe *self = user_data;
    FulcraRepresentation *last;

    (void)follower;
    probe_leave_topic(self);
    self->topic = fulcra_topic_ref(topic);
    fulcra_host_topic_lock(topic);
    fulcra_host_topic_listen(topic, &self->listener);
    fulcra_host_topic_unlock(topic);
    last = fulcra_topic_get_last(topic);
    if (last != NULL && is_value)
        probe_note(self, last);
    fulcra_representation_unref(last);
    pthread_mutex_lock(&self->lock);
    self->n_joined++;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static void
probe_failed(FulcraFollower *follower, const GError *error, void *user_data)
{
    Probe *self = user_data;

    (void)follower;
    pthread_mutex_lock(&self->lock);
    g_free(self->failure);
    self->failure = g_strdup(error->message);
    self->n_failures++;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static void
probe_ended(FulcraFollower *follower, const GError *error, void *user_data)
{
    Probe *self = user_data;

    (void)follower;
    pthread_mutex_lock(&self->lock);
    self->end = g_strdup(error->message);
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static void
probe_begin(void *data)
{
    static const FulcraFollowerClass klass = { probe_follows, probe_failed,
        probe_ended };
    Probe *self = data;
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse(self->identifier, NULL);

    self->follower = fulcra_host_follower_new(self->host->followers, FRONT,
            self->context, identifier, &klass, self);
    fulcra_host_follower_begin(self->follower);
}

static void
probe_init(
        Probe *self, Host *host, const char *identifier, FulcraContext *context)
{
    *self = (Probe){ .listener.published = probe_published,
        .host = host,
        .identifier = identifier,
        .context = context };
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
    fulcra_loop_call(host->loop, probe_begin, self);
}

static void
probe_finish(void *data)
{
    Probe *self = data;

    fulcra_host_follower_leave(self->follower);
    probe_leave_topic(self);
}

static void
probe_clear(Probe *self)
{
    fulcra_loop_call(self->host->loop, probe_finish, self);
    fulcra_host_context_unref(self->context);
    pthread_mutex_destroy(&self->lock);
    pthread_cond_destroy(&self->changed);
    g_free(self->last);
    g_free(self->failure);
    g_free(self->end);
}

/* Waits until the text at @what is @expected. */
static void
probe_wait(Probe *self, char **what, const char *expected)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_US / G_USEC_PER_SEC * patience();
    pthread_mutex_lock(&self->lock);
    while (g_strcmp0(*what, expected) != 0)
        if (pthread_cond_timedwait(&self->changed, &self->lock, &until) != 0) {
            g_assert_cmpstr(*what, ==, expected);
            break;
        }
    pthread_mutex_unlock(&self->lock);
}

static void
probe_expect(Probe *self, const char *expected)
{
    probe_wait(self, &self->last, expected);
}

static void
probe_expect_int(Probe *self, int expected)
{
    g_autofree char *text = g_strdup_printf("%d", expected);

    probe_expect(self, text);
}

/* --- tests --- */

static void
check_coalesced(size_t cache_bytes)
{
    Host host;
    Probe probes[3];

    host_init(&host, cache_bytes);
    for (size_t i = 0; i < G_N_ELEMENTS(probes); i++) {
        probe_init(&probes[i], &host, "res:/value", NULL);
        probe_expect(&probes[i], "0");
    }
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_LIVE_RESOURCES), ==, 1);
    atomic_store(&evaluations, 0);
    atomic_store(&delay_ms, 200);
    for (int i = 1; i <= 20; i++)
        change(&host, i);
    for (size_t i = 0; i < G_N_ELEMENTS(probes); i++)
        probe_expect(&probes[i], "20");
    g_assert_cmpint(atomic_load(&evaluations), >=, 1);
    g_assert_cmpint(atomic_load(&evaluations), <=, 2);
    cut(&host, "live:*"); /* a family; and nothing has changed */
    fulcra_host_kernel_settle(host.fixture.kernel);
    g_assert_cmpint(atomic_load(&evaluations), <=, 3);
    for (size_t i = 0; i < G_N_ELEMENTS(probes); i++)
        g_assert_cmpuint(probes[i].n_messages, <=, 3);
    atomic_store(&delay_ms, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(probes); i++)
        probe_clear(&probes[i]);
    host_clear(&host);
}

static void
test_coalesced(void)
{
    check_coalesced((size_t)1 << 20);
}

static void
test_without_a_cache(void)
{
    check_coalesced(0);
}

/* One evaluation for each who it differs for, and one for all where not. */
static void
test_scopes(void)
{
    Host host;
    Probe ann, bob, again;
    FulcraContext *of_ann = person_new("ann");

    host_init(&host, (size_t)1 << 20);
    atomic_store(&value, 1);
    probe_init(&ann, &host, "res:/mine", fulcra_host_context_ref(of_ann));
    probe_init(&bob, &host, "res:/mine", person_new("bob"));
    probe_init(&again, &host, "res:/mine", of_ann);
    probe_expect(&ann, "ann 1");
    probe_expect(&bob, "bob 1");
    probe_expect(&again, "ann 1");
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_LIVE_RESOURCES), ==, 2);
    atomic_store(&evaluations, 0);
    change(&host, 3);
    probe_expect(&ann, "ann 3");
    probe_expect(&bob, "bob 3");
    probe_expect(&again, "ann 3");
    g_assert_cmpint(
            atomic_load(&evaluations), <=, 4); /* 2, each at most twice */
    probe_clear(&ann);
    change(&host, 5); /* in the scope of the one that is left */
    probe_expect(&again, "ann 5");
    probe_clear(&bob);
    probe_clear(&again);
    host_clear(&host);
}

/* They were alike, and are not any more. */
static void
test_regroup(void)
{
    Host host;
    Probe ann, bob;

    host_init(&host, (size_t)1 << 20);
    probe_init(&ann, &host, "res:/mine", person_new("ann"));
    probe_init(&bob, &host, "res:/mine", person_new("bob"));
    probe_expect(&ann, "all 0");
    probe_expect(&bob, "all 0");
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_LIVE_RESOURCES), ==, 1);
    change(&host, 1);
    probe_expect(&ann, "ann 1");
    probe_expect(&bob, "bob 1");
    change(&host, 2);
    probe_expect(&ann, "all 2");
    probe_expect(&bob, "all 2");
    change(&host, 3);
    probe_expect(&ann, "ann 3");
    probe_expect(&bob, "bob 3");
    probe_clear(&ann);
    probe_clear(&bob);
    host_clear(&host);
}

static void
test_failure(void)
{
    Host host;
    Probe probe;

    host_init(&host, (size_t)1 << 20);
    probe_init(&probe, &host, "res:/value", NULL);
    probe_expect(&probe, "0");
    atomic_store(&broken, 1);
    cut(&host, "live:value");
    probe_wait(&probe, &probe.failure, "it is broken");
    change(&host, 1); /* it fails still: once is enough */
    fulcra_host_kernel_settle(host.fixture.kernel);
    atomic_store(&broken, 0);
    change(&host, 2);
    probe_expect(&probe, "2");
    g_assert_cmpuint(probe.n_failures, ==, 1);

    atomic_store(&broken, 1); /* the same value again: whoever was told of the
                                 failure is told of its end */
    cut(&host, "live:value");
    pthread_mutex_lock(&probe.lock);
    while (probe.n_failures < 2)
        pthread_cond_wait(&probe.changed, &probe.lock);
    unsigned n = probe.n_messages;
    pthread_mutex_unlock(&probe.lock);
    atomic_store(&broken, 0); /* nobody cuts: by itself, after a second */
    pthread_mutex_lock(&probe.lock);
    while (probe.n_messages == n)
        pthread_cond_wait(&probe.changed, &probe.lock);
    pthread_mutex_unlock(&probe.lock);
    probe_expect(&probe, "2");
    probe_clear(&probe);
    host_clear(&host);
}

static void
test_refused(void)
{
    static const struct {
        const char *identifier, *why;
    } cases[] = {
        { "res:/always", "it is always expired" },
        { "res:/nowhere", "nothing answers" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Host host;
        Probe probe;

        host_init(&host, (size_t)1 << 20);
        probe_init(&probe, &host, cases[i].identifier, NULL);
        pthread_mutex_lock(&probe.lock);
        while (probe.end == NULL)
            pthread_cond_wait(&probe.changed, &probe.lock);
        pthread_mutex_unlock(&probe.lock);
        g_assert_nonnull(strstr(probe.end, cases[i].why));
        g_assert_cmpuint(probe.n_joined, ==, 0);
        probe_clear(&probe);
        host_clear(&host);
    }
}

/* It says that it expires after a millisecond; a tenth of a second is what it
 * gets. */
static void
test_time(void)
{
    Host host;
    Probe probe;
    int64_t began;

    host_init(&host, (size_t)1 << 20);
    probe_init(&probe, &host, "res:/timed", NULL);
    probe_expect(&probe, "1");
    began = g_get_monotonic_time();
    probe_expect(&probe, "4");
    g_assert_cmpint(g_get_monotonic_time() - began, >=, 250000);
    probe_clear(&probe);
    host_clear(&host);
}

static void
test_topic(void)
{
    g_autoptr(FulcraRepresentation) before =
            fulcra_representation_new_text("before");
    g_autoptr(FulcraRepresentation) after =
            fulcra_representation_new_text("after");
    Host host;
    Probe probe;

    room = fulcra_topic_new("room");
    fulcra_topic_publish(room, before);
    host_init(&host, (size_t)1 << 20);
    probe_init(&probe, &host, "res:/topic", NULL);
    pthread_mutex_lock(&probe.lock);
    while (probe.n_joined == 0)
        pthread_cond_wait(&probe.changed, &probe.lock);
    pthread_mutex_unlock(&probe.lock);
    fulcra_topic_publish(room, after);
    probe_expect(&probe, "after");
    g_assert_cmpuint(probe.n_messages, ==, 1);
    probe_clear(&probe);
    host_clear(&host);
    fulcra_topic_unref(room);
}

/* The overlay is asked when what it asked was cut, not when the resource was;
 * what is behind it is evaluated once for all. */
static void
test_guarded(void)
{
    Host host;
    Probe probes[2];
    int asked;

    host_init(&host, (size_t)1 << 20);
    for (size_t i = 0; i < 2; i++) {
        probe_init(&probes[i], &host, "res:/guarded", NULL);
        probe_expect(&probes[i], "0");
    }
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_LIVE_RESOURCES), ==, 1);
    asked = atomic_load(&guard_asked);
    atomic_store(&evaluations, 0);
    change(&host, 1);
    for (size_t i = 0; i < 2; i++)
        probe_expect(&probes[i], "1");
    g_assert_cmpint(atomic_load(&guard_asked), ==, asked);
    g_assert_cmpint(atomic_load(&evaluations), ==, 1);

    atomic_store(&may_pass, 0);
    cut(&host, "live:may");
    for (size_t i = 0; i < 2; i++)
        probe_wait(&probes[i], &probes[i].end, "not you");
    change(&host, 2);
    fulcra_host_kernel_settle(host.fixture.kernel);
    for (size_t i = 0; i < 2; i++) {
        probe_clear(&probes[i]);
    }
    host_clear(&host);
}

static void
test_stamped(void)
{
    Host host;
    Probe probe;

    host_init(&host, (size_t)1 << 20);
    probe_init(&probe, &host, "res:/stamped", NULL);
    probe_expect(&probe, "<0>");
    change(&host, 1);
    probe_expect(&probe, "<1>");
    atomic_store(&broken, 1);
    cut(&host, "live:value");
    probe_wait(&probe, &probe.failure, "it is broken");
    atomic_store(&broken, 0);
    change(&host, 2);
    probe_expect(&probe, "<2>");
    probe_clear(&probe);
    host_clear(&host);
}

/* What an overlay makes of some values only is never left out. */
static void
test_sometimes_stamped(void)
{
    Host host;
    Probe probe;

    host_init(&host, (size_t)1 << 20);
    probe_init(&probe, &host, "res:/odd", NULL);
    probe_expect(&probe, "0");
    change(&host, 1);
    probe_expect(&probe, "<1>");
    change(&host, 2);
    probe_expect(&probe, "2");
    g_assert_cmpuint(probe.n_messages, ==, 3);
    probe_clear(&probe);
    host_clear(&host);
}

static void
check_polled(size_t cache_bytes)
{
    Host host;
    Probe probe;

    host_init(&host, cache_bytes);
    probe_init(&probe, &host, "res:/polled", NULL);
    probe_expect(&probe, "0");
    atomic_store(&value, 1);
    probe_expect(&probe, "1");
    atomic_store(&value, 2);
    probe_expect(&probe, "2");
    probe_clear(&probe);
    host_clear(&host);
}

static void
test_polled(void)
{
    check_polled((size_t)1 << 20);
    g_assert_cmpint(atomic_load(&evaluations), ==, 3);
    check_polled(0);
}

/* What is published by a new generation is seen. */
static FulcraRepresentation *
new_source(FulcraRequest *request, GError **error)
{
    (void)error;
    fulcra_request_attach_key(request, "live:value");
    return fulcra_representation_new_text("new");
}

static void
test_publish(void)
{
    Host host;
    Probe plain, guarded;

    host_init(&host, (size_t)1 << 20);
    probe_init(&plain, &host, "res:/value", NULL);
    probe_init(&guarded, &host, "res:/guarded", NULL);
    probe_expect(&plain, "0");
    probe_expect(&guarded, "0");

    g_autoptr(FulcraSpace) before = host.fixture.space;
    host.fixture.space = fulcra_host_space_new(FRONT);
    fixture_bind(&host.fixture, "res:/may", CONCURRENT(may_source));
    atomic_store(&may_pass, 0); /* and now there is a guard in front of it */
    host_wrap(&host, "res:/value", guard_overlay, CONCURRENT(new_source));
    fixture_bind(&host.fixture, "res:/guarded", CONCURRENT(new_source));
    fixture_publish(&host.fixture);
    probe_wait(&plain, &plain.end, "not you");
    probe_expect(&guarded, "new");
    probe_clear(&plain);
    probe_clear(&guarded);
    host_clear(&host);
}

/* Cuts at any moment of an evaluation, and whoever follows has the truth when
 * it is quiet. */
typedef struct {
    Host *host;
    int n;
} Cutter;

static void *
cutter_run(void *data)
{
    Cutter *self = data;

    for (int i = 0; i < self->n; i++) {
        atomic_fetch_add(&value, 1);
        cut(self->host, "live:value");
        for (volatile int n = atomic_fetch_add(&dice, 29) % 2000; n > 0; n--)
            ;
    }
    return NULL;
}

static void
test_interleavings(void)
{
    int rounds = is_full_size() ? 500 : 50, each = is_full_size() ? 100 : 20;
    Host host;
    Probe probes[2];

    host_init(&host, (size_t)1 << 20);
    for (size_t i = 0; i < 2; i++)
        probe_init(&probes[i], &host, "res:/race", NULL);
    for (int round = 0; round < rounds; round++) {
        Cutter cutter = { &host, each };
        pthread_t threads[2];

        for (size_t i = 0; i < 2; i++)
            pthread_create(&threads[i], NULL, cutter_run, &cutter);
        for (size_t i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        for (size_t i = 0; i < 2; i++)
            probe_expect_int(&probes[i], atomic_load(&value));
    }
    for (size_t i = 0; i < 2; i++)
        probe_clear(&probes[i]);
    host_clear(&host);
}

/* They come and go while it changes; who stays has the truth. */
static void *
churn_run(void *data)
{
    Host *host = data;

    for (int i = 0; i < (is_full_size() ? 2000 : 100); i++) {
        Probe probe;

        probe_init(
                &probe, host, i % 2 == 0 ? "res:/race" : "res:/guarded", NULL);
        if (i % 3 == 0)
            change(host, atomic_fetch_add(&value, 1) + 1);
        if (i % 5 == 0)
            cut(host, "live:may");
        probe_clear(&probe);
    }
    return NULL;
}

static void
test_churn(void)
{
    Host host;
    Probe probe;
    pthread_t threads[2];

    host_init(&host, (size_t)1 << 20);
    probe_init(&probe, &host, "res:/race", NULL);
    for (size_t i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, churn_run, &host);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    cut(&host, "live:value");
    probe_expect_int(&probe, atomic_load(&value));
    probe_clear(&probe);
    host_clear(&host);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_FATAL_MASK); /* failures are logged */
    g_test_add_func("/live/coalesced", test_coalesced);
    g_test_add_func("/live/without-a-cache", test_without_a_cache);
    g_test_add_func("/live/scopes", test_scopes);
    g_test_add_func("/live/regroup", test_regroup);
    g_test_add_func("/live/failure", test_failure);
    g_test_add_func("/live/refused", test_refused);
    g_test_add_func("/live/time", test_time);
    g_test_add_func("/live/topic", test_topic);
    g_test_add_func("/live/guarded", test_guarded);
    g_test_add_func("/live/stamped", test_stamped);
    g_test_add_func("/live/sometimes-stamped", test_sometimes_stamped);
    g_test_add_func("/live/polled", test_polled);
    g_test_add_func("/live/churn", test_churn);
    g_test_add_func("/live/publish", test_publish);
    g_test_add_func("/live/interleavings", test_interleavings);
    return g_test_run();
}
