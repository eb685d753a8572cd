# Adds what Debian's policy wants beside the programs; cpack runs this before it makes the packages. The
# release tarball has none of it.
cmake_policy(VERSION 3.25)
if(NOT CPACK_GENERATOR STREQUAL "DEB")
  return()
endif()

set(debian "${CPACK_WM_SOURCE_DIR}/packaging/debian")
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)

function(add_documents package component overrides)
  set(usr "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${component}/usr")
  set(documents "${usr}/share/doc/${package}")
  configure_file("${debian}/changelog.in" "${documents}/changelog.Debian" @ONLY)
  configure_file("${CPACK_WM_SOURCE_DIR}/CHANGELOG.md" "${documents}/changelog" COPYONLY)
  file(REMOVE "${documents}/CHANGELOG.md" "${documents}/LICENSE")
  file(COPY "${debian}/copyright" DESTINATION "${documents}")
  configure_file("${overrides}" "${usr}/share/lintian/overrides/${package}" COPYONLY)
  file(GLOB pages "${usr}/share/man/*/*")
  execute_process(COMMAND gzip --best --no-name "${documents}/changelog"
                          "${documents}/changelog.Debian" ${pages}
                  COMMAND_ERROR_IS_FATAL ANY)
endfunction()

add_documents(wm Unspecified "${debian}/lintian-overrides")
if("fleet" IN_LIST CPACK_COMPONENTS_ALL)
  add_documents(wm-fleet fleet "${debian}/fleet/lintian-overrides")
endif()
# The modes do not depend on the builder's umask.
execute_process(COMMAND chmod -R u=rwX,go=rX "${CPACK_TEMPORARY_INSTALL_DIRECTORY}"
                COMMAND_ERROR_IS_FATAL ANY)
