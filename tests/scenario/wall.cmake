# Whole runs on the wall clock, and their replays: see wall.py. They really sleep, so they run by themselves.
find_package(Python3 COMPONENTS Interpreter)
if(NOT TARGET muster_program OR NOT Python3_FOUND)
  return()
endif()
foreach(check synchronous asynchronous timers cancels verified losses order overlap processor interruption stuck misfits refusals events_alone
    coded)
  add_test(NAME scenario/wall/${check}
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_LIST_DIR}/wall.py ${check} $<TARGET_FILE:muster_program>)
  set_tests_properties(scenario/wall/${check} PROPERTIES PROCESSORS 2 TIMEOUT 120 LABELS "scenario;mpi" RESOURCE_LOCK mpi
    RUN_SERIAL TRUE ENVIRONMENT "ASAN_OPTIONS=detect_leaks=0")
endforeach()
