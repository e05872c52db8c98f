/*
 * Static files below one folder: index, listing, types, ranges, conditional requests. Nothing
 * outside the folder, no dot file, nothing that is neither a regular file nor a folder, and no file
 * that is a secret by its name (.key, .pfx, .p12, .pass, also with more behind it) or the server's
 * own store: the lab's own folders hold both kinds.
 * Links are followed as long as they stay inside and name nothing that is refused otherwise.
 */
#ifndef MTLS_SERVER_FILES_H
#define MTLS_SERVER_FILES_H

#include "http/http.h"

struct files;

/* ERROR_INPUT when the folder is missing, no folder, or may not be read. */
must_check bool files_new(const char *root, struct files **ret, struct error *reterr);
/* The path of a file that is there, and never served, nor what its name begins, as its log does. */
void files_keep_back(struct files *files, const char *path);
void files_free(struct files *files);
OWN_DEFINE(files, struct files, files_free);

/* Answers GET or HEAD of a request's path. Never NULL. */
struct http_response *files_answer(const struct files *files, const struct http_request *request);

#endif
