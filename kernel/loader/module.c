/* SPDX-License-Identifier: MIT */
/*
 * module.c - what <fulcra/module.h> gives to a module's code
 *
 * Who holds whom: the spaces hold the endpoints, each endpoint holds its
 * module (the pin), and so the module's struct outlives the last request to
 * it, whatever the loader has forgotten meanwhile. While the module loads, it
 * holds its endpoints as well; fulcra__module_finish() breaks that circle.
 *
 * Built by the loader's thread; after fulcra__module_finish() it never changes
 * and is safe from any thread, but for the list of its threads, which has a
 * lock. A thread holds its module, and takes its name from the list when its
 * code has returned.
 */

#include "module.h"

#include <fulcra/error.h>

#include <string.h>

struct _FulcraModule {
    FulcraRefs refs;
    char *uri;
    FulcraDomain *domain; /* of all its serial endpoints */
    bool is_loading;
    GPtrArray *added; /* of FulcraAdded; NULL once finished */
    FulcraModuleOps ops;

    /* Shared with its threads. */
    atomic_bool stopping;
    pthread_mutex_t lock;
    GPtrArray *threads; /* guarded by lock: of char *, their names */
};

static void
added_free(void *data)
{
    FulcraAdded *self = data;

    fulcra_host_endpoint_unref(self->endpoint);
    g_free(self);
}

FulcraModule *
fulcra__module_new(FulcraKernel *kernel, const char *uri)
{
    FulcraModule *self = g_new0(FulcraModule, 1);

    fulcra_refs_init(&self->refs);
    self->uri = g_strdup(uri);
    self->domain = fulcra_host_domain_new(kernel, uri);
    self->added = g_ptr_array_new_with_free_func(added_free);
    pthread_mutex_init(&self->lock, NULL);
    self->threads = g_ptr_array_new();
    return self;
}

FulcraModule *
fulcra__module_ref(FulcraModule *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra__module_unref(FulcraModule *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    g_clear_pointer(&self->added, g_ptr_array_unref);
    g_ptr_array_unref(self->threads);
    pthread_mutex_destroy(&self->lock);
    fulcra_host_domain_unref(self->domain);
    g_free(self->uri);
    g_free(self);
}

bool
fulcra__module_is_unique(FulcraModule *self)
{
    return fulcra_refs_unique(&self->refs);
}

static void
module_release(void *data)
{
    fulcra__module_unref(data);
}

const char *
fulcra_module_get_uri(FulcraModule *module)
{
    g_return_val_if_fail(module != NULL, NULL);

    return module->uri;
}

bool
fulcra__module_load(FulcraModule *self,
        const FulcraModuleDescriptor *descriptor, GError **error)
{
    GError *inner = NULL;
    bool loaded;

    self->is_loading = true;
    loaded = descriptor->load(self, &inner);
    self->is_loading = false;
    if (loaded && inner == NULL)
        return true;
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_MODULE,
            "its load function failed%s%s", inner != NULL ? ": " : "",
            inner != NULL ? inner->message : " and did not say why");
    g_clear_error(&inner);
    return false;
}

FulcraAdded *
fulcra__module_find(FulcraModule *self, const char *id)
{
    for (size_t i = 0; i < self->added->len; i++) {
        FulcraAdded *added = self->added->pdata[i];

        if (strcmp(added->id, id) == 0)
            return added;
    }
    return NULL;
}

FulcraAdded *const *
fulcra__module_list(FulcraModule *self, size_t *n_added)
{
    *n_added = self->added->len;
    return (FulcraAdded *const *)self->added->pdata;
}

void
fulcra__module_finish(FulcraModule *self)
{
    g_clear_pointer(&self->added, g_ptr_array_unref);
}

/* --- beginning and ending --- */

const FulcraModuleOps *
fulcra__module_get_ops(FulcraModule *self)
{
    return &self->ops;
}

FulcraDomain *
fulcra__module_get_domain(FulcraModule *self)
{
    return self->domain;
}

void
fulcra_module_set_ops(FulcraModule *module, const FulcraModuleOps *ops)
{
    g_return_if_fail(module != NULL && module->is_loading && ops != NULL);
    g_return_if_fail(ops->size <= sizeof module->ops);

    memcpy(&module->ops, ops, ops->size);
}

void
fulcra__module_set_stopping(FulcraModule *self)
{
    atomic_store(&self->stopping, true);
}

bool
fulcra_module_is_stopping(FulcraModule *module)
{
    g_return_val_if_fail(module != NULL, true);

    return atomic_load(&module->stopping);
}

/* --- threads --- */

typedef struct {
    FulcraModule *module; /* held */
    char *name;
    void (*run)(void *data);
    void *data;
} Thread;

static void
thread_end(Thread *self)
{
    pthread_mutex_lock(&self->module->lock);
    g_ptr_array_remove_fast(self->module->threads, self->name);
    pthread_mutex_unlock(&self->module->lock);
    fulcra__module_unref(self->module);
    g_free(self->name);
    g_free(self);
}

static void *
thread_main(void *data)
{
    Thread *self = data;
    char name[16]; /* the system's limit */

    g_strlcpy(name, self->name, sizeof name);
    pthread_setname_np(pthread_self(), name);
    self->run(self->data);
    thread_end(self);
    return NULL;
}

bool
fulcra_module_thread(FulcraModule *module, const char *name,
        void (*run)(void *data), void *data, GError **error)
{
    Thread *self;
    pthread_t thread;
    int result;

    g_return_val_if_fail(module != NULL && name != NULL && run != NULL, false);

    self = g_new(Thread, 1);
    *self = (Thread){ fulcra__module_ref(module), g_strdup(name), run, data };
    pthread_mutex_lock(&module->lock);
    g_ptr_array_add(module->threads, self->name);
    pthread_mutex_unlock(&module->lock);
    result = pthread_create(&thread, NULL, thread_main, self);
    if (result == 0) {
        pthread_detach(thread);
        return true;
    }
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED, "thread '%s': %s",
            name, g_strerror(result));
    thread_end(self);
    return false;
}

void
fulcra__module_list_threads(FulcraModule *self, GPtrArray *texts)
{
    pthread_mutex_lock(&self->lock);
    for (unsigned i = 0; i < self->threads->len; i++)
        g_ptr_array_add(texts, g_strdup_printf("thread '%s'",
                                       (char *)self->threads->pdata[i]));
    pthread_mutex_unlock(&self->lock);
}

/* --- adding endpoints --- */

static bool
id_is_valid(const char *id)
{
    const char *c = id;

    for (; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr("._-", *c) == NULL)
            return false;
    return c != id && c - id <= 64;
}

static FulcraVerbs
verbs_of(const FulcraEndpointOps *ops)
{
    return (ops->source != NULL) << FULCRA_VERB_SOURCE |
           (ops->sink != NULL) << FULCRA_VERB_SINK |
           (ops->new_resource != NULL) << FULCRA_VERB_NEW |
           (ops->delete_resource != NULL) << FULCRA_VERB_DELETE |
           (ops->exists != NULL || ops->source != NULL) << FULCRA_VERB_EXISTS |
           (ops->meta != NULL) << FULCRA_VERB_META;
}

static bool
check_ops(FulcraModule *self, const char *id, const FulcraEndpointOps *ops,
        GError **error)
{
    const char *wrong = NULL;

    if (!self->is_loading)
        wrong = "endpoints can be added only while the module loads";
    else if (!id_is_valid(id))
        wrong = "an id has 1 to 64 letters, digits, '.', '-' or '_'";
    else if (fulcra__module_find(self, id) != NULL)
        wrong = "it was added before";
    else if (ops->run > FULCRA_RUN_INLINE)
        wrong = "its run is none of the three";
    else if (verbs_of(ops) == 0 && ops->transrept == NULL)
        wrong = "its ops name no verb";
    if (wrong == NULL)
        return true;
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_MODULE, "endpoint '%s': %s",
            id, wrong);
    return false;
}

bool
fulcra_module_add_endpoint(FulcraModule *module, const char *id,
        const FulcraEndpointOps *ops, void *data, GError **error)
{
    FulcraEndpointOps full = { .size = sizeof full };
    FulcraAdded *added;

    g_return_val_if_fail(module != NULL && id != NULL && ops != NULL, false);
    g_return_val_if_fail(ops->size >= offsetof(FulcraEndpointOps, source) &&
                                 ops->size <= sizeof full,
            false);

    /* What an older table does not have is NULL: the default. */
    memcpy(&full, ops, ops->size);
    if (!check_ops(module, id, &full, error))
        return false;
    added = g_new0(FulcraAdded, 1);
    added->endpoint = fulcra_host_endpoint_new(id, ops, data, module->domain);
    added->id = fulcra_host_endpoint_get_id(added->endpoint);
    added->verbs = verbs_of(&full);
    added->transrepts = full.transrept != NULL;
    added->run = -1;
    fulcra_host_endpoint_set_module(added->endpoint, module->uri);
    fulcra_host_endpoint_set_pin(
            added->endpoint, fulcra__module_ref(module), module_release);
    g_ptr_array_add(module->added, added);
    return true;
}
