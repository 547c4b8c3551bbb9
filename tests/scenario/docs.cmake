# The documentation is tested like code: see docs.py. The example of docs/add_a_strategy.md is built as the page says,
# one file and one row, into a program of its own.
find_package(Python3 COMPONENTS Interpreter)
if(NOT TARGET muster_program)
  return()
endif()

set(registry ${PROJECT_SOURCE_DIR}/src/strategy/registry.c)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${registry})
file(READ ${registry} rows)
string(REPLACE "#define ROWS(X) " "#define ROWS(X) X(relay) " rows_with_relay "${rows}")
if(rows_with_relay STREQUAL rows)
  message(FATAL_ERROR "${registry}: the list of rows does not look as docs/add_a_strategy.md says")
endif()
file(CONFIGURE OUTPUT registry_with_relay.c CONTENT "${rows_with_relay}" @ONLY)
get_target_property(program_sources muster_program SOURCES)
add_executable(muster_with_relay ${program_sources} ${PROJECT_SOURCE_DIR}/docs/examples/relay.c
  ${CMAKE_CURRENT_BINARY_DIR}/registry_with_relay.c)
target_include_directories(muster_with_relay PRIVATE ${PROJECT_SOURCE_DIR}/src/cli)
target_link_libraries(muster_with_relay PRIVATE muster muster_flags)
set_property(SOURCE ${program_sources} APPEND PROPERTY COMPILE_DEFINITIONS
  "MUSTER_VERSION=\"${PROJECT_VERSION}\";MUSTER_COMMIT=\"docs\"")

if(NOT Python3_FOUND)
  message(STATUS "muster: no python3, so the documentation is not tested; on Debian: apt-get install python3")
  return()
endif()
foreach(check self reference configs commands links architecture example snippets)
  add_test(NAME docs/${check} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_LIST_DIR}/docs.py ${check} $<TARGET_FILE:muster_program>
      $<TARGET_FILE:muster_with_relay>)
  set_tests_properties(docs/${check} PROPERTIES TIMEOUT 300 LABELS docs)
endforeach()
