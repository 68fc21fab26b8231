import { atEndOfFile } from '@tandem/testing/cleanup';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LentPage } from './lent-page.js';
import type { PagePool } from './page-pool.js';
import { evaluate, goTo, needs, type Site, serve, startPool } from './pool.fixture.js';

// One browser and one page: each loan gets what the last one had, if anything can be got.
const testPool: typeof startPool = async (options) => {
  const started = await startPool(options);
  atEndOfFile(() => started.stop());
  return started;
};

let pool: PagePool;
beforeAll(async () => {
  pool = await testPool({ pages: 1, browsers: 1, spares: 0, wipeMs: 30_000 });
});

/** What both tenants find at both origins. */
const twice = (value: unknown) => [
  [value, value],
  [value, value],
];

const ELSEWHERE = 'https://shared.document.invalid';
const kinds = { wiped: { javascript: false }, fresh: { javascript: true } };

describe.each(Object.entries(kinds))('a %s page', (kind, { javascript }) => {
  /** Leaves a canary in one loan, and looks for it in a later one of the same and of another tenant. */
  async function later<T>(
    leave: (lent: LentPage) => Promise<unknown>,
    look: (lent: LentPage, origin: string) => Promise<T>,
  ) {
    const found: T[] = [];
    for (const tenant of ['acme', 'other']) {
      const origin = await pool.use(needs({ javascript }), async (lent) => {
        await leave(lent);
        return lent.origin;
      });
      found.push(await pool.use(needs({ javascript, tenant }), (lent) => look(lent, origin)));
    }
    return found;
  }

  /** Runs `script` in a page of the origin, with scripts on: a wiped page must forget more than its work can do. */
  async function at<T>(lent: LentPage, origin: string, script: string, site: Site = {}): Promise<T> {
    await serve(lent, site);
    await lent.session.send('Emulation.setScriptExecutionDisabled', { value: false });
    await goTo(lent, `${origin}/`);
    return await evaluate<T>(lent, script);
  }

  /** Does the same at the loan's own origin and at one that both loans visit. */
  const both = async (lent: LentPage, origin: string, script: string, site?: Site) => [
    await at(lent, origin, script, site),
    await at(lent, ELSEWHERE, script, site),
  ];

  it('is used again only when it was wiped', async () => {
    const first = await pool.use(needs({ javascript }), frame);
    const second = await pool.use(needs({ javascript }), frame);
    expect(first === second).toBe(kind === 'wiped');
  });

  it('knows no cookie that a script set', async () => {
    const found = await later(
      (lent) =>
        both(
          lent,
          lent.origin,
          'document.cookie = "canary=1; max-age=999"; document.cookie = "wide=1; domain=document.invalid"',
        ),
      (lent, origin) => both(lent, origin, 'document.cookie'),
    );
    expect(found).toEqual(twice(''));
  });

  it('knows no cookie that an answer set', async () => {
    const site = {
      '/': { headers: { 'set-cookie': 'canary=1; Domain=document.invalid; Secure; HttpOnly; Max-Age=999' } },
    };
    const found = await later(
      (lent) => both(lent, lent.origin, '0', site),
      async (lent) => (await lent.session.send('Network.getAllCookies')).cookies,
    );
    expect(found).toEqual([[], []]);
  });

  it.each([
    ['localStorage', 'localStorage.canary = 1', 'localStorage.canary ?? null'],
    ['sessionStorage', 'sessionStorage.canary = 1', 'sessionStorage.canary ?? null'],
    [
      'CacheStorage',
      'caches.open("canary").then((cache) => cache.put("/x", new Response("1"))).then(() => 1)',
      'caches.keys().then((keys) => keys[0] ?? null)',
    ],
    [
      'IndexedDB',
      '(async () => { indexedDB.open("canary"); while ((await indexedDB.databases()).length === 0); return 1; })()',
      'indexedDB.databases().then((all) => all[0]?.name ?? null)',
    ],
    [
      'the origin private file system',
      'navigator.storage.getDirectory().then((dir) => dir.getFileHandle("canary", { create: true })).then(() => 1)',
      'navigator.storage.getDirectory().then((dir) => dir.keys().next()).then(({ value }) => value ?? null)',
    ],
  ])('finds nothing in %s', async (_, leave, look) => {
    const found = await later(
      (lent) => both(lent, lent.origin, leave),
      (lent, origin) => both(lent, origin, look),
    );
    expect(found).toEqual(twice(null));
  });

  it('gets no service worker: its script would come from the network, past the borrower', async () => {
    const site = { '/worker.js': { type: 'text/javascript', body: '' } };
    const register =
      'navigator.serviceWorker.register("/worker.js").then(() => "registered", ({ message }) => message)';
    const found = await later(
      async (lent) =>
        expect(await both(lent, lent.origin, register, site)).toEqual(Array(2).fill(expect.stringContaining('407'))),
      (lent, origin) => both(lent, origin, 'navigator.serviceWorker.getRegistrations().then((all) => all.length)'),
    );
    expect(found).toEqual(twice(0));
  });

  it('asks again for a file that an earlier loan had, and sees its own bytes', async () => {
    const picture = (width: number) => ({
      '/': { body: '<img src="/logo.svg">' },
      '/logo.svg': {
        type: 'image/svg+xml',
        body: `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="5"/>`,
        headers: { 'cache-control': 'max-age=9999, immutable' },
      },
    });
    const width = 'document.images[0].naturalWidth';
    const found = await later(
      (lent) => both(lent, lent.origin, width, picture(11)),
      (lent, origin) => both(lent, origin, width, picture(22)),
    );
    expect(found).toEqual(twice(22));
  });

  it('has the window name, the fonts, the variables and the history of no other', async () => {
    const look =
      '[window.name, document.fonts.size, typeof canary, history.length, document.referrer, navigation?.entries?.().length ?? 0]';
    const found = await later(
      async (lent) => {
        await at(lent, lent.origin, 'window.name = "canary"; window.canary = 1', {
          '/': {
            body: '<style>@font-face { font-family: Canary; src: url(/canary.woff2) } p { font-family: Canary }</style><p>x',
          },
        });
        await at(lent, ELSEWHERE, 'window.name = "canary"; document.fonts.add(new FontFace("Canary", "local(Arial)"))');
      },
      (lent) => evaluate(lent, look),
    );
    expect(found).toEqual([
      ['', 0, 'undefined', 1, '', expect.any(Number)],
      ['', 0, 'undefined', 1, '', expect.any(Number)],
    ]);
  });

  it('has the permissions of no other', async () => {
    const look = 'navigator.permissions.query({ name: "geolocation" }).then(({ state }) => state)';
    const before = await pool.use(needs({ javascript }), (lent) => at(lent, ELSEWHERE, look));
    const found = await later(
      ({ target }) =>
        target.browserContext().setPermission(ELSEWHERE, { permission: { name: 'geolocation' }, state: 'granted' }),
      (lent) => at(lent, ELSEWHERE, look),
    );
    expect(found).toEqual([before, before]);
  });

  it('emulates nothing that another did', async () => {
    const look = `[matchMedia('print').matches, matchMedia('(prefers-color-scheme: dark)').matches, navigator.userAgent,
      Intl.DateTimeFormat().resolvedOptions().timeZone, Intl.NumberFormat().resolvedOptions().locale, innerWidth, devicePixelRatio]`;
    const before = await pool.use(needs({ javascript }), (lent) => evaluate(lent, look));
    const found = await later(
      async (lent) => {
        const { session } = lent;
        await Promise.all([
          session.send('Emulation.setEmulatedMedia', {
            media: 'print',
            features: [{ name: 'prefers-color-scheme', value: 'dark' }],
          }),
          session.send('Emulation.setTimezoneOverride', { timezoneId: 'Africa/Dakar' }),
          session.send('Emulation.setLocaleOverride', { locale: 'fr-FR' }),
          session.send('Network.setUserAgentOverride', { userAgent: 'canary', acceptLanguage: 'fr' }),
          session.send('Emulation.setDeviceMetricsOverride', {
            width: 321,
            height: 321,
            deviceScaleFactor: 3,
            mobile: true,
          }),
        ]);
        expect(await evaluate(lent, look)).not.toEqual(before);
      },
      (lent) => evaluate(lent, look),
    );
    expect(found).toEqual([before, before]);
  });

  it('keeps scripts as its own work asks, whatever another did', async () => {
    const body = '<p id="p">off</p><script>p.textContent = "on"</script>';
    const look = async (lent: LentPage) => {
      await serve(lent, { '/': { body } });
      await goTo(lent, `${lent.origin}/`);
      return evaluate(lent, 'p.textContent');
    };
    const found = await later(
      ({ session }) => session.send('Emulation.setScriptExecutionDisabled', { value: javascript }),
      look,
    );
    const state = javascript ? 'on' : 'off';
    expect(found).toEqual([state, state]);
  });

  it('runs no script that another had set for each document', async () => {
    const found = await later(
      async ({ session }) => {
        await session.send('Page.enable');
        await session.send('Page.addScriptToEvaluateOnNewDocument', { source: 'window.canary = 1' });
      },
      (lent) => at(lent, ELSEWHERE, 'typeof canary'),
    );
    expect(found).toEqual(['undefined', 'undefined']);
  });

  it('reads no blob of another', async () => {
    let url = '';
    const found = await later(
      async (lent) => {
        url = await at(lent, ELSEWHERE, 'URL.createObjectURL(new Blob(["canary"]))');
      },
      (lent) => at(lent, ELSEWHERE, `fetch('${url}').then((answer) => answer.text(), () => 'gone')`),
    );
    expect(found).toEqual(['gone', 'gone']);
  });
});

// Only a page with scripts hears messages, and it is never used again: its neighbours are what counts.
it('lets no page hear the messages of another that is open at the same time', async () => {
  const wide = await testPool({ pages: 2, browsers: 1, spares: 0 });
  const open = async (lent: LentPage) => {
    await serve(lent);
    await goTo(lent, ELSEWHERE);
  };
  await wide.use(needs({ javascript: true }), async (first) => {
    await open(first);
    await evaluate(
      first,
      'globalThis.heard = []; globalThis.channel = new BroadcastChannel("canary"); channel.onmessage = ({ data }) => heard.push(data)',
    );
    await wide.use(needs({ javascript: true }), async (second) => {
      await open(second);
      // A channel hears what another of its own page says, so the message was under way for all.
      await evaluate(
        second,
        `new Promise((done) => {
        new BroadcastChannel('canary').onmessage = done;
        new BroadcastChannel('canary').postMessage('anybody?');
      })`,
      );
    });
    expect(await evaluate(first, 'heard')).toEqual([]);
  });
});

async function frame({ session }: LentPage): Promise<string> {
  return (await session.send('Page.getFrameTree')).frameTree.frame.id;
}
