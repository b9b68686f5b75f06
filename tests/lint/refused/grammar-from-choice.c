/* Nor is an expression that begins and ends with literals a grammar.
 * refused: lvalue required|cannot take the address of an rvalue
 */
#include <fulcra/fulcra.h>

const FulcraGrammar *grammar_of(const char *text);

const FulcraGrammar *
grammar_of(const char *text)
{
#ifdef CONTROL
    return FULCRA_GRAMMAR("res:/users/{id}");
#else
    return FULCRA_GRAMMAR("" ? text : "res:/users/{id}");
#endif
}
