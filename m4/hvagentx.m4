# SPDX-License-Identifier: BSD-2-Clause

# HVX_MIB_ROOT(MODULE, NODE, NODE-OID, NUMBER)
# --------------------------------------------
# Where HVAGENTX-MIB hangs: for its text, for the C code, for the tests.
AC_DEFUN([HVX_MIB_ROOT], [
  AC_SUBST([HVX_MODULE], [HVAGENTX-MIB])
  AC_SUBST([HVX_PARENT_MODULE], [$1])
  AC_SUBST([HVX_PARENT_NODE], [$2])
  AC_SUBST([HVX_PARENT_OID], [$3])
  AC_SUBST([HVX_NUMBER], [$4])
  AC_SUBST([HVX_ROOT_OID], [$3.$4])
  hvx_root_ids=`AS_ECHO(["$3.$4"]) | sed 's/\./, /g'`
  hvx_root_length=`AS_ECHO(["$3.$4"]) | tr . '\n' | wc -l | tr -d ' '`
  AC_DEFINE_UNQUOTED([HVX_ROOT_IDS], [$hvx_root_ids],
    [Sub-identifiers of the root of HVAGENTX-MIB])
  AC_DEFINE_UNQUOTED([HVX_ROOT_LENGTH], [$hvx_root_length],
    [Their number])
])

# HVX_TRY_FLAG(VARIABLE, FLAG)
# ----------------------------
# Appends FLAG to VARIABLE if the compiler takes it without a word.
AC_DEFUN([HVX_TRY_FLAG], [
  AC_MSG_CHECKING([whether $CC takes $2])
  hvx_saved_cflags=$CFLAGS
  CFLAGS="$CFLAGS -Werror $2"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([])],
    [AC_MSG_RESULT([yes]); $1="$$1 $2"],
    [AC_MSG_RESULT([no])])
  CFLAGS=$hvx_saved_cflags
])

# HVX_COMPILER_FLAGS
# ------------------
# Language, warnings, hardening, and the switches for developers.
AC_DEFUN([HVX_COMPILER_FLAGS], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [treat warnings as errors])],
    [], [enable_werror=no])
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@],
      [build with sanitizers @<:@address,undefined@:>@; or thread])],
    [AS_IF([test "$enable_sanitizers" = yes], [enable_sanitizers=address,undefined])],
    [enable_sanitizers=no])
  AC_ARG_ENABLE([coverage],
    [AS_HELP_STRING([--enable-coverage], [count which lines run])],
    [], [enable_coverage=no])

  # A row of a table of descriptors leaves out what its object does not have.
  HVX_CFLAGS="-std=c11"
  m4_foreach_w([hvx_flag], [
    -Wall -Wextra -Wpedantic -Wshadow -Wpointer-arith -Wwrite-strings
    -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Wformat=2 -Wcast-align
    -Wcast-qual -Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion
    -Wswitch-enum -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wconversion
    -Wsign-conversion -fno-common -fstack-protector-strong -fstack-clash-protection
    -fcf-protection -Wno-missing-field-initializers
  ], [HVX_TRY_FLAG([HVX_CFLAGS], hvx_flag)])

  HVX_LDFLAGS="-Wl,-z,relro -Wl,-z,now"
  AS_IF([test "$enable_werror" != no], [HVX_CFLAGS="$HVX_CFLAGS -Werror"])
  AS_IF([test "$enable_sanitizers" != no],
    [hvx_sanitize="-fsanitize=$enable_sanitizers -fno-omit-frame-pointer"
     HVX_CFLAGS="$HVX_CFLAGS $hvx_sanitize"
     HVX_LDFLAGS="$HVX_LDFLAGS -fsanitize=$enable_sanitizers"
     AS_CASE([$enable_sanitizers], [*undefined*],
       [HVX_CFLAGS="$HVX_CFLAGS -fno-sanitize-recover=undefined"])],
    [AS_IF([test "$enable_coverage" = no],
       [HVX_TRY_FLAG([HVX_CFLAGS], [-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2])])])
  AS_IF([test "$enable_coverage" != no],
    [HVX_CFLAGS="$HVX_CFLAGS --coverage"
     HVX_LDFLAGS="$HVX_LDFLAGS --coverage"])
  AC_SUBST([HVX_CFLAGS])
  AC_SUBST([HVX_LDFLAGS])
  AC_SUBST([SANITIZERS], [$enable_sanitizers])
])

# HVX_FUZZER
# ----------
# FUZZ_CC: a clang that links libFuzzer and the sanitizers; "no" without one.
# What the rest is compiled with does not matter to it.
AC_DEFUN([HVX_FUZZER], [
  AC_ARG_VAR([FUZZ_CC], [clang with libFuzzer, for `make fuzz'])
  AS_IF([test -z "$FUZZ_CC"], [AC_CHECK_PROGS([FUZZ_CC], [clang], [no])])
  AS_IF([test "$FUZZ_CC" != no],
    [AC_MSG_CHECKING([whether $FUZZ_CC has libFuzzer])
     AS_ECHO(["int LLVMFuzzerTestOneInput(const char *a, unsigned long b);"]) >conftest.c
     AS_ECHO(["int LLVMFuzzerTestOneInput(const char *a, unsigned long b)"]) >>conftest.c
     AS_ECHO(["{ return a == 0 && b != 0; }"]) >>conftest.c
     AS_IF([$FUZZ_CC -fsanitize=fuzzer,address,undefined -o conftest conftest.c \
              >&AS_MESSAGE_LOG_FD 2>&1],
       [AC_MSG_RESULT([yes])],
       [AC_MSG_RESULT([no]); FUZZ_CC=no])
     rm -f conftest conftest.c])
])
