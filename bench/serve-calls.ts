/** Lets the process that started this one call `calls` by name, over IPC; ends with it. Prints a line when it is ready. */
export function serveCalls(calls: object): void {
  process.on('message', async ({ id, call, arg }: { id: number; call: string; arg: unknown }) => {
    try {
      const result = await (calls as Record<string, (arg: unknown) => unknown>)[call]!(arg);
      process.send!({ id, result });
    } catch (error) {
      process.send!({ id, error: error instanceof Error ? error.stack : String(error) });
    }
  });
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
  console.log('ready');
}
