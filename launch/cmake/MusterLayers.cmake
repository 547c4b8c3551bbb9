# One static library per layer, linked only to the layers below it: the linker holds the architecture.
# Bottom to top. A source file is in the build by being in its layer's folder.
set(MUSTER_LAYERS base config comm data train world coding privacy sim strategy run study report)

set(muster_base_deps muster::random123 muster::zip muster::md)
set(muster_config_deps muster::cjson)
set(muster_comm_deps muster::mpi)
set(muster_data_deps muster::zlib muster::deflate muster::csv)
set(muster_train_deps muster::openblas)
set(muster_coding_deps muster::lapack)
set(muster_privacy_deps muster::fftw muster::random123)
set(muster_study_deps muster::sqlite)

# The page of `muster report` holds Chart.js, as the distribution packages it.
file(GLOB report_assets CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/report/*.js ${PROJECT_SOURCE_DIR}/src/report/*.css
  ${PROJECT_SOURCE_DIR}/src/report/*.html)
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/report/assets.c PROPERTIES COMPILE_DEFINITIONS
  "MUSTER_REPORT_SOURCE=\"${PROJECT_SOURCE_DIR}/src/report\";MUSTER_CHART_JS=\"${MUSTER_CHART_JS}\"" OBJECT_DEPENDS
  "${report_assets};${MUSTER_CHART_JS}")

# MUSTER_WARNINGS and the sanitizers are also the tests' flags.
add_library(muster_flags INTERFACE)
target_compile_options(muster_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-missing-field-initializers
  $<$<BOOL:${MUSTER_WERROR}>:-Werror> -ffp-contract=off -fno-math-errno
  $<$<BOOL:${MUSTER_NATIVE}>:-march=native>)
target_compile_definitions(muster_flags INTERFACE _GNU_SOURCE)
if(MUSTER_SANITIZE)
  target_compile_options(muster_flags INTERFACE -fsanitize=${MUSTER_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(muster_flags INTERFACE -fsanitize=${MUSTER_SANITIZE})
endif()
# Open MPI's headers are C, but not free of warnings.
set_target_properties(PkgConfig::mpi PROPERTIES INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${mpi_INCLUDE_DIRS}")

set(below "")
set(muster_objects "")
foreach(layer IN LISTS MUSTER_LAYERS)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${layer}/*.c)
  if(NOT sources)
    continue()
  endif()
  add_library(mu_${layer} STATIC ${sources})
  target_include_directories(mu_${layer} PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src/${layer})
  target_link_libraries(mu_${layer} PUBLIC ${below} ${muster_${layer}_deps} m PRIVATE $<BUILD_INTERFACE:muster_flags>)
  list(PREPEND below mu_${layer})
  list(APPEND muster_objects $<TARGET_OBJECTS:mu_${layer}>)
endforeach()

# The library that is installed: all layers in one archive.
add_library(muster STATIC ${muster_objects})
set_target_properties(muster PROPERTIES LINKER_LANGUAGE C)
target_include_directories(muster PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(muster PUBLIC muster::openblas muster::lapack muster::mpi muster::cjson muster::zlib muster::deflate muster::zip
  muster::md muster::csv muster::random123 muster::fftw muster::sqlite m)

# What a build says of itself, in `muster info` and in a run's manifest.
execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} rev-parse --short=12 HEAD OUTPUT_VARIABLE commit
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT commit)
  set(commit "unknown")
endif()
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/run/manifest.c ${PROJECT_SOURCE_DIR}/src/sim/checkpoint.c
  ${PROJECT_SOURCE_DIR}/src/sim/resume.c ${PROJECT_SOURCE_DIR}/src/cli/main.c
  ${PROJECT_SOURCE_DIR}/src/cli/info.c PROPERTIES COMPILE_DEFINITIONS
  "MUSTER_VERSION=\"${PROJECT_VERSION}\";MUSTER_COMMIT=\"${commit}\"")

file(GLOB cli CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cli/*.c)
if(cli)
  add_executable(muster_program ${cli})
  set_target_properties(muster_program PROPERTIES OUTPUT_NAME muster)
  target_include_directories(muster_program PRIVATE ${PROJECT_SOURCE_DIR}/src/cli)
  target_link_libraries(muster_program PRIVATE muster muster_flags)
  install(TARGETS muster_program RUNTIME)
endif()
install(TARGETS muster ARCHIVE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/muster TYPE INCLUDE)
