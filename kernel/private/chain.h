/* SPDX-License-Identifier: MIT */
#pragma once

#include <fulcra/endpoint.h>

extern const FulcraEndpointOps fulcra__chain_ops;
extern const FulcraEndpointOps fulcra__transrept_ops;
