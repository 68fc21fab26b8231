// node http-process.ts <folder>: the least that one would put before sharp. GET /<task>/<file> answers the image.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { configureSharp, makeImage } from './make-image.ts';
import { TASKS } from './tasks.ts';

const folder = process.argv[2]!;
configureSharp();

const server = createServer(async ({ url = '' }, response) => {
  const [, key, file] = url.split('/');
  const task = TASKS.find((each) => each.key === key);
  if (!task || !file) return void response.writeHead(404).end();
  try {
    const image = await makeImage(join(folder, file), task, 'tandem');
    response.writeHead(200, { 'content-type': `image/${task.format}`, 'content-length': image.length }).end(image);
  } catch {
    response.writeHead(500, { 'content-length': 0 }).end();
  }
});
process.on('SIGTERM', () => process.exit(0));
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
