/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Tasks in a row; whoever has the queue has its lock
 */

#include <fulcra-host/kernel.h>

typedef struct {
    FulcraTask *head; /* (nullable) */
    FulcraTask **tail;
} FulcraTaskQueue;

static inline void
fulcra__task_queue_init(FulcraTaskQueue *self)
{
    self->head = NULL;
    self->tail = &self->head;
}

static inline void
fulcra__task_queue_append(FulcraTaskQueue *self, FulcraTask *task)
{
    task->next = NULL;
    *self->tail = task;
    self->tail = &task->next;
}

static inline void
fulcra__task_queue_prepend(FulcraTaskQueue *self, FulcraTask *task)
{
    task->next = self->head;
    if (self->head == NULL)
        self->tail = &task->next;
    self->head = task;
}

/** Takes @task out; false where it is not in the queue. */
static inline bool
fulcra__task_queue_remove(FulcraTaskQueue *self, FulcraTask *task)
{
    FulcraTask **at = &self->head;

    while (*at != NULL && *at != task)
        at = &(*at)->next;
    if (*at == NULL)
        return false;
    *at = task->next;
    if (task->next == NULL)
        self->tail = at;
    return true;
}

/** (nullable) */
static inline FulcraTask *
fulcra__task_queue_pop(FulcraTaskQueue *self)
{
    FulcraTask *task = self->head;

    if (task != NULL)
        self->head = task->next;
    if (self->head == NULL)
        self->tail = &self->head;
    return task;
}
