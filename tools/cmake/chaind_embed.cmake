# chaind_embed(LIBRARY DIRECTORY FALLBACK): the files below DIRECTORY as read-only data in the program, found through
# gateway/assets.hpp. Whatever is there when CMake runs is embedded; a file that comes, goes or changes makes it run again. Without
# an index.html there, the page in the folder FALLBACK says how to build the web client.
function(chaind_embed library directory fallback)
    file(GLOB_RECURSE names RELATIVE ${directory} CONFIGURE_DEPENDS ${directory}/*)
    if(NOT "index.html" IN_LIST names)
        set(directory ${fallback})
        set(names index.html)
    endif()
    list(SORT names)

    set(assembly "    .section .rodata\n")
    set(declarations "")
    set(rows "")
    set(sources "")
    set(number 0)
    foreach(name IN LISTS names)
        if(name MATCHES "\\.map$" OR NOT name MATCHES "^[A-Za-z0-9._/-]+$")
            continue()
        endif()
        # A copy: the web client may be built again while this program is being built.
        set(source ${CMAKE_CURRENT_BINARY_DIR}/${library}/files/${name})
        get_filename_component(place ${source} DIRECTORY)
        file(MAKE_DIRECTORY ${place})
        file(COPY_FILE ${directory}/${name} ${source} ONLY_IF_DIFFERENT)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${directory}/${name})
        list(APPEND sources ${source})
        set(symbol chaind_asset_${number})
        string(APPEND assembly
            "    .global ${symbol}, ${symbol}_end\n${symbol}:\n    .incbin \"${source}\"\n${symbol}_end:\n    .byte 0\n")
        string(APPEND declarations "extern \"C\" char const ${symbol}[];\nextern \"C\" char const ${symbol}_end[];\n")
        string(APPEND rows "        {\"/${name}\", {${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol})}},\n")
        math(EXPR number "${number} + 1")
    endforeach()
    string(APPEND assembly "    .section .note.GNU-stack,\"\",%progbits\n")

    set(table "// Made by tools/cmake/chaind_embed.cmake.\n#include \"gateway/assets.hpp\"\n\n#include <array>\n\n${declarations}
std::span<chaind::gateway::asset const> chaind::gateway::web_assets()\n{
    static std::array<asset, ${number}> const all{{\n${rows}    }};\n    return all;\n}\n")

    set(folder ${CMAKE_CURRENT_BINARY_DIR}/${library})
    file(CONFIGURE OUTPUT ${folder}/assets.S CONTENT "${assembly}" @ONLY)
    file(CONFIGURE OUTPUT ${folder}/assets.cpp CONTENT "${table}" @ONLY)
    add_library(${library} STATIC ${folder}/assets.S ${folder}/assets.cpp)
    set_source_files_properties(${folder}/assets.S PROPERTIES OBJECT_DEPENDS "${sources}")
    target_link_libraries(${library} PUBLIC chaind_flags)
endfunction()
