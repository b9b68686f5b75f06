/* SPDX-License-Identifier: MIT */
#pragma once

/* All that a module includes. */

#include <fulcra/endpoint.h>
#include <fulcra/error.h>
#include <fulcra/identifier.h>
#include <fulcra/log.h>
#include <fulcra/module.h>
#include <fulcra/representation.h>
#include <fulcra/request.h>
#include <fulcra/socket.h>
#include <fulcra/topic.h>
#include <fulcra/types.h>
