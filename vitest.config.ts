import { configDefaults, defineConfig } from 'vitest/config';
import { findChromium } from './tools/chromium.mjs';
import { findNatsServer } from './tools/nats-server.mjs';
import { findPdfValidators } from './tools/pdf-validators.mjs';
import { findQpdf } from './tools/qpdf.mjs';
import { LongFirst } from './tools/test-order.js';
import { findVersitygw } from './tools/versitygw.mjs';

// Tests run on the sources, so that they need no build. `import` must not be among the conditions: Vitest hands them to
// Node, and `require('pg-pool')` would then get an ES module.
const resolve = { conditions: ['tandem-source', 'node', 'development|production'] };

const ALL = ['{libs,services}/*/src/**/*.test.ts', 'e2e/**/*.test.ts', 'chaos/**/*.test.ts', 'tools/**/*.test.ts'];
const ALONE = [
  '{libs,services}/*/src/**/*.int.test.ts',
  '{e2e,chaos}/**/*.e2e.test.ts',
  'services/media/src/**/*.test.ts',
];

export default defineConfig({
  resolve,
  ssr: { resolve },
  environments: { __vitest__: { resolve } }, // where the global setup is loaded
  test: {
    projects: [
      // A process for each file that starts servers or sets up libvips: what it leaves behind reaches no other.
      { extends: true, test: { name: 'alone', include: ALONE } },
      // The others share processes: a third of their time would go into starting Node and loading packages for each file.
      {
        extends: true,
        test: { name: 'together', include: ALL, exclude: [...configDefaults.exclude, ...ALONE], isolate: false },
      },
    ],
    sequence: { sequencer: LongFirst },
    globalSetup: ['libs/testing/src/global-setup.ts'],
    env: {
      CHROMIUM_BIN: findChromium(import.meta.dirname) ?? '',
      NATS_SERVER_BIN: findNatsServer(import.meta.dirname) ?? '',
      PDF_VALIDATORS_DIR: findPdfValidators(import.meta.dirname) ?? '',
      QPDF_BIN: findQpdf(import.meta.dirname) ?? '',
      VERSITYGW_BIN: findVersitygw(import.meta.dirname) ?? '',
    },
    // Against what never ends. What a test waits for has a deadline of its own, and says what did not come.
    testTimeout: 120_000,
    hookTimeout: 240_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
