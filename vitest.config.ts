import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['tandem-source', 'node', 'import', 'module', 'default'] },
  ssr: { resolve: { conditions: ['tandem-source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['{libs,services}/*/src/**/*.test.ts', 'e2e/**/*.test.ts', 'tools/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
