/** The part of Node's `WebAssembly` that is used here: TypeScript knows it only with all of the DOM. */
interface WebAssemblyInterface {
  compile(code: Uint8Array): Promise<WebAssemblyModule>;
  Instance: new (module: WebAssemblyModule, imports: unknown) => { exports: object };
  RuntimeError: new () => Error;
}

/** Compiled code. */
export type WebAssemblyModule = { readonly module: unique symbol };

export const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyInterface };
