/* SPDX-License-Identifier: MIT */

/*
 * live.c - resources that somebody follows
 *
 * `state` says whether an evaluation is queued or under way. Whoever is told of
 * a cut moves it from IDLE to EVALUATING and queues the one task; where it is
 * EVALUATING already there is nothing to do: at the end of an evaluation it
 * becomes IDLE, and then the cut clock is asked whether something was cut since
 * the evaluation began. So a hundred cuts are one evaluation under way and one
 * that follows, and none is lost. What the members below `lock` say is written
 * by who evaluates and by those who come and go.
 *
 * An evaluation runs on a worker, in the scope of one of the followers. What it
 * depended on takes the place of what the last one did. Where that names
 * something that its followers do not have in common, they are told to ask each
 * for itself, and this live resource is no more.
 */

#include "private/cache.h"
#include "private/context.h"
#include "private/follow.h"
#include "private/kernel.h"
#include "private/run.h"
#include "private/topic.h"
#include <fulcra-host/stats.h>
#include <fulcra/log.h>

#define LEAST_US     (G_USEC_PER_SEC / 10)
#define RESTLESS_MAX 16 /* cut while it is evaluated, so often in a row */

enum { STATE_IDLE, STATE_EVALUATING, STATE_OVER };

struct _FulcraLives {
    FulcraKernel *kernel;
    FulcraDeadlines *deadlines;
    atomic_bool stopping;
    pthread_mutex_t lock;
    GHashTable *table; /* set of FulcraLive, none held: guarded by lock */
};

struct _FulcraLive {
    FulcraRefs refs;
    FulcraLives *home;
    FulcraLiveKey key; /* what it is filed under */
    FulcraTopic *topic;
    atomic_int state;
    FulcraTask task;
    FulcraCutWatch watch;
    FulcraAlarm alarm;
    pthread_mutex_t lock; /* guards what follows */
    FulcraFollower *followers;
    GError *error;      /* (nullable): it fails */
    unsigned n_watched; /* followers whose roots somebody watches */
    unsigned n_failures, backoff_ms, restless;
    bool over; /* it is not in the table any more */
};

FulcraDeadlines *
fulcra__lives_get_deadlines(FulcraLives *self)
{
    return self->deadlines;
}

/* --- the table --- */

static unsigned
live_hash(const void *live)
{
    const FulcraLiveKey *self = &((const FulcraLive *)live)->key;
    uint64_t hash = fulcra_identifier_hash(self->identifier);

    hash = hash * 31 + (uintptr_t)self->front;
    for (unsigned i = 0; i < self->ledger->n_noted; i++)
        hash = (hash + self->ledger->noted[i].value) * 0x9e3779b97f4a7c15u;
    return (unsigned)(hash ^ hash >> 32);
}

static bool
notes_equal(const FulcraLedger *a, const FulcraLedger *b)
{
    if (a->n_noted != b->n_noted)
        return false;
    for (unsigned i = 0; i < a->n_noted; i++)
        if (a->noted[i].kind != b->noted[i].kind ||
                a->noted[i].name != b->noted[i].name ||
                a->noted[i].value != b->noted[i].value)
            return false;
    return true;
}

static int
live_equal(const void *a, const void *b)
{
    const FulcraLiveKey *one = &((const FulcraLive *)a)->key;
    const FulcraLiveKey *other = &((const FulcraLive *)b)->key;

    return one->front == other->front && one->n_overlays == other->n_overlays &&
           fulcra_identifier_equal(one->identifier, other->identifier) &&
           notes_equal(one->ledger, other->ledger);
}

FulcraLives *
fulcra__lives_new(FulcraKernel *kernel)
{
    FulcraLives *self = g_new0(FulcraLives, 1);

    self->kernel = kernel;
    self->deadlines = fulcra__alarms_new();
    pthread_mutex_init(&self->lock, NULL);
    self->table = g_hash_table_new(live_hash, live_equal);
    return self;
}

void
fulcra__lives_stop(FulcraLives *self)
{
    atomic_store(&self->stopping, true);
    fulcra__deadlines_stop(self->deadlines);
}

void
fulcra__lives_free(FulcraLives *self)
{
    g_assert(g_hash_table_size(self->table) == 0); /* who follows has left */
    g_hash_table_unref(self->table);
    fulcra__deadlines_free(self->deadlines);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

/* --- making and ending --- */

static FulcraLive *
live_ref(FulcraLive *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

static void
live_unref(FulcraLive *self)
{
    if (!fulcra_refs_drop(&self->refs))
        return;
    fulcra_topic_unref(self->topic);
    fulcra_identifier_unref(self->key.identifier);
    fulcra__ledger_unref((FulcraLedger *)self->key.ledger);
    g_clear_error(&self->error);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
    fulcra_host_stats_add(FULCRA_STAT_LIVE_RESOURCES, -1);
}

static void live_cut(FulcraCutWatch *watch);
static void live_run(FulcraTask *task);
static void live_hold(FulcraAlarm *alarm);
static void live_ring(FulcraAlarm *alarm);

/* It is being evaluated from the start: by who makes it. */
static FulcraLive *
live_new(FulcraLives *home, const FulcraLiveKey *key)
{
    FulcraLive *self = g_new0(FulcraLive, 1);

    fulcra_refs_init(&self->refs);
    self->home = home;
    self->key = *key;
    fulcra_identifier_ref(self->key.identifier);
    fulcra__ledger_ref((FulcraLedger *)self->key.ledger);
    self->topic = fulcra__topic_new(NULL);
    self->task.run = live_run;
    self->watch.cut = live_cut;
    self->alarm.hold = live_hold;
    self->alarm.ring = live_ring;
    atomic_init(&self->state, STATE_EVALUATING);
    pthread_mutex_init(&self->lock, NULL);
    fulcra_host_stats_add(FULCRA_STAT_LIVE_RESOURCES, 1);
    return self;
}

/* With both locks. */
static void
live_leave_table(FulcraLive *self)
{
    if (!self->over)
        g_hash_table_remove(self->home->table, self);
    self->over = true;
    atomic_store(&self->state, STATE_OVER);
    fulcra__cut_watch(&self->watch, NULL, 0);
    fulcra__alarm_set(self->home->deadlines, &self->alarm, -1);
}

/* --- when to evaluate --- */

static void
live_begin(FulcraLive *self)
{
    int idle = STATE_IDLE;

    if (atomic_load(&self->home->stopping) ||
            !atomic_compare_exchange_strong(
                    &self->state, &idle, STATE_EVALUATING))
        return;
    live_ref(self);
    fulcra__pool_post(self->home->kernel->pool, &self->task, FULCRA__BEGIN);
}

static void
live_cut(FulcraCutWatch *watch)
{
    live_begin(FULCRA__CONTAINER_OF(watch, FulcraLive, watch));
}

static void
live_hold(FulcraAlarm *alarm)
{
    live_ref(FULCRA__CONTAINER_OF(alarm, FulcraLive, alarm));
}

static void
live_ring(FulcraAlarm *alarm)
{
    FulcraLive *self = FULCRA__CONTAINER_OF(alarm, FulcraLive, alarm);

    live_begin(self);
    live_unref(self);
}

/* --- what an evaluation has come to --- */

/* With the lock. */
static void
live_tell(FulcraLive *self, FulcraFollowerNews news)
{
    for (FulcraFollower *follower = self->followers; follower != NULL;
            follower = fulcra__follower_get_member(follower)->next)
        fulcra__follower_tell(follower, news);
}

/* Its followers are not alike any more, or not in the way they were. */
static void
live_dissolve(FulcraLive *self)
{
    pthread_mutex_lock(&self->home->lock);
    pthread_mutex_lock(&self->lock);
    live_leave_table(self);
    live_tell(self, FULCRA__FOLLOWER_ASK);
    pthread_mutex_unlock(&self->lock);
    pthread_mutex_unlock(&self->home->lock);
    fulcra_host_stats_add(FULCRA_STAT_LIVE_REGROUPED, 1);
}

/* With the lock. */
static void
live_fail(FulcraLive *self, const GError *error)
{
    bool began = self->error == NULL;

    g_clear_error(&self->error);
    self->error = g_error_copy(error);
    if (!began)
        return;
    self->n_failures++;
    fulcra_host_stats_add(FULCRA_STAT_LIVE_FAILED, 1);
    fulcra_log_warning(NULL, "%s, which is followed, fails: %s",
            fulcra_identifier_get_text(self->key.identifier), error->message);
    live_tell(self, FULCRA__FOLLOWER_FAILED);
}

/* With the lock: what is watched, and what the clock is set to. */
static void
live_arm(FulcraLive *self, const FulcraLedger *ledger)
{
    int64_t in = fulcra__ledger_next_look(ledger);

    if (self->over)
        return;
    if (self->error != NULL)
        in = fulcra__backoff(&self->backoff_ms);
    else
        self->backoff_ms = 0;
    fulcra__cut_watch(&self->watch, ledger->slots, ledger->n_slots);
    fulcra__alarm_set(self->home->deadlines, &self->alarm, in);
}

/* Whether an evaluation that was cut is to be repeated at once. One that cuts
 * what it depends on would never come to an end. */
static bool
live_repeats(FulcraLive *self, bool was_cut)
{
    pthread_mutex_lock(&self->lock);
    self->restless = was_cut ? self->restless + 1 : 0;
    bool repeats = was_cut && self->restless <= RESTLESS_MAX;
    if (was_cut && !repeats && !self->over)
        fulcra__alarm_set(self->home->deadlines, &self->alarm, LEAST_US);
    pthread_mutex_unlock(&self->lock);
    return repeats;
}

/* One of @answer and @error is NULL. */
static void
live_settle(FulcraLive *self, FulcraRequest *request,
        FulcraRepresentation *answer, const GError *error,
        const FulcraLedger *ledger)
{
    int evaluating = STATE_EVALUATING;

    pthread_mutex_lock(&self->lock);
    bool failed = self->error != NULL;
    if (error != NULL)
        live_fail(self, error);
    else
        g_clear_error(&self->error);
    live_arm(self, ledger);
    pthread_mutex_unlock(&self->lock);
    if (answer != NULL)
        fulcra__topic_publish_change(self->topic, answer, failed);
    if (atomic_compare_exchange_strong(&self->state, &evaluating, STATE_IDLE) &&
            live_repeats(self, fulcra__request_was_overtaken(request, ledger)))
        live_begin(self);
}

/* --- evaluating --- */

/* All that it notes is what the followers have in common. */
static bool
notes_within(const FulcraLedger *self, const FulcraLedger *common)
{
    for (unsigned i = 0; i < self->n_noted; i++) {
        const FulcraNoted *noted = &self->noted[i];
        unsigned k = 0;

        while (k < common->n_noted &&
                (common->noted[k].kind != noted->kind ||
                        common->noted[k].name != noted->name))
            k++;
        if (k == common->n_noted || common->noted[k].value != noted->value)
            return false;
    }
    return true;
}

/* Why the followers have to ask for themselves what it is now. */
static bool
is_another(
        FulcraLive *self, FulcraRequest *request, FulcraRepresentation *answer)
{
    return request->root->n_overlays != self->key.n_overlays ||
           !notes_within(request->ledger, self->key.ledger) ||
           (answer != NULL &&
                   (fulcra_representation_has_type(answer, FULCRA_TYPE_TOPIC) ||
                           fulcra__cache_why_not(request) != NULL));
}

static void
evaluated(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    FulcraLive *self = user_data;
    g_autoptr(FulcraWayIn) way = fulcra__way_in_take(request);

    if (is_another(self, request, answer))
        live_dissolve(self);
    else
        live_settle(self, request, answer, error, way->ledger);
    live_unref(self);
}

/* With the lock. */
static void
live_show(FulcraLive *self, FulcraRequest *request)
{
    unsigned left = self->n_watched;

    for (FulcraFollower *follower = self->followers; left > 0;
            follower = fulcra__follower_get_member(follower)->next) {
        left -= fulcra__follower_is_watched(follower);
        fulcra__follower_show_root(follower, request);
    }
}

/* The scope of one who follows. (transfer full) (nullable): NULL where nobody
 * does any more */
static FulcraRequest *
live_request(FulcraLive *self)
{
    FulcraRequest *request = NULL;

    pthread_mutex_lock(&self->lock);
    if (self->followers != NULL) {
        FulcraLiveMember *member = fulcra__follower_get_member(self->followers);

        request = fulcra__request_new_following(self->home->kernel,
                self->key.front, member->context, self->key.identifier);
        request->root->behind = true;
        if (member->table != NULL)
            request->root->older = fulcra_host_table_ref(member->table);
        live_show(self, request);
    }
    pthread_mutex_unlock(&self->lock);
    return request;
}

static void
live_run(FulcraTask *task)
{
    FulcraLive *self = FULCRA__CONTAINER_OF(task, FulcraLive, task);
    g_autoptr(FulcraRequest) request = live_request(self);

    if (request == NULL) {
        live_unref(self);
        return;
    }
    fulcra_host_stats_add(FULCRA_STAT_LIVE_EVALUATIONS, 1);
    fulcra_request_issue_async(request, evaluated, self);
}

/* --- those who follow --- */

/* With the lock. */
static void
live_add(FulcraLive *self, FulcraFollower *follower)
{
    FulcraLiveMember *member = fulcra__follower_get_member(follower);

    member->previous = NULL;
    member->next = self->followers;
    self->n_watched += fulcra__follower_is_watched(follower);
    if (self->followers != NULL)
        fulcra__follower_get_member(self->followers)->previous = follower;
    self->followers = follower;
}

FulcraLive *
fulcra__live_join(FulcraLives *lives, const FulcraLiveKey *key,
        FulcraFollower *follower, FulcraRequest *request,
        FulcraRepresentation *answer, const GError *error)
{
    FulcraLive wanted = { .key = *key };

    pthread_mutex_lock(&lives->lock);
    FulcraLive *self = g_hash_table_lookup(lives->table, &wanted);
    bool is_new = self == NULL;
    if (is_new)
        g_hash_table_add(lives->table, self = live_new(lives, key));
    else
        live_ref(self);
    pthread_mutex_lock(&self->lock);
    live_add(self, follower);
    if (self->error != NULL)
        fulcra__follower_tell(follower, FULCRA__FOLLOWER_FAILED);
    pthread_mutex_unlock(&self->lock);
    pthread_mutex_unlock(&lives->lock);
    if (is_new)
        live_settle(self, request, answer, error, key->ledger);
    return self;
}

bool
fulcra__live_is_over(FulcraLive *self)
{
    pthread_mutex_lock(&self->lock);
    bool over = self->over;
    pthread_mutex_unlock(&self->lock);
    return over;
}

bool
fulcra__live_is(FulcraLive *self, const FulcraLiveKey *key)
{
    return !fulcra__live_is_over(self) &&
           self->key.n_overlays == key->n_overlays &&
           notes_within(key->ledger, self->key.ledger);
}

void
fulcra__live_member_clear(FulcraLiveMember *self)
{
    fulcra_host_context_unref(self->context);
    fulcra_host_table_unref(self->table);
    *self = (FulcraLiveMember){ 0 };
}

void
fulcra__live_refresh(
        FulcraLive *self, FulcraFollower *follower, FulcraLiveMember *fresh)
{
    FulcraLiveMember *member = fulcra__follower_get_member(follower);

    pthread_mutex_lock(&self->lock);
    FulcraLiveMember before = { .context = member->context,
        .table = member->table };
    member->context = g_steal_pointer(&fresh->context);
    member->table = g_steal_pointer(&fresh->table);
    pthread_mutex_unlock(&self->lock);
    fulcra__live_member_clear(&before);
}

void
fulcra__live_leave(FulcraLive *self, FulcraFollower *follower)
{
    FulcraLives *lives = self->home;
    FulcraLiveMember *member = fulcra__follower_get_member(follower);

    pthread_mutex_lock(&lives->lock);
    pthread_mutex_lock(&self->lock);
    self->n_watched -= fulcra__follower_is_watched(follower);
    if (member->previous != NULL)
        fulcra__follower_get_member(member->previous)->next = member->next;
    else
        self->followers = member->next;
    if (member->next != NULL)
        fulcra__follower_get_member(member->next)->previous = member->previous;
    if (self->followers == NULL)
        live_leave_table(self);
    pthread_mutex_unlock(&self->lock);
    pthread_mutex_unlock(&lives->lock);
    fulcra__live_member_clear(member);
    live_unref(self);
}

FulcraTopic *
fulcra__live_get_topic(FulcraLive *self)
{
    return self->topic;
}

unsigned
fulcra__live_is_failing(FulcraLive *self, GError **error)
{
    pthread_mutex_lock(&self->lock);
    unsigned which = self->error == NULL ? 0 : self->n_failures;
    if (which != 0 && error != NULL)
        *error = g_error_copy(self->error);
    pthread_mutex_unlock(&self->lock);
    return which;
}
