#pragma once

#include <libxml/xmlversion.h>
// Debian builds libxml2 with ICU. libxml2's headers then include the system's ICU headers, whose types
// clash with those of the ICU that Foundation ships. Nothing here needs ICU's types: without them only one
// structure of the headers differs (the encoding handler), and libxml2 alone allocates that structure.
#undef LIBXML_ICU_ENABLED

#include <libxml/HTMLtree.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlsave.h>
#include <libxml/xmlschemas.h>
