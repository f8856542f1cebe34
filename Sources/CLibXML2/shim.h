#pragma once

#include <libxml/xmlversion.h>
// Debian builds libxml2 with ICU, and its headers then pull in the system's ICU types, which clash
// with the ones that Foundation ships. Nothing here needs them: the only structure that they
// change is one that the library alone allocates.
#undef LIBXML_ICU_ENABLED

#include <libxml/HTMLtree.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlsave.h>
#include <libxml/xmlschemas.h>
