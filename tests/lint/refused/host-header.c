/* refused: fulcra-host/identifier.h */
#ifdef CONTROL
#include <fulcra/identifier.h>
#else
#include <fulcra-host/identifier.h>
#endif
