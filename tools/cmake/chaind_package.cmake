# What is installed where, and the Debian package: `cpack` in a build folder makes chaind_VERSION_ARCHITECTURE.deb of the
# programs that were built there.
include(GNUInstallDirs)

set(packaging ${PROJECT_SOURCE_DIR}/tools/packaging)
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS  # not what the umask of whoever builds leaves
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

install(TARGETS chaind configd DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS chainctl DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES etc/chaind.conf etc/configd.conf DESTINATION /etc/chaind)
install(FILES systemd/chaind.service systemd/configd.service DESTINATION lib/systemd/system)
install(FILES systemd/sysusers.d/chaind.conf DESTINATION lib/sysusers.d)
install(FILES systemd/tmpfiles.d/chaind.conf DESTINATION lib/tmpfiles.d)
install(FILES ${packaging}/copyright README.md docs/operations.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/chaind)

# Debian wants its changelog compressed, without a time in it.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${packaging}/changelog)
execute_process(
    COMMAND gzip -9nc ${packaging}/changelog
    OUTPUT_FILE ${PROJECT_BINARY_DIR}/changelog.gz
    COMMAND_ERROR_IS_FATAL ANY)
install(FILES ${PROJECT_BINARY_DIR}/changelog.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/chaind)

# Man pages and bash's completion, by the programs themselves.
set(manuals ${PROJECT_BINARY_DIR}/manuals)
install(CODE "execute_process(
    COMMAND ${packaging}/man_pages.py ${PROJECT_BINARY_DIR}/bin ${manuals}
    COMMAND_ERROR_IS_FATAL ANY)")
install(FILES ${manuals}/chaind.8.gz ${manuals}/configd.8.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES ${manuals}/chainctl.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${manuals}/chainctl DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)

set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # the tests need not be built for a package
set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "chaind maintainers <maintainers@chaind.invalid>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS systemd)  # of the libraries cpack knows itself
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "chat server on chain replication")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"People chat from a browser; a chain of machines keeps the messages. A message
is acknowledged when every machine of the chain has it on disk, so any one
survivor has every acknowledged message.

chaind is one replica and serves clients and their web client; configd says
who is in the chain; chainctl lets machines come and go.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${packaging}/postinst ${packaging}/prerm ${packaging}/postrm ${packaging}/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
