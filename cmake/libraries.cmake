# Third-party libraries as imported targets. Each has one home in the tree; see docs/architecture.md.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(LIBEVENT REQUIRED IMPORTED_TARGET libevent_core>=2.1.12 libevent_extra>=2.1.12 libevent_pthreads>=2.1.12)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET libcrypto>=3.0)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)

# c-ares: the system's when new enough, else the static one that tools/setup built into the private prefix.
pkg_check_modules(CARES QUIET IMPORTED_TARGET libcares>=1.34.5)
if(TARGET PkgConfig::CARES)
  add_library(cairn_cares ALIAS PkgConfig::CARES)
elseif(EXISTS "${CAIRN_DEPS}/lib/libcares.a")
  add_library(cairn_cares STATIC IMPORTED)
  set_target_properties(cairn_cares PROPERTIES
    IMPORTED_LOCATION "${CAIRN_DEPS}/lib/libcares.a"
    INTERFACE_INCLUDE_DIRECTORIES "${CAIRN_DEPS}/include"
    INTERFACE_COMPILE_DEFINITIONS CARES_STATICLIB)
  target_link_libraries(cairn_cares INTERFACE Threads::Threads)
else()
  message(FATAL_ERROR "c-ares >= 1.34.5 not found: run tools/setup, which builds it where the system's is older")
endif()
