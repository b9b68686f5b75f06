/* SPDX-License-Identifier: MIT */

/*
 * body.c - the body of a request as a representation, and as a form
 *
 * The representation is made by the loop before anybody is asked. The form is
 * made by whoever asks first, on any thread, and serves all.
 */

#include "http/exchange_private.h"
#include "http/head_private.h"

#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/error.h>

static const char *
declared_type(FulcraHttpExchange *self)
{
    const char *type = fulcra_http_head_get_header(self->head, "content-type");

    return type != NULL ? type : "";
}

/* A form without fields is a body of no bytes. */
void
fulcra__http_body_take(FulcraHttpExchange *self)
{
    size_t length = self->received != NULL ? self->received->len : 0;

    if (!self->has_body && self->received == NULL &&
            !fulcra__http_form_is(declared_type(self)))
        return;
    self->body = fulcra_host_representation_from_outside(
            fulcra_representation_new_bytes(
                    fulcra__http_known_type(declared_type(self)),
                    length > 0 ? self->received->data : (guint8 *)"", length));
    g_clear_pointer(&self->received, g_byte_array_unref);
}

bool
fulcra__http_body_is_form(FulcraHttpExchange *self)
{
    return self->body != NULL && fulcra__http_form_is(declared_type(self));
}

/* (transfer full) (nullable) */
static FulcraHttpForm *
read_form(FulcraHttpExchange *self, GError **error)
{
    size_t length;
    const char *bytes = fulcra_representation_get_bytes(self->body, &length);
    FulcraHttpForm *form = fulcra__http_form_new(declared_type(self), bytes,
            length, &fulcra__http_exchange_get_options(self)->limits.form,
            error);

    if (form == NULL)
        fulcra_host_stats_add(FULCRA_STAT_HTTP_FORMS_REFUSED, 1);
    return form;
}

static bool
is_read(FulcraHttpExchange *self)
{
    pthread_mutex_lock(&self->reply.lock);
    bool read = self->fields != NULL || self->fields_error != NULL;
    pthread_mutex_unlock(&self->reply.lock);
    return read;
}

/* Of two threads that read it at once the first wins. */
static void
keep(FulcraHttpExchange *self, FulcraHttpForm *form, GError *failure)
{
    pthread_mutex_lock(&self->reply.lock);
    if (self->fields == NULL && self->fields_error == NULL) {
        self->fields = g_steal_pointer(&form);
        self->fields_error = g_steal_pointer(&failure);
    }
    pthread_mutex_unlock(&self->reply.lock);
    fulcra__http_form_free(form);
    g_clear_error(&failure);
}

const FulcraHttpForm *
fulcra__http_body_get_form(FulcraHttpExchange *self, GError **error)
{
    if (!fulcra__http_body_is_form(self)) {
        g_set_error_literal(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "the body is not a form: its Content-Type is neither "
                "application/x-www-form-urlencoded nor multipart/form-data");
        return NULL;
    }
    if (!is_read(self)) {
        GError *failure = NULL;
        FulcraHttpForm *form = read_form(self, &failure);

        keep(self, form, failure);
    }
    if (self->fields_error != NULL)
        g_propagate_error(error, g_error_copy(self->fields_error));
    return self->fields;
}
