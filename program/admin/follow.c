/* SPDX-License-Identifier: MIT */

/*
 * follow.c - lines of the log, and waiting for the next one
 *
 * A call that asks for lines that are not there yet is kept until there are
 * some or its time is over. Whoever logs wakes the control thread once; it
 * sets the wake again as long as somebody waits.
 */

#include "admin_private.h"

#include "program/log.h"
#include "program/log_ring.h"
#include "program/settings_table.h"

#include <string.h>

#define LINES_MOST FULCRA_LOG_RING_LINES
#define WAIT_MOST  25 /* seconds: below the deadline of a request */

struct _FulcraAdminFollow {
    FulcraTask task;
    FulcraAdmin *admin;
    GPtrArray *waiting; /* of Wait */
};

typedef struct {
    FulcraAdmin *admin;
    FulcraAdminCall *call;
    uint64_t after;
    FulcraLogLevel level;
    unsigned timeout; /* a GLib source; 0: none */
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

/* Answers with the last @most lines after the one numbered @after. */
static void
respond(FulcraAdminCall *call, Lines *lines, unsigned most, uint64_t last)
{
    JsonBuilder *builder = fulcra_admin_builder_new();

    while (g_queue_get_length(&lines->lines) > most)
        line_free(g_queue_pop_head(&lines->lines));
    fulcra_admin_put_int(builder, "last", (int64_t)last);
    fulcra_admin_begin_list(builder, "lines");
    for (GList *link = lines->lines.head; link != NULL; link = link->next)
        put_line(builder, link->data);
    json_builder_end_array(builder);
    g_queue_clear_full(&lines->lines, line_free);
    fulcra_admin_call_respond(call, builder);
}

/* --- waiting --- */

static void
wait_end(Wait *self, Lines *lines, uint64_t last)
{
    g_ptr_array_remove(self->admin->follow->waiting, self);
    if (self->timeout != 0)
        g_source_remove(self->timeout);
    respond(self->call, lines, LINES_MOST, last);
    g_free(self);
}

static gboolean
wait_is_over(void *data)
{
    Wait *self = data;
    Lines none = { self->level, G_QUEUE_INIT };

    self->timeout = 0; /* it goes by itself */
    wait_end(self, &none, self->after);
    return G_SOURCE_REMOVE;
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

static void
wake(void *user_data)
{
    FulcraAdminFollow *self = user_data;

    fulcra_control_post(self->admin->control, &self->task);
}

static void
look_again(FulcraTask *task)
{
    FulcraAdminFollow *self = (FulcraAdminFollow *)task;

    for (unsigned i = self->waiting->len; i > 0; i--)
        wait_look(self->waiting->pdata[i - 1]);
    if (self->waiting->len > 0)
        fulcra_log_ring_set_wake(wake, self);
}

static void
wait_for_lines(FulcraAdminCall *call, const Lines *lines, uint64_t last,
        int64_t seconds)
{
    FulcraAdminFollow *follow = fulcra_admin_call_get_admin(call)->follow;
    Wait *self = g_new0(Wait, 1);

    self->admin = follow->admin;
    self->call = call;
    self->after = last;
    self->level = lines->level;
    self->timeout =
            g_timeout_add_seconds((unsigned)seconds, wait_is_over, self);
    g_ptr_array_add(follow->waiting, self);
    fulcra_log_ring_set_wake(wake, follow);
    if (!wait_look(self)) /* what was logged before the wake was set */
        return;
    if (follow->waiting->len == 0)
        fulcra_log_ring_set_wake(NULL, NULL);
}

/* --- the resource --- */

void
fulcra_admin_log(FulcraAdminCall *call)
{
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
    if (g_queue_is_empty(&lines.lines) && seconds > 0)
        wait_for_lines(call, &lines, last, seconds);
    else
        respond(call, &lines, (unsigned)most, last);
}

/* --- life --- */

FulcraAdminFollow *
fulcra_admin_follow_new(FulcraAdmin *admin)
{
    FulcraAdminFollow *self = g_new0(FulcraAdminFollow, 1);

    self->task.run = look_again;
    self->admin = admin;
    self->waiting = g_ptr_array_new();
    return self;
}

void
fulcra_admin_follow_stop(FulcraAdminFollow *self)
{
    fulcra_log_ring_set_wake(NULL, NULL);
    while (self->waiting->len > 0) {
        Wait *wait = self->waiting->pdata[0];
        Lines none = { wait->level, G_QUEUE_INIT };

        wait_end(wait, &none, wait->after);
    }
}

void
fulcra_admin_follow_free(FulcraAdminFollow *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->waiting);
    g_free(self);
}
