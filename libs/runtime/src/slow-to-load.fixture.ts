/** A module that takes a second to load, as it may on a busy machine. */
const loaded = performance.now() + 1_000;
while (performance.now() < loaded);

export const pid = () => process.pid;
