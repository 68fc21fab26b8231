// node ipx-process.ts <folder>: IPX as its documentation has it, on the files of a folder.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createIPX, createIPXNodeServer, ipxFSStorage } from 'ipx';
import { configureSharp } from '../images/make-image.ts';

configureSharp();
const server = createServer(createIPXNodeServer(createIPX({ storage: ipxFSStorage({ dir: process.argv[2]! }) })));
process.on('SIGTERM', () => process.exit(0));
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
