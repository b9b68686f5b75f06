/* SPDX-License-Identifier: MIT */

/*
 * follower.c - those who follow resources, on event loops
 *
 * A follower asks as anybody would, overlays and all. Three things may come of
 * it: a topic; the answer from behind the overlays, as it is, and then a live
 * resource that is shared is followed; or an answer that is for this one alone,
 * because an overlay changed it or it depends on what nobody else has. The last
 * is published to a topic of the follower's own, and asked for again by itself.
 *
 * Whatever the overlays asked is watched, and when it is cut, or its time has
 * come, the follower asks anew. What the answer depended on is the business of
 * the live resource.
 *
 * Other threads only put a follower into the queue of its loop. Everything else
 * belongs to the loop, but for the member, which is guarded by the live
 * resource it is in.
 */

#include "private/cache.h"
#include "private/follow.h"
#include "private/kernel.h"
#include "private/representation.h"
#include "private/run.h"
#include "private/thread.h"
#include "private/topic.h"
#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <stdlib.h>

#define UNKNOWN_US   (30 * G_USEC_PER_SEC) /* overlays that say nothing */
#define LEAST_US     (G_USEC_PER_SEC / 10)
#define RESTLESS_MAX 16

struct _FulcraFollower {
    FulcraQueued queued; /* first */
    const FulcraFollowerClass *klass;
    void *user_data;
    void (*watch_root)(FulcraRequest *root, void *user_data); /* (nullable) */
    void *watch_data;
    GDestroyNotify watch_release; /* (nullable) */
    const char *front;
    FulcraContext *context; /* (nullable) */
    FulcraIdentifier *identifier;
    FulcraCutWatch watch;
    FulcraAlarm alarm;

    bool begun; /* it has followed something */
    bool asking, again, left;
    FulcraLive *live;   /* (nullable): either this */
    FulcraTopic *topic; /* (nullable): or a topic, its own or a resource */
    bool own, failing;  /* of a topic of its own */
    unsigned told;      /* which failure of the live resource it knows */
    unsigned backoff_ms, restless;
    FulcraLiveMember member;
};

FulcraFollower *
fulcra__follower_ref(FulcraFollower *self)
{
    fulcra_refs_take(&self->queued.refs);
    return self;
}

void
fulcra__follower_unref(FulcraFollower *self)
{
    if (!fulcra_refs_drop(&self->queued.refs))
        return;
    if (self->watch_release != NULL)
        self->watch_release(self->watch_data);
    fulcra_host_context_unref(self->context);
    fulcra_identifier_unref(self->identifier);
    fulcra__followers_unref(self->queued.home);
    g_free(self);
}

/* The table of live resources. */
static FulcraLives *
follower_lives(FulcraFollower *self)
{
    return fulcra__followers_get_kernel(self->queued.home)->lives;
}

/* --- what wakes a follower --- */

static void
follower_cut(FulcraCutWatch *watch)
{
    fulcra__follower_tell(FULCRA__CONTAINER_OF(watch, FulcraFollower, watch),
            FULCRA__FOLLOWER_ASK);
}

static void
follower_hold(FulcraAlarm *alarm)
{
    fulcra__follower_ref(FULCRA__CONTAINER_OF(alarm, FulcraFollower, alarm));
}

static void
follower_ring(FulcraAlarm *alarm)
{
    FulcraFollower *self = FULCRA__CONTAINER_OF(alarm, FulcraFollower, alarm);

    fulcra__follower_tell(self, FULCRA__FOLLOWER_ASK);
    fulcra__follower_unref(self);
}

static void
follower_set_alarm(FulcraFollower *self, int64_t in_us)
{
    fulcra__alarm_set(fulcra__lives_get_deadlines(follower_lives(self)),
            &self->alarm, in_us);
}

/* Watches @ledger (nullable) and, where layers of its scope are of modules that
 * may be replaced, every publish. */
static void
follower_watch(FulcraFollower *self, FulcraRequest *request,
        const FulcraLedger *ledger, bool publishes)
{
    size_t n = ledger == NULL ? 0 : ledger->n_slots;
    g_autofree FulcraCutSlot *slots = g_new(FulcraCutSlot, n + 1);

    for (size_t i = 0; i < n; i++)
        slots[i] = ledger->slots[i];
    if (publishes)
        slots[n++] = fulcra__cut_slot_of_space(FULCRA__CUT_PUBLISH);
    fulcra__cut_watch(&self->watch, slots, n);
    if (n == 0 || !fulcra__request_was_overtaken(request, ledger))
        self->restless = 0;
    else if (self->restless++ < RESTLESS_MAX)
        fulcra__follower_tell(self, FULCRA__FOLLOWER_ASK);
    else
        follower_set_alarm(self, LEAST_US);
}

/* --- making and ending --- */

FulcraFollower *
fulcra_host_follower_new(FulcraFollowers *home, const char *front,
        FulcraContext *context, FulcraIdentifier *identifier,
        const FulcraFollowerClass *klass, void *user_data)
{
    FulcraFollower *self = g_new0(FulcraFollower, 1);

    fulcra__followers_add(home, &self->queued);
    self->klass = klass;
    self->user_data = user_data;
    self->front = fulcra_intern(front);
    self->context = context == NULL ? NULL : fulcra_host_context_ref(context);
    self->identifier = fulcra_identifier_ref(identifier);
    self->watch.cut = follower_cut;
    self->alarm.hold = follower_hold;
    self->alarm.ring = follower_ring;
    return self;
}

void
fulcra_host_follower_watch_roots(FulcraFollower *self,
        void (*watch)(FulcraRequest *root, void *user_data), void *user_data,
        GDestroyNotify release)
{
    g_return_if_fail(self->watch_root == NULL && !self->begun && !self->asking);
    self->watch_root = watch;
    self->watch_data = user_data;
    self->watch_release = release;
}

bool
fulcra__follower_is_watched(FulcraFollower *self)
{
    return self->watch_root != NULL;
}

void
fulcra__follower_show_root(FulcraFollower *self, FulcraRequest *root)
{
    if (self->watch_root != NULL)
        self->watch_root(root, self->watch_data);
}

static void
follower_let_go(FulcraFollower *self)
{
    FulcraLive *live = g_steal_pointer(&self->live);

    if (live != NULL)
        fulcra__live_leave(live, self);
    g_clear_pointer(&self->topic, fulcra_topic_unref);
    self->own = self->failing = false;
}

void
fulcra_host_follower_leave(FulcraFollower *self)
{
    if (self == NULL)
        return;
    self->left = true;
    fulcra__cut_watch(&self->watch, NULL, 0);
    follower_set_alarm(self, -1);
    follower_let_go(self);
    fulcra__follower_unref(self);
}

FulcraLiveMember *
fulcra__follower_get_member(FulcraFollower *self)
{
    return &self->member;
}

bool
fulcra_host_follower_is_failing(FulcraFollower *self)
{
    return self->live != NULL ? fulcra__live_is_failing(self->live, NULL) != 0
                              : self->failing;
}

/* --- what was found --- */

/* What an overlay answers in place of the resource, for HTTP. (transfer full)
 * (nullable) */
static GError *
refusal_of(FulcraFollower *self, FulcraRepresentation *answer)
{
    const char *code =
            fulcra_representation_get_header(answer, "httpResponse:/code");
    long status = code == NULL ? 0 : strtol(code, NULL, 10);

    if (status < 400)
        return NULL;
    return g_error_new(FULCRA_ERROR,
            status == 401 || status == 403 ? FULCRA_ERROR_FORBIDDEN
                                           : FULCRA_ERROR_FAILED,
            "%s was answered with status %ld",
            fulcra_identifier_get_text(self->identifier), status);
}

/* What cannot be followed, and why. (transfer full) */
static GError *
unfollowable(FulcraFollower *self, const char *why)
{
    return g_error_new(FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "%s cannot be followed: nobody would know when it changes, because "
            "%s; attach an expiry key, or state an expiry",
            fulcra_identifier_get_text(self->identifier), why);
}

static void
follower_end(FulcraFollower *self, const GError *error)
{
    if (self->begun)
        fulcra_host_stats_add(FULCRA_STAT_SUBSCRIPTIONS_ENDED, 1);
    fulcra__cut_watch(&self->watch, NULL, 0);
    follower_set_alarm(self, -1);
    self->left = true;
    fulcra__follower_ref(self); /* who is told will leave */
    self->klass->ended(self, error, self->user_data);
    fulcra__follower_unref(self);
}

/* In how long it asks its overlays again; negative: never by time. */
static int64_t
overlays_next_look(FulcraRequest *request)
{
    int64_t in = fulcra__ledger_next_look(request->ledger);

    if (in < 0 && request->ledger->unknown != NULL)
        in = UNKNOWN_US;
    return in;
}

/* The resource is a topic by itself. */
static void
follower_take_topic(FulcraFollower *self, FulcraRequest *request,
        FulcraRepresentation *answer)
{
    FulcraTopic *topic =
            fulcra_representation_get_boxed(answer, FULCRA_TYPE_TOPIC);
    bool guarded = request->route != NULL;

    if (self->topic != topic) {
        follower_let_go(self);
        self->topic = fulcra_topic_ref(topic);
        self->klass->follows(self, topic, false, self->user_data);
    }
    if (self->left)
        return;
    follower_set_alarm(self, guarded ? overlays_next_look(request) : -1);
    follower_watch(self, request, guarded ? request->ledger : NULL, true);
}

/* The scope that the live resource may be evaluated in. */
static FulcraLiveMember
member_of(FulcraFollower *self, FulcraRequest *request, FulcraWayIn *way)
{
    FulcraLiveMember member = { .context = g_steal_pointer(&way->context) };

    if (member.context != self->context)
        member.table = fulcra_host_table_ref(request->root->table);
    return member;
}

static void
join_live(FulcraFollower *self, FulcraRequest *request,
        const FulcraLiveKey *key, const FulcraWayIn *way,
        FulcraLiveMember *fresh, const GError *error)
{
    follower_let_go(self);
    self->told = 0;
    self->member = *fresh;
    *fresh = (FulcraLiveMember){ 0 };
    self->live = fulcra__live_join(follower_lives(self), key, self, request,
            error == NULL ? way->answer : NULL, error);
    self->klass->follows(
            self, fulcra__live_get_topic(self->live), true, self->user_data);
}

/* @error: (nullable): it fails behind the overlays */
static void
follower_share(FulcraFollower *self, FulcraRequest *request, FulcraWayIn *way,
        const GError *error)
{
    bool guarded = way->n_overlays > 0;
    FulcraLiveMember fresh = member_of(self, request, way);
    bool pinned = fresh.table != NULL;
    FulcraLiveKey key = { self->identifier, self->front, way->n_overlays,
        way->ledger };

    if (self->live != NULL &&
            (fulcra__live_is(self->live, &key) || (error != NULL && guarded)))
        fulcra__live_refresh(self->live, self, &fresh);
    else
        join_live(self, request, &key, way, &fresh, error);
    fulcra__live_member_clear(&fresh);
    if (self->left)
        return;
    follower_set_alarm(self, guarded ? overlays_next_look(request) : -1);
    follower_watch(self, request, guarded ? request->ledger : NULL, pinned);
}

/* What the overlays asked, and what was asked behind them. (transfer full) */
static FulcraLedger *
whole_ledger(FulcraRequest *request, const FulcraWayIn *way)
{
    FulcraLedger *whole = fulcra__ledger_new();

    whole->began = request->ledger->began;
    fulcra__ledger_merge(whole, request->ledger, NULL);
    if (way->ledger != NULL && way->ledger != request->ledger)
        fulcra__ledger_merge(whole, way->ledger, NULL);
    return whole;
}

static void
follower_fail_alone(FulcraFollower *self, const GError *error)
{
    if (self->failing)
        return;
    self->failing = true;
    self->klass->failed(self, error, self->user_data);
}

/* For it alone. One of @answer and @error is NULL. */
static void
follower_keep(FulcraFollower *self, FulcraRequest *request, FulcraWayIn *way,
        FulcraRepresentation *answer, const GError *error)
{
    g_autoptr(FulcraLedger) whole = whole_ledger(request, way);
    int64_t in = fulcra__ledger_next_look(whole);

    if (in < 0 && request->route != NULL && request->ledger->unknown != NULL)
        in = UNKNOWN_US;
    if (error != NULL)
        in = fulcra__backoff(&self->backoff_ms);
    else
        self->backoff_ms = 0;
    if (!self->own) {
        FulcraTopic *topic = fulcra__topic_new(NULL);

        if (answer != NULL)
            fulcra_topic_publish(topic, answer);
        follower_let_go(self);
        self->topic = topic;
        self->own = true;
        self->klass->follows(self, topic, true, self->user_data);
    } else if (answer != NULL) {
        fulcra__topic_publish_change(self->topic, answer, self->failing);
    }
    if (self->left)
        return;
    if (error != NULL)
        follower_fail_alone(self, error);
    else
        self->failing = false;
    if (self->left)
        return;
    follower_set_alarm(self, in);
    follower_watch(self, request, whole, false);
}

/* Why its expiry cannot be known. (nullable) static */
static const char *
why_unknown(FulcraRequest *request, const FulcraWayIn *way,
        FulcraRepresentation *answer)
{
    if (way->reached && (way->plain || way->why_unknown != NULL))
        return way->why_unknown;
    /* what an overlay made of it */
    if (way->reached &&
            (way->answer == answer || fulcra__cache_stated_expiry(request) !=
                                              FULCRA_EXPIRY_ALWAYS))
        return NULL;
    return fulcra__cache_why_unknown(request);
}

static void
follower_take_answer(FulcraFollower *self, FulcraRequest *request,
        FulcraWayIn *way, FulcraRepresentation *answer)
{
    const char *why = why_unknown(request, way, answer);
    g_autoptr(GError) error = NULL;

    if (fulcra_representation_has_type(answer, FULCRA_TYPE_TOPIC)) {
        follower_take_topic(self, request, answer);
    } else if (why != NULL) {
        error = unfollowable(self, why);
        if (self->begun)
            follower_keep(self, request, way, NULL, error);
        else
            follower_end(self, error);
    } else if (way->reached && way->answer != NULL && way->plain &&
               way->why_not == NULL) {
        follower_share(self, request, way, NULL);
    } else {
        follower_keep(self, request, way, answer, NULL);
    }
}

static void
follower_take_error(FulcraFollower *self, FulcraRequest *request,
        FulcraWayIn *way, const GError *error)
{
    bool is_topic = self->topic != NULL && !self->own;
    bool guarded = way->n_overlays > 0;

    if (!self->begun || !way->reached)
        follower_end(self, error); /* the overlays do not let it pass */
    else if (is_topic)
        return; /* it was published there, and is as long as it is a topic */
    else if (way->answer == NULL && way->plain &&
             (!guarded ||
                     (self->live != NULL && !fulcra__live_is_over(self->live))))
        follower_share(self, request, way, error);
    else /* overlays may change what it will be when it is no error */
        follower_keep(self, request, way, NULL, error);
}

/* --- asking --- */

static void
follower_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    FulcraFollower *self = user_data;
    g_autoptr(FulcraWayIn) way = fulcra__way_in_take(request);
    g_autoptr(GError) refusal =
            answer == NULL ? NULL : refusal_of(self, answer);
    bool again = self->again;

    self->asking = self->again = false;
    if (self->left) {
        fulcra__follower_unref(self);
        return;
    }
    if (error != NULL || refusal != NULL)
        follower_take_error(
                self, request, way, error != NULL ? error : refusal);
    else
        follower_take_answer(self, request, way, answer);
    self->begun = true;
    if (again && !self->left)
        fulcra__follower_tell(self, FULCRA__FOLLOWER_ASK);
    fulcra__follower_unref(self);
}

static void
follower_ask(FulcraFollower *self)
{
    if (self->asking) {
        self->again = true;
        return;
    }
    self->asking = true;
    g_autoptr(FulcraRequest) request = fulcra__request_new_following(
            fulcra__followers_get_kernel(self->queued.home), self->front,
            self->context, self->identifier);
    fulcra__follower_show_root(self, request);
    fulcra_request_issue_async(
            request, follower_answered, fulcra__follower_ref(self));
}

void
fulcra_host_follower_begin(FulcraFollower *self)
{
    g_return_if_fail(!self->begun && !self->asking);
    follower_ask(self);
}

static void
follower_hear_of_failure(FulcraFollower *self)
{
    g_autoptr(GError) error = NULL;
    unsigned which = self->live == NULL
                             ? 0
                             : fulcra__live_is_failing(self->live, &error);

    if (which == 0 || which == self->told)
        return;
    self->told = which;
    self->klass->failed(self, error, self->user_data);
}

void
fulcra__follower_take(FulcraFollower *self, unsigned news)
{
    if (!self->left && (news & FULCRA__FOLLOWER_FAILED) != 0)
        follower_hear_of_failure(self);
    if (!self->left && (news & FULCRA__FOLLOWER_ASK) != 0)
        follower_ask(self);
}
