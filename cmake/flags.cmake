# Warnings, hardening and sanitizers. Every flag is probed: compilers of the supported systems differ in what they know,
# and a missing flag must weaken the build only by that flag.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

set(CAIRN_WARNINGS -Wall -Wextra -Wpedantic -Wformat=2 -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wundef
    -Wimplicit-fallthrough -Wnull-dereference -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wtrampolines
    -Wbidi-chars=any -Werror=format-security -Werror=implicit-function-declaration)
set(CAIRN_HARDENING -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
    -mbranch-protection=standard -fstrict-flex-arrays=3 -ftrivial-auto-var-init=zero -fno-delete-null-pointer-checks
    -fno-strict-overflow -fno-strict-aliasing -fno-plt)
set(CAIRN_LINK_HARDENING LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack LINKER:--as-needed)

function(cairn_probe_flag flag)
  string(MAKE_C_IDENTIFIER "CAIRN_HAS${flag}" known)
  set(CMAKE_REQUIRED_FLAGS -Werror)
  check_c_compiler_flag(${flag} ${known})
  if(${known})
    add_compile_options(${flag})
  endif()
endfunction()

foreach(flag IN LISTS CAIRN_WARNINGS)
  cairn_probe_flag(${flag})
endforeach()
if(CAIRN_WERROR)
  add_compile_options(-Werror)
endif()

if(CAIRN_SANITIZE)
  add_compile_options(-fsanitize=${CAIRN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CAIRN_SANITIZE})
else()
  foreach(flag IN LISTS CAIRN_HARDENING)
    cairn_probe_flag(${flag})
  endforeach()
  add_compile_options($<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>)
  add_compile_definitions($<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=3>)
  foreach(flag IN LISTS CAIRN_LINK_HARDENING)
    string(MAKE_C_IDENTIFIER "CAIRN_LINKS_${flag}" known)
    check_linker_flag(C ${flag} ${known})
    if(${known})
      add_link_options(${flag})
    endif()
  endforeach()
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
# The optimised build drops no asserts: ours state invariants only, and a broken one must stop the process, not a cache.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")

# Programs are optimised as a whole, together with c-ares where tools/setup built that: many functions are a few
# instructions long and called from other files. Tests (CAIRN_PLAIN_LINK) link the ordinary half of the same objects.
if(CMAKE_C_COMPILER_ID STREQUAL GNU AND CMAKE_BUILD_TYPE STREQUAL RelWithDebInfo AND NOT CAIRN_SANITIZE)
  add_compile_options(-flto=auto -ffat-lto-objects)
  set(CAIRN_PLAIN_LINK -fno-lto)
endif()

if(CAIRN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
