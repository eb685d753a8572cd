# Adds what Debian's policy wants beside the programs; cpack runs this before it makes a package. The
# release tarball has none of it.
if(NOT CPACK_GENERATOR STREQUAL "DEB")
  return()
endif()

set(usr "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr")
set(documents "${usr}/share/doc/wm")
set(debian "${CPACK_WM_SOURCE_DIR}/packaging/debian")

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file("${debian}/changelog.in" "${documents}/changelog.Debian" @ONLY)
file(RENAME "${documents}/CHANGELOG.md" "${documents}/changelog")
file(REMOVE "${documents}/LICENSE")
file(COPY "${debian}/copyright" DESTINATION "${documents}")
configure_file("${debian}/lintian-overrides" "${usr}/share/lintian/overrides/wm" COPYONLY)
file(GLOB pages "${usr}/share/man/*/*")
execute_process(COMMAND gzip --best --no-name "${documents}/changelog"
                        "${documents}/changelog.Debian" ${pages}
                COMMAND_ERROR_IS_FATAL ANY)
# The modes do not depend on the builder's umask.
execute_process(COMMAND chmod -R u=rwX,go=rX "${CPACK_TEMPORARY_INSTALL_DIRECTORY}"
                COMMAND_ERROR_IS_FATAL ANY)
