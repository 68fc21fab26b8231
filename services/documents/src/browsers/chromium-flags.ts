import puppeteer from 'puppeteer-core';

// RenderDocument replaces the frame of a page at every navigation, and PaintHolding waits for pixels that nobody looks at:
// without them, a page is blank again in 14 ms and not in 27 (two busy cores). A page in the back/forward cache would outlive its loan.
const WITHOUT = ['RenderDocument', 'PaintHolding', 'BackForwardCache'];

/** The command line of a browser whose every request goes to the proxy at `proxyUrl`, which lets nobody out without a grant. */
export async function chromiumFlags({ proxyUrl, sandbox }: { proxyUrl: string; sandbox: boolean }): Promise<string[]> {
  return puppeteer.defaultArgs({
    headless: 'shell',
    args: [
      '--remote-debugging-pipe',
      ...(sandbox ? [] : ['--no-sandbox']),
      `--disable-features=${WITHOUT.join(',')}`,
      '--disable-gpu',
      '--disable-software-rasterizer',
      '--block-new-web-contents',
      `--proxy-server=${proxyUrl}`,
      '--proxy-bypass-list=<-loopback>',
      // A second layer: the browser itself finds no host at all, should a request ever miss the proxy.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      '--disable-quic',
      '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
      '--no-pings',
    ],
  });
}
