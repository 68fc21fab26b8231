/** Makes a folder, names it, and waits to be ended. */
import { makeScratchFolder } from './scratch-folder.ts';

const { path } = await makeScratchFolder('test');
console.log(`made ${path}`);
setInterval(() => {}, 1_000);
