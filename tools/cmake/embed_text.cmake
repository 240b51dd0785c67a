# embed_text(TARGET NAMESPACE FILE...): makes the text of each FILE a constant of the program. `folder/a_b.sql` becomes
# `NAMESPACE::a_b_sql` (std::string_view), declared in the generated header "folder/a_b_sql.hpp".
#
# The same file is run as a script at build time, so that an edited text is embedded again without a new configure.
if(CMAKE_SCRIPT_MODE_FILE)
    file(READ ${INPUT} text HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${text}")
    string(REGEX REPLACE "(('[^']*',){20})" "\\1\n    " bytes "${bytes}")
    file(WRITE ${OUTPUT}.hpp "#pragma once\n#include <string_view>\nnamespace ${NAMESPACE}\n{\nextern std::string_view const ${NAME};\n}\n")
    file(WRITE ${OUTPUT}.cpp "#include \"${NAME}.hpp\"\nnamespace ${NAMESPACE}\n{\nstatic constexpr char bytes[] = {\n    ${bytes}'\\0'};\nstd::string_view const ${NAME}{bytes, sizeof bytes - 1};\n}\n")
    return()
endif()

set(CHAIND_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(embed_text target namespace)
    foreach(input ${ARGN})
        get_filename_component(name ${input} NAME)
        string(MAKE_C_IDENTIFIER ${name} name)
        get_filename_component(folder ${input} DIRECTORY)
        set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target}_embedded)
        set(output ${generated}/${folder}/${name})
        add_custom_command(
            OUTPUT ${output}.cpp ${output}.hpp
            COMMAND ${CMAKE_COMMAND} -DINPUT=${CMAKE_CURRENT_SOURCE_DIR}/${input} -DOUTPUT=${output} -DNAME=${name}
                    -DNAMESPACE=${namespace} -P ${CHAIND_EMBED_SCRIPT}
            DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${input} ${CHAIND_EMBED_SCRIPT}
            VERBATIM)
        target_sources(${target} PRIVATE ${output}.cpp ${output}.hpp)
        set_source_files_properties(${output}.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
        target_include_directories(${target} PRIVATE ${generated})
    endforeach()
endfunction()
