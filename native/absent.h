// Names that are not there, as JavaScript has just said: a program that makes a file asks for it three times before.
#ifndef ABSENT_H
#define ABSENT_H

#include <stdbool.h>
#include <stdint.h>

// Of as many files as are made at the same time.
#define ABSENT_NAMES 16

typedef struct {
  uint64_t folder;     // its number; 0: none
  double until;        // ms of CLOCK_MONOTONIC
  char name[256];
} absent_name_t;

typedef struct {
  absent_name_t all[ABSENT_NAMES];
  uint32_t next;
} absent_names_t;

// One thread at a time: whoever calls holds the session's mutex. A name is no longer than the kernel lets it be.

void absent_add (absent_names_t *it, uint64_t folder, const char *name, double until);
bool absent_has (const absent_names_t *it, uint64_t folder, const char *name, double now);
// Names are given, or numbers may stand for other folders.
void absent_clear (absent_names_t *it);

#endif
