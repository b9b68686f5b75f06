/* SPDX-License-Identifier: MIT */

/*
 * follow.c - lines of the log, and waiting for the next one
 *
 * A call that asks for lines that are not there yet is kept until there are
 * some or its time is over. Whoever logs wakes a loop once; it sets the wake
 * again as long as somebody waits.
 *
 * All this is done on that loop, not on the control thread: while the server
 * stops, which keeps the control thread busy, lines go on to those who follow.
 * Who was just told is likely to ask again, and is given a moment for it before
 * the listener closes: the last answer says that it is.
 */

#include "admin_private.h"

#include "program/log.h"
#include "program/log_ring.h"
#include "program/settings_table.h"

#include <string.h>

#define LINES_MOST FULCRA_LOG_RING_LINES
#define WAIT_MOST  25 /* seconds: below the deadline of a request */

/* In which who was told asks again. */
#define MOMENT_US (2 * G_USEC_PER_SEC)

struct _FulcraAdminFollow {
    FulcraTask task;
    FulcraLoop *loop;
    bool awake;         /* the wake is set, or the task is on its way */
    bool ending;        /* no lines will come */
    GPtrArray *waiting; /* of Wait */
    GArray *told; /* of int64_t: until when somebody may ask again; growing */
};

typedef struct {
    FulcraTimer timer; /* first */
    FulcraAdminFollow *follow;
    FulcraAdminCall *call;
    uint64_t after;
    FulcraLogLevel level;
} Wait;

/* --- lines --- */

typedef struct {
    FulcraLogLevel level; /* the least important */
    GQueue lines;         /* of Line */
} Lines;

typedef struct {
    uint64_t number;
    FulcraLogLevel level;
    char *text;
} Line;

static void
take_line(const FulcraLogLine *line, void *user_data)
{
    Lines *self = user_data;

    if (line->level > self->level)
        return;
    Line *kept = g_new0(Line, 1);
    *kept = (Line){ line->number, line->level, g_strdup(line->text) };
    g_queue_push_tail(&self->lines, kept);
}

static void
put_line(JsonBuilder *builder, const Line *line)
{
    json_builder_begin_object(builder);
    fulcra_admin_put_int(builder, "number", (int64_t)line->number);
    fulcra_admin_put_text(builder, "level", fulcra_log_levels[line->level]);
    fulcra_admin_put_text(builder, "text", line->text);
    json_builder_end_object(builder);
}

static void
line_free(void *data)
{
    Line *self = data;

    g_free(self->text);
    g_free(self);
}

/* Answers with the last @most of @lines. @ends: there will be no others. */
static void
respond(FulcraAdminCall *call, Lines *lines, unsigned most, uint64_t last,
        bool ends)
{
    JsonBuilder *builder = fulcra_admin_builder_new();

    while (g_queue_get_length(&lines->lines) > most)
        line_free(g_queue_pop_head(&lines->lines));
    fulcra_admin_put_int(builder, "last", (int64_t)last);
    fulcra_admin_put_bool(builder, "ends", ends);
    fulcra_admin_begin_list(builder, "lines");
    for (GList *link = lines->lines.head; link != NULL; link = link->next)
        put_line(builder, link->data);
    json_builder_end_array(builder);
    g_queue_clear_full(&lines->lines, line_free);
    fulcra_admin_call_respond(call, builder);
}

/* --- who may ask again --- */

static void
forget_late(FulcraAdminFollow *self)
{
    int64_t now = g_get_monotonic_time();
    unsigned n = 0;

    while (n < self->told->len && g_array_index(self->told, int64_t, n) < now)
        n++;
    g_array_remove_range(self->told, 0, n);
}

/* Somebody who has gone will not ask again. */
static void
expect_again(FulcraAdminFollow *self, FulcraAdminCall *call)
{
    int64_t until = g_get_monotonic_time() + MOMENT_US;

    forget_late(self);
    if (!fulcra_host_request_is_done(fulcra_admin_call_get_request(call)))
        g_array_append_val(self->told, until);
}

static void
asked_again(FulcraAdminFollow *self)
{
    forget_late(self);
    if (self->told->len > 0)
        g_array_remove_index(self->told, 0);
}

/* --- waiting --- */

static void
tell(FulcraAdminFollow *self, FulcraAdminCall *call, Lines *lines,
        unsigned most, uint64_t last)
{
    if (!self->ending)
        expect_again(self, call);
    respond(call, lines, most, last, self->ending);
}

static void
wait_end(Wait *self, Lines *lines, uint64_t last)
{
    FulcraAdminFollow *follow = self->follow;

    g_ptr_array_remove(follow->waiting, self);
    fulcra_loop_clear_timer(follow->loop, &self->timer);
    tell(follow, self->call, lines, LINES_MOST, last);
    g_free(self);
}

static void
wait_is_over(FulcraTimer *timer)
{
    Wait *self = (Wait *)timer;
    Lines none = { self->level, G_QUEUE_INIT };

    wait_end(self, &none, self->after);
}

/* Whether it has ended. */
static bool
wait_look(Wait *self)
{
    Lines lines = { self->level, G_QUEUE_INIT };
    uint64_t last = fulcra_log_ring_read(self->after, take_line, &lines);

    if (g_queue_is_empty(&lines.lines)) {
        self->after = last;
        return false;
    }
    wait_end(self, &lines, last);
    return true;
}

/* On any thread, with the ring's lock held. It is not set again before the
 * task has run. */
static void
wake(void *user_data)
{
    FulcraAdminFollow *self = user_data;

    fulcra_loop_post(self->loop, &self->task);
}

static void
set_wake(FulcraAdminFollow *self)
{
    if (!self->awake)
        fulcra_log_ring_set_wake(wake, self);
    self->awake = true;
}

static void
look_again(FulcraTask *task)
{
    FulcraAdminFollow *self = (FulcraAdminFollow *)task;

    self->awake = false;
    if (self->waiting->len > 0)
        set_wake(self);
    for (unsigned i = self->waiting->len; i > 0; i--)
        wait_look(self->waiting->pdata[i - 1]);
}

static void
wait_for_lines(FulcraAdminFollow *follow, FulcraAdminCall *call,
        const Lines *lines, uint64_t last, int64_t seconds)
{
    Wait *self = g_new0(Wait, 1);

    self->timer.fire = wait_is_over;
    self->follow = follow;
    self->call = call;
    self->after = last;
    self->level = lines->level;
    fulcra_loop_set_timer(follow->loop, &self->timer, (unsigned)seconds * 1000);
    g_ptr_array_add(follow->waiting, self);
    set_wake(follow);
    wait_look(self); /* what was logged before the wake was set */
}

/* --- the resource --- */

void
fulcra_admin_log(FulcraAdminCall *call)
{
    FulcraAdminFollow *self = fulcra_admin_call_get_admin(call)->follow;
    const char *name = fulcra_admin_call_get(call, "level");
    Lines lines = { FULCRA_LOG_DEBUG, G_QUEUE_INIT };
    int64_t after, most, seconds;

    if (name != NULL && !fulcra_log_level_parse(name, &lines.level)) {
        fulcra_admin_call_refuse(call,
                "level: '%s' is not one of error, warning, info, debug", name);
        return;
    }
    if (!fulcra_admin_call_get_number(call, "after", 0, INT64_MAX, &after) ||
            !fulcra_admin_call_get_number(
                    call, "lines", LINES_MOST, LINES_MOST, &most) ||
            !fulcra_admin_call_get_number(call, "wait", 0, WAIT_MOST, &seconds))
        return;
    uint64_t last = fulcra_log_ring_read((uint64_t)after, take_line, &lines);
    if (seconds > 0 && after > 0)
        asked_again(self);
    if (seconds == 0)
        respond(call, &lines, (unsigned)most, last, self->ending);
    else if (g_queue_is_empty(&lines.lines) && !self->ending)
        wait_for_lines(self, call, &lines, last, seconds);
    else
        tell(self, call, &lines, (unsigned)most, last);
}

/* --- life --- */

FulcraAdminFollow *
fulcra_admin_follow_new(FulcraLoop *loop)
{
    FulcraAdminFollow *self = g_new0(FulcraAdminFollow, 1);

    self->task.run = look_again;
    self->loop = loop;
    self->waiting = g_ptr_array_new();
    self->told = g_array_new(FALSE, FALSE, sizeof(int64_t));
    return self;
}

void
fulcra_admin_follow_post(FulcraAdminFollow *self, FulcraTask *task)
{
    fulcra_loop_post(self->loop, task);
}

static void
end_all(void *data)
{
    FulcraAdminFollow *self = data;

    self->ending = true;
    fulcra_log_ring_set_wake(NULL, NULL);
    while (self->waiting->len > 0) {
        Wait *wait = self->waiting->pdata[0];
        Lines lines = { wait->level, G_QUEUE_INIT };
        uint64_t last = fulcra_log_ring_read(wait->after, take_line, &lines);

        wait_end(wait, &lines, last);
    }
}

typedef struct {
    FulcraAdminFollow *follow;
    bool somebody;
} Expected;

static void
look_for_expected(void *data)
{
    Expected *self = data;

    forget_late(self->follow);
    self->somebody = self->follow->told->len > 0;
}

void
fulcra_admin_follow_stop(FulcraAdminFollow *self)
{
    Expected expected = { self, true };

    fulcra_loop_call(self->loop, end_all, self);
    for (;;) {
        fulcra_loop_call(self->loop, look_for_expected, &expected);
        if (!expected.somebody)
            return;
        g_usleep(1000);
    }
}

void
fulcra_admin_follow_free(FulcraAdminFollow *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->waiting);
    g_array_unref(self->told);
    g_free(self);
}
