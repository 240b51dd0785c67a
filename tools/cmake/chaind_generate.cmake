# chaind_generate(NAME FOLDER): the library of what protoc makes of FOLDER/*.proto, included as "FOLDER/x.pb.h". It is not
# our code: no warning flags of ours, and a system header to those who include it.
function(chaind_generate name folder)
    file(GLOB schemas CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.proto)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/generated)
    file(MAKE_DIRECTORY ${out})
    set(library chaind_${name})
    add_library(${library} STATIC ${schemas})
    protobuf_generate(TARGET ${library} LANGUAGE cpp IMPORT_DIRS ${CMAKE_CURRENT_SOURCE_DIR} PROTOC_OUT_DIR ${out})
    target_include_directories(${library} SYSTEM PUBLIC ${out})
    target_link_libraries(${library} PUBLIC protobuf::libprotobuf-lite)
endfunction()
