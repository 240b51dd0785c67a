# chaind_layer(NAME DEPS...): the static library of one folder. All sources and headers of the folder belong to it;
# its headers form a FILE_SET, so that the `dev` preset compiles each of them alone.
function(chaind_layer name)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
    list(FILTER sources EXCLUDE REGEX "/main\\.cpp$") # that is the program's, see chaind_program()
    file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.hpp)
    set(library chaind_${name})
    if(sources)
        add_library(${library} STATIC ${sources})
        set(scope PUBLIC)
    else()
        add_library(${library} INTERFACE)
        set(scope INTERFACE)
    endif()
    if(headers)
        target_sources(${library} ${scope} FILE_SET HEADERS BASE_DIRS ${CMAKE_CURRENT_SOURCE_DIR} FILES ${headers})
    endif()
    target_link_libraries(${library} ${scope} chaind_flags ${ARGN})
endfunction()

# chaind_program(NAME): bin/NAME from NAME/main.cpp and the layer of the same name.
function(chaind_program name)
    add_executable(${name} ${name}/main.cpp)
    target_link_libraries(${name} PRIVATE chaind_${name})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# chaind_test(NAME LABEL DEPS...): one Boost.Test program of test/<LABEL>/<NAME>/*.cpp (its sources in the folder NAME
# below the calling CMakeLists), run by ctest under that label.
function(chaind_test name label)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
    if(NOT sources)
        return()
    endif()
    set(program ${name}_${label}_test)
    set(entry_point ${PROJECT_SOURCE_DIR}/test/support/entry_point.cpp)
    set_source_files_properties(${entry_point} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)  # makes a main() of Boost's header
    add_executable(${program} ${sources} ${entry_point})
    target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR}/test)
    target_compile_definitions(${program} PRIVATE BOOST_TEST_DYN_LINK)
    target_link_libraries(${program} PRIVATE ${ARGN} Boost::unit_test_framework chaind_flags)
    add_test(NAME ${label}.${name} COMMAND ${program} --log_level=test_suite --report_level=short)
    set_tests_properties(${label}.${name} PROPERTIES LABELS ${label} TIMEOUT 1200)
endfunction()
