# One INTERFACE target carries every flag; nothing is set globally except the compiler launcher and the linker.
set(CHAIND_SANITIZE "" CACHE STRING "Sanitizers for every target, e.g. address,undefined")
option(CHAIND_WERROR "Warnings are errors" ON)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
# -g1: line tables for stack traces; full debug information makes an object with Beast 40 MB large.
set(CMAKE_CXX_FLAGS_DEBUG "-g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")

add_library(chaind_flags INTERFACE)
target_compile_options(chaind_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow
                                              -Woverloaded-virtual $<$<BOOL:${CHAIND_WERROR}>:-Werror>)
# With optimisation g++ 12 takes the frame allocator of Asio's awaitable for a mismatched pair (its operator new calls
# aligned_alloc, its operator delete free).
target_compile_options(chaind_flags INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-mismatched-new-delete>)
# A wrong replica is worse than a stopped one: BOOST_ASSERT stays on in every build and calls base/assert.cpp.
target_compile_definitions(chaind_flags INTERFACE BOOST_ENABLE_ASSERT_HANDLER BOOST_ASIO_NO_DEPRECATED
                                                  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                                                  CHAIND_VERSION="${PROJECT_VERSION}")
target_include_directories(chaind_flags INTERFACE ${PROJECT_SOURCE_DIR}/common ${PROJECT_SOURCE_DIR}/daemon)

find_program(MOLD mold)
if(MOLD)
    target_link_options(chaind_flags INTERFACE -fuse-ld=mold)
endif()

if(CHAIND_SANITIZE)
    # g++ 12 with a sanitizer and optimisation warns falsely (maybe-uninitialized on std::variant, -Wtsan on fences).
    target_compile_options(chaind_flags INTERFACE -O1 -fsanitize=${CHAIND_SANITIZE} -fno-omit-frame-pointer
                                                  -fno-sanitize-recover=all -Wno-maybe-uninitialized)
    target_link_options(chaind_flags INTERFACE -fsanitize=${CHAIND_SANITIZE})
    if(CHAIND_SANITIZE MATCHES thread)
        target_compile_options(chaind_flags INTERFACE -Wno-tsan)
    endif()
endif()

# What a test program's own code is compiled with, after all of the above: it is half of what there is to compile, and
# runs once. The layers below it keep theirs.
add_library(chaind_test_flags INTERFACE)
target_compile_options(chaind_test_flags INTERFACE -O0)
if(CHAIND_SANITIZE MATCHES undefined)
    # The dearest checks to compile, and the least worth in a test: nothing is cast there, and ASan tells of a null pointer.
    target_compile_options(chaind_test_flags INTERFACE -fno-sanitize=null,alignment,vptr)
endif()

if(CMAKE_UNITY_BUILD)
    # What is local to one of the files that are compiled together looks like a header's to g++. A file is included there
    # by its whole path, which an assertion would carry into the object: ccache would know it in this folder only.
    target_compile_options(chaind_flags INTERFACE -Wno-subobject-linkage -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
endif()
