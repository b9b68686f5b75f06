/* SPDX-License-Identifier: MIT */

/*
 * timer.c - see timer.h
 *
 * Built, started and stopped by the thread that loads modules; everything else
 * happens on the loop. A Schedule is held by the loader and by the request
 * that is under way, so that a stop does not wait for its code.
 *
 * Intervals count on the monotonic clock. What a cron expression means is on
 * the wall, and that clock can be set: it is looked at once a minute at least.
 */

#include "timer/timer.h"
#include "timer/cron.h"
#include <fulcra-host/declared.h>
#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <fulcra/identifier.h>
#include <fulcra/log.h>

#define LOOK_MS 60000

typedef struct {
    FulcraRefs refs;
    FulcraKernel *kernel;
    FulcraLoop *loop;  /* (nullable) */
    GPtrArray *spaces; /* of FulcraSpace: the published one, then inwards */
    FulcraDeclaredRequest *request;
    int64_t every_ns;
    GTimeZone *zone; /* (nullable): then `cron` is not used */
    FulcraCron cron;

    /* on the loop */
    FulcraTimer timer;
    int64_t due_ns;
    FulcraCronClock clock;
    FulcraRequest *running; /* (nullable): until its code has returned */
    bool failing;           /* the last one did: say so only once */
} Schedule;

static void
schedule_unref(void *data)
{
    Schedule *self = data;

    if (!fulcra_refs_drop(&self->refs))
        return;
    fulcra_host_declared_request_free(self->request);
    g_clear_pointer(&self->zone, g_time_zone_unref);
    g_ptr_array_unref(self->spaces);
    g_free(self);
}

/* --- ticking, on the loop --- */

static void
returned(FulcraRequest *request, void *user_data)
{
    Schedule *self = user_data;

    (void)request;
    g_clear_pointer(&self->running, fulcra_request_unref);
    schedule_unref(self);
}

/* After a time-out and after a stop its code may still run: until that has
 * returned there is no other tick, and the schedule is not let go of. */
static void
answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Schedule *self = user_data;

    (void)answer;
    if (error != NULL && !self->failing &&
            !g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_CANCELLED))
        fulcra_log_warning(request, "timer: %s %s: %s",
                fulcra_verb_to_string(fulcra_request_get_verb(request)),
                fulcra_host_declared_request_get_text(self->request),
                error->message);
    self->failing = error != NULL;
    fulcra_host_request_when_returned(request, returned, self);
}

/* It fills no slots, so it can always be made. Where the timer stands in an
 * entry's own space, what it asks for is looked up there first. */
static FulcraRequest *
make(Schedule *self)
{
    FulcraRequest *request =
            fulcra_host_declared_request_new_root(self->request, self->kernel,
                    fulcra_host_space_get_uri(self->spaces->pdata[0]), NULL,
                    NULL, NULL);

    for (unsigned i = 1; i < self->spaces->len; i++)
        fulcra_host_request_enter(request, self->spaces->pdata[i]);
    return request;
}

static void
issue(Schedule *self)
{
    FulcraRequest *request = make(self);

    fulcra_host_stats_add(FULCRA_STAT_TIMER_TICKS, 1);
    fulcra_refs_take(&self->refs);
    self->running = request;
    /* may be answered before the call returns */
    fulcra_request_issue_async(request, answered, self);
}

/* Unless the last one still runs. */
static void
tick(Schedule *self)
{
    if (self->running != NULL)
        fulcra_host_stats_add(FULCRA_STAT_TIMER_SKIPPED, 1);
    else
        issue(self);
}

/* Sets the timer for the next time that has not passed yet; what passed
 * meanwhile is left out. */
static void
set_interval(Schedule *self)
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

static int64_t
wall_ms(void)
{
    return g_get_real_time() / 1000;
}

/* The clock is looked at again when the next tick is due, or before. */
static void
set_cron(Schedule *self)
{
    fulcra_loop_set_timer(self->loop, &self->timer,
            (unsigned)CLAMP(self->clock.due * 1000 - wall_ms(), 1, LOOK_MS));
}

static void
look_at_clock(Schedule *self)
{
    unsigned skipped;
    bool ticks = fulcra__cron_clock_look(
            &self->clock, &self->cron, self->zone, wall_ms() / 1000, &skipped);

    fulcra_host_stats_add(FULCRA_STAT_TIMER_SKIPPED, skipped);
    set_cron(self);
    if (ticks)
        tick(self);
}

static void
fire(FulcraTimer *timer)
{
    Schedule *self = (Schedule *)((char *)timer - offsetof(Schedule, timer));

    if (self->zone != NULL) {
        look_at_clock(self);
        return;
    }
    set_interval(self);
    tick(self);
}

static void
start(Schedule *self)
{
    if (self->zone != NULL) {
        fulcra__cron_clock_start(
                &self->clock, &self->cron, self->zone, wall_ms() / 1000);
        set_cron(self);
        return;
    }
    self->due_ns = fulcra_loop_now_ns(self->loop);
    set_interval(self);
}

/* --- starting and stopping, from the thread that loads --- */

/* Something to be done on the loop, waited for. */
typedef struct {
    FulcraTask task;
    Schedule *schedule;
    bool starts;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
} Order;

static void
order_run(FulcraTask *task)
{
    Order *self = (Order *)task;
    Schedule *schedule = self->schedule;

    if (self->starts) {
        start(schedule);
    } else {
        fulcra_loop_clear_timer(schedule->loop, &schedule->timer);
        if (schedule->running != NULL)
            fulcra_request_cancel(schedule->running);
    }
    pthread_mutex_lock(&self->lock);
    self->done = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static void
order(Schedule *schedule, bool starts)
{
    Order self = { { NULL, order_run }, schedule, starts,
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };

    if (schedule->loop == NULL)
        return;
    fulcra_loop_post(schedule->loop, &self.task);
    pthread_mutex_lock(&self.lock);
    while (!self.done)
        pthread_cond_wait(&self.changed, &self.lock);
    pthread_mutex_unlock(&self.lock);
}

static void
schedule_start(void *instance)
{
    order(instance, true);
}

static void
schedule_stop(void *instance)
{
    order(instance, false);
}

/* --- building one from a definition --- */

static const FulcraSchemaKey timer_keys[] = {
    { "every", FULCRA_SCHEMA_DURATION, .min = 10,
            .max = INT64_C(24) * 3600 * 1000,
            .help = "the time from one tick to the next. Either this or "
                    "`cron`" },
    { "cron", FULCRA_SCHEMA_TEXT,
            .help = "when, as cron has it: minute, hour, day of the month, "
                    "month, day of the week; or `@daily` and the like" },
    { "zone", FULCRA_SCHEMA_TEXT,
            .help = "whose clock `cron` means, as in `UTC` or "
                    "`Europe/Berlin`; the system's without it" },
    { "request", FULCRA_SCHEMA_TEXT_OR_OBJECT, .required = true,
            .of = &fulcra_host_declared_request_schema,
            .help = "what a tick asks for, in this space" },
    { NULL },
};

static const FulcraSchema timer_schema = { "timer", timer_keys, NULL,
    "Requests at regular intervals, or at times." };

/* NULL, which is reported, where there is no such zone. (transfer full) */
static GTimeZone *
read_zone(FulcraEntry *entry)
{
    JsonNode *node = json_object_get_member(entry->definition, "zone");
    GTimeZone *zone = node == NULL ? g_time_zone_new_local()
                                   : g_time_zone_new_identifier(
                                             json_node_get_string(node));

    if (zone == NULL)
        fulcra_host_entry_problem(entry, node,
                "\"%s\" is no time zone that this system knows; \"UTC\" or "
                "\"Europe/Berlin\" would be one",
                json_node_get_string(node));
    return zone;
}

static bool
read_cron(FulcraEntry *entry, JsonNode *node, Schedule *self)
{
    const char *text = json_node_get_string(node);
    g_autoptr(GError) error = NULL;
    size_t at;

    self->zone = read_zone(entry);
    if (fulcra__cron_parse(&self->cron, text, &at, &error))
        return self->zone != NULL;
    fulcra_host_problems_add(entry->problems, entry->document,
            fulcra_host_document_get_within(entry->document, node, at),
            "cron \"%s\": %s", text, error->message);
    return false;
}

/* Reads "every", or "cron" and "zone". */
static bool
read_times(FulcraEntry *entry, Schedule *self)
{
    JsonNode *every = json_object_get_member(entry->definition, "every");
    JsonNode *cron = json_object_get_member(entry->definition, "cron");
    JsonNode *zone = json_object_get_member(entry->definition, "zone");

    if (every == NULL && cron == NULL) {
        fulcra_host_entry_problem(entry, NULL,
                "this timer has no \"every\" and no \"cron\"; add \"every\": "
                "\"500ms\" or \"cron\": \"*/5 * * * *\"");
        return false;
    }
    if (every != NULL && (cron != NULL || zone != NULL)) {
        fulcra_host_entry_problem(entry, cron != NULL ? cron : zone,
                "\"%s\" beside \"every\"; take one of them out",
                cron != NULL ? "cron" : "zone");
        return false;
    }
    self->every_ns = 1000000 * fulcra_host_json_get_duration(
                                       entry->definition, "every", 1000);
    return cron == NULL || read_cron(entry, cron, self);
}

static bool
read_request(FulcraEntry *entry, Schedule *self)
{
    static const FulcraDeclaredNames names = { .root = true };

    self->request = fulcra_host_declared_request_new_from_json(entry,
            json_object_get_member(entry->definition, "request"), &names);
    return self->request != NULL;
}

static void *
schedule_build(FulcraEntry *entry)
{
    Schedule *self = g_new0(Schedule, 1);
    bool times, request;

    fulcra_refs_init(&self->refs);
    self->kernel = entry->kernel;
    self->loop = entry->user_data;
    self->spaces = fulcra_host_entry_list_spaces(entry);
    self->timer.fire = fire;
    times = read_times(entry, self);
    request = read_request(entry, self);
    if (times && request)
        return self;
    schedule_unref(self);
    return NULL;
}

static char *
schedule_affects(void *instance)
{
    Schedule *self = instance;
    const char *text = fulcra_host_declared_request_get_text(self->request);

    if (self->zone != NULL)
        return g_strdup_printf("timer by cron: %s", text);
    return g_strdup_printf("timer every %" G_GINT64_FORMAT "ms: %s",
            self->every_ns / 1000000, text);
}

/* The request that is under way holds it as well. */
static char *
schedule_left(void *instance)
{
    Schedule *self = instance;

    if (fulcra_refs_unique(&self->refs))
        return NULL;
    return g_strdup_printf("timer whose request goes on: %s",
            fulcra_host_declared_request_get_text(self->request));
}

const FulcraKind fulcra_kind_timer = {
    .size = sizeof(FulcraKind),
    .name = "timer",
    .schema = &timer_schema,
    .help = "requests at regular intervals, or at times",
    .build = schedule_build,
    .start = schedule_start,
    .stop = schedule_stop,
    .free = schedule_unref,
    .affects = schedule_affects,
    .left = schedule_left,
};
