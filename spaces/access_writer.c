/* SPDX-License-Identifier: MIT */

/*
 * access_writer.c - the queue, and the thread at its end
 *
 * `lock` guards the queue. The thread takes all that is in it and formats and
 * writes that without the lock. Bounded by bytes, so that long lines are not
 * cheaper to flood with than short ones.
 */

#include "spaces/access_writer.h"
#include <fulcra-host/stats.h>
#include <fulcra-host/sync.h>
#include <fulcra/log.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MAX_QUEUED (4u << 20) /* bytes */

struct _FulcraAccessWriter {
    FulcraRefs refs;
    char *path;
    bool structured;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    GPtrArray *queue; /* of FulcraAccess */
    size_t queued;    /* bytes of them */
    bool started, stopping;
    pthread_t thread;
    bool failing; /* the thread only: it has been said */
};

/* --- to a file --- */

static bool
write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        data += written;
        length -= (size_t)written;
    }
    return true;
}

static void
write_file(FulcraAccessWriter *self, GPtrArray *batch)
{
    g_autoptr(GString) text = g_string_sized_new(256 * batch->len);

    for (unsigned i = 0; i < batch->len; i++) {
        g_autofree char *line =
                self->structured ? fulcra__access_to_json(batch->pdata[i])
                                 : fulcra__access_to_combined(batch->pdata[i]);

        g_string_append(text, line);
        g_string_append_c(text, '\n');
    }

    int fd = open(self->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    bool written = fd >= 0 && write_all(fd, text->str, text->len);
    int reason = errno;
    if (fd >= 0)
        close(fd);
    fulcra_host_stats_add(
            written ? FULCRA_STAT_ACCESS_LINES : FULCRA_STAT_ACCESS_LINES_LOST,
            batch->len);
    if (!written && !self->failing)
        fulcra_log_error(NULL, "request log %s cannot be written: %s",
                self->path, g_strerror(reason));
    self->failing = !written;
}

/* --- to the program's log --- */

typedef struct {
    GArray *fields; /* of GLogField */
    GPtrArray *texts;
} Fields;

static void
add_field(const char *name, const char *value, bool is_number, void *user_data)
{
    Fields *self = user_data;
    g_autofree char *upper = g_ascii_strup(name, -1);
    char *key = g_strconcat("FULCRA_", upper, NULL);
    char *text = g_strdup(value);

    (void)is_number;
    if (strcmp(name, "time") != 0) { /* the log has its own */
        GLogField field = { key, text, -1 };
        g_array_append_val(self->fields, field);
    }
    g_ptr_array_add(self->texts, key);
    g_ptr_array_add(self->texts, text);
}

static void
write_log(FulcraAccessWriter *self, const FulcraAccess *access)
{
    g_autoptr(GArray) fields = g_array_new(FALSE, FALSE, sizeof(GLogField));
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    Fields gathered = { fields, texts };
    g_autofree char *line =
            self->structured ? NULL : fulcra__access_to_combined(access);
    const GLogField always[] = { { "MESSAGE", line != NULL ? line : "access",
                                         -1 },
        { "PRIORITY", "6", -1 }, { "GLIB_DOMAIN", "fulcra", -1 } };

    g_array_append_vals(fields, always, G_N_ELEMENTS(always));
    if (self->structured)
        fulcra__access_foreach(access, add_field, &gathered);
    g_log_structured_array(G_LOG_LEVEL_INFO,
            (const GLogField *)(void *)fields->data, fields->len);
    fulcra_host_stats_add(FULCRA_STAT_ACCESS_LINES, 1);
}

/* --- the thread --- */

static void
write_batch(FulcraAccessWriter *self, GPtrArray *batch)
{
    if (self->path != NULL)
        write_file(self, batch);
    for (unsigned i = 0; self->path == NULL && i < batch->len; i++)
        write_log(self, batch->pdata[i]);
}

static GPtrArray *
queue_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)fulcra__access_free);
}

static void *
writer_run(void *data)
{
    FulcraAccessWriter *self = data;

    prctl(PR_SET_NAME, "fulcra-access");
    pthread_mutex_lock(&self->lock);
    while (!self->stopping || self->queue->len > 0) {
        if (self->queue->len == 0) {
            pthread_cond_wait(&self->changed, &self->lock);
            continue;
        }
        GPtrArray *batch = self->queue;
        self->queue = queue_new();
        self->queued = 0;
        pthread_mutex_unlock(&self->lock);
        write_batch(self, batch);
        g_ptr_array_unref(batch);
        pthread_mutex_lock(&self->lock);
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

FulcraAccessWriter *
fulcra__access_writer_new(const char *path, bool structured)
{
    FulcraAccessWriter *self = g_new0(FulcraAccessWriter, 1);

    fulcra_refs_init(&self->refs);
    self->path = g_strdup(path);
    self->structured = structured;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
    self->queue = queue_new();
    return self;
}

FulcraAccessWriter *
fulcra__access_writer_ref(FulcraAccessWriter *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra__access_writer_stop(FulcraAccessWriter *self)
{
    pthread_mutex_lock(&self->lock);
    bool ends = self->started && !self->stopping;
    pthread_t thread = self->thread;
    self->stopping |= ends;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
    if (!ends)
        return;
    pthread_join(thread, NULL);
    pthread_mutex_lock(&self->lock);
    self->started = self->stopping = false;
    pthread_mutex_unlock(&self->lock);
}

void
fulcra__access_writer_unref(FulcraAccessWriter *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    fulcra__access_writer_stop(self);
    g_ptr_array_unref(self->queue);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    g_free(self->path);
    g_free(self);
}

void
fulcra__access_writer_push(FulcraAccessWriter *self, FulcraAccess *access)
{
    size_t size = fulcra__access_get_size(access);

    pthread_mutex_lock(&self->lock);
    if (!self->started)
        self->started =
                pthread_create(&self->thread, NULL, writer_run, self) == 0;
    bool fits = self->started && self->queued + size <= MAX_QUEUED;
    if (fits) {
        g_ptr_array_add(self->queue, access);
        self->queued += size;
        pthread_cond_signal(&self->changed);
    }
    pthread_mutex_unlock(&self->lock);
    if (fits)
        return;
    fulcra__access_free(access);
    fulcra_host_stats_add(FULCRA_STAT_ACCESS_LINES_LOST, 1);
}
