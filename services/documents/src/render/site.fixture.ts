import type { TargetServer } from '@tandem/egress/target-server.fixture';

/** Serves HTML and other files by path; what is not there never gets an answer. */
export function serve(
  server: TargetServer,
  files: Record<
    string,
    string | { type?: string; status?: number; location?: string; disposition?: string; body?: string }
  >,
) {
  server.requests.length = 0;
  server.answer = ({ url = '' }, response) => {
    const file = files[url.replace(/\?.*/, '')];
    if (file === undefined) return;
    const {
      type = 'text/html',
      status = 200,
      location,
      disposition,
      body = '',
    } = typeof file === 'string' ? { body: file } : file;
    response.writeHead(status, {
      'content-type': type,
      ...(location && { location }),
      ...(disposition && { 'content-disposition': disposition }),
    });
    response.end(body);
  };
}
