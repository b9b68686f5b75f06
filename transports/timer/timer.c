/* SPDX-License-Identifier: MIT */

/*
 * timer.c - see timer.h
 *
 * Built, started and stopped by the thread that loads modules; everything else
 * happens on the loop. An Interval is held by the loader and by the request
 * that is under way, so that a stop does not wait for an answer.
 */

#include "timer/timer.h"
#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <fulcra/identifier.h>
#include <fulcra/log.h>

typedef struct {
    FulcraRefs refs;
    FulcraKernel *kernel;
    FulcraLoop *loop; /* (nullable) */
    char *space;
    FulcraIdentifier *identifier;
    FulcraVerb verb;
    int64_t every_ns;

    /* on the loop */
    FulcraTimer timer;
    int64_t due_ns;
    FulcraRequest *running; /* (nullable) */
    bool failing;           /* the last one did: say so only once */
} Interval;

static void
interval_unref(void *data)
{
    Interval *self = data;

    if (!fulcra_refs_drop(&self->refs))
        return;
    fulcra_identifier_unref(self->identifier);
    g_free(self->space);
    g_free(self);
}

/* --- ticking, on the loop --- */

static void
answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Interval *self = user_data;

    (void)answer;
    if (error != NULL && !self->failing &&
            !g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_CANCELLED))
        fulcra_log_warning(request, "timer: %s %s: %s",
                fulcra_verb_to_string(self->verb),
                fulcra_identifier_get_text(self->identifier), error->message);
    self->failing = error != NULL;
    g_clear_pointer(&self->running, fulcra_request_unref);
    interval_unref(self);
}

static void
issue(Interval *self)
{
    FulcraRequest *request = fulcra_host_request_new_root(
            self->kernel, self->space, NULL, self->verb, self->identifier);

    fulcra_host_stats_add(FULCRA_STAT_TIMER_TICKS, 1);
    fulcra_refs_take(&self->refs);
    self->running = request;
    /* may be answered before the call returns */
    fulcra_request_issue_async(request, answered, self);
}

/* Sets the timer for the next time that has not passed yet; what passed
 * meanwhile is left out. */
static void
schedule(Interval *self)
{
    int64_t now = fulcra_loop_now_ns(self->loop);

    self->due_ns += self->every_ns;
    if (self->due_ns <= now) {
        int64_t missed = (now - self->due_ns) / self->every_ns + 1;

        fulcra_host_stats_add(FULCRA_STAT_TIMER_SKIPPED, missed);
        self->due_ns += missed * self->every_ns;
    }
    fulcra_loop_set_timer(self->loop, &self->timer,
            (unsigned)((self->due_ns - now + 999999) / 1000000));
}

static void
fire(FulcraTimer *timer)
{
    Interval *self = (Interval *)((char *)timer - offsetof(Interval, timer));

    schedule(self);
    if (self->running != NULL)
        fulcra_host_stats_add(FULCRA_STAT_TIMER_SKIPPED, 1);
    else
        issue(self);
}

/* --- starting and stopping, from the thread that loads --- */

/* Something to be done on the loop, waited for. */
typedef struct {
    FulcraTask task;
    Interval *interval;
    bool starts;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
} Order;

static void
order_run(FulcraTask *task)
{
    Order *self = (Order *)task;
    Interval *interval = self->interval;

    if (self->starts) {
        interval->due_ns = fulcra_loop_now_ns(interval->loop);
        schedule(interval);
    } else {
        fulcra_loop_clear_timer(interval->loop, &interval->timer);
        if (interval->running != NULL)
            fulcra_request_cancel(interval->running);
    }
    pthread_mutex_lock(&self->lock);
    self->done = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static void
order(Interval *interval, bool starts)
{
    Order self = { { NULL, order_run }, interval, starts,
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };

    if (interval->loop == NULL)
        return;
    fulcra_loop_post(interval->loop, &self.task);
    pthread_mutex_lock(&self.lock);
    while (!self.done)
        pthread_cond_wait(&self.changed, &self.lock);
    pthread_mutex_unlock(&self.lock);
}

static void
interval_start(void *instance)
{
    order(instance, true);
}

static void
interval_stop(void *instance)
{
    order(instance, false);
}

/* --- building one from a definition --- */

static const FulcraSchemaKey request_keys[] = {
    { "identifier", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "what is asked for" },
    { "verb", FULCRA_SCHEMA_TEXT, .fallback = "SOURCE",
            .help = "what is asked of it" },
    { NULL },
};

static const FulcraSchema request_schema = { "request", request_keys, NULL,
    NULL };

static const FulcraSchemaKey timer_keys[] = {
    { "every", FULCRA_SCHEMA_DURATION, .required = true, .min = 10,
            .max = INT64_C(24) * 3600 * 1000,
            .help = "the time from one tick to the next" },
    { "request", FULCRA_SCHEMA_OBJECT, .required = true, .of = &request_schema,
            .help = "what a tick asks for, in this space" },
    { NULL },
};

static const FulcraSchema timer_schema = { "timer", timer_keys, NULL,
    "Requests at regular intervals." };

static void *
interval_build(FulcraEntry *entry)
{
    JsonObject *request =
            json_object_get_object_member(entry->definition, "request");
    JsonNode *verb = json_object_get_member(request, "verb");
    FulcraVerb meant = FULCRA_VERB_SOURCE;
    FulcraIdentifier *identifier = fulcra_host_entry_get_identifier(
            entry, json_object_get_member(request, "identifier"));
    bool fine = verb == NULL || fulcra_host_entry_get_verb(entry, verb, &meant);

    if (identifier == NULL || !fine) {
        fulcra_identifier_unref(identifier);
        return NULL;
    }

    Interval *self = g_new0(Interval, 1);
    fulcra_refs_init(&self->refs);
    self->kernel = entry->kernel;
    self->loop = entry->user_data;
    self->space = g_strdup(fulcra_host_space_get_uri(entry->space));
    self->identifier = identifier;
    self->verb = meant;
    self->every_ns = 1000000 * fulcra_host_json_get_duration(
                                       entry->definition, "every", 1000);
    self->timer.fire = fire;
    return self;
}

const FulcraKind fulcra_kind_timer = {
    .size = sizeof(FulcraKind),
    .name = "timer",
    .schema = &timer_schema,
    .help = "requests at regular intervals",
    .build = interval_build,
    .start = interval_start,
    .stop = interval_stop,
    .free = interval_unref,
};
