import { isReady as chromiumIsReady, ensureChromium, findChromium } from './chromium.mjs';
import { ensureNatsServer, findNatsServer } from './nats-server.mjs';
import { ensurePdfValidators, findPdfValidators } from './pdf-validators.mjs';
import { ensureQpdf, findQpdf } from './qpdf.mjs';
import { SetupError, say } from './step.mjs';
import { ensureVersitygw, findVersitygw } from './versitygw.mjs';

/** The programs that commands need beside Node: how they are found and brought, and the variable that names them. */
const PROGRAMS = {
  nats: {
    variable: 'NATS_SERVER_BIN',
    find: (root) => (process.env.NATS_URL ? undefined : findNatsServer(root)),
    isReady: (root) => process.env.NATS_URL || findNatsServer(root),
    ensure: ensureNatsServer,
  },
  s3: { variable: 'VERSITYGW_BIN', find: findVersitygw, isReady: findVersitygw, ensure: ensureVersitygw },
  chromium: { variable: 'CHROMIUM_BIN', find: findChromium, isReady: chromiumIsReady, ensure: ensureChromium },
  'pdf-validators': {
    variable: 'PDF_VALIDATORS_DIR',
    find: findPdfValidators,
    isReady: findPdfValidators,
    ensure: ensurePdfValidators,
  },
  qpdf: { variable: 'QPDF_BIN', find: findQpdf, isReady: findQpdf, ensure: ensureQpdf },
};

/** Whether all that `needs` names is there. A `?` at the end marks what one can go on without. */
export function programsAreReady(root, needs) {
  return programsOf(needs).every(({ isReady }) => isReady(root));
}

/** Brings what is not there, side by side, as one compiles while others come. Throws a `SetupError` for what cannot be had and is needed. */
export async function ensurePrograms(root, needs) {
  const brought = programsOf(needs).map(async ({ ensure, optional }) => {
    try {
      await ensure(root);
    } catch (error) {
      if (!optional || !(error instanceof SetupError)) throw error;
      say(`${error.message} Until then, jobs of documents that need it wait.`);
    }
  });
  // Whoever fails first must not leave the others behind it at work.
  const failed = (await Promise.allSettled(brought)).find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
}

/** The environment that names the programs. */
export function programEnvironment(root, needs) {
  const found = programsOf(needs).map(({ variable, find }) => [variable, find(root)]);
  return Object.fromEntries(found.filter(([, path]) => path));
}

function programsOf(needs) {
  return needs.flatMap((need) => {
    const name = need.replace('?', '');
    return Object.hasOwn(PROGRAMS, name) ? [{ ...PROGRAMS[name], optional: need.endsWith('?') }] : [];
  });
}
