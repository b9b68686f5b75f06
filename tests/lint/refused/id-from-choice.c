/* An expression that begins and ends with literals is not a literal.
 * refused: lvalue required|cannot take the address of an rvalue
 */
#include <fulcra/fulcra.h>

FulcraIdentifier *id_of(const char *text);

FulcraIdentifier *
id_of(const char *text)
{
#ifdef CONTROL
    return FULCRA_ID("res:/known");
#else
    return FULCRA_ID("" ? text : "res:/known");
#endif
}
