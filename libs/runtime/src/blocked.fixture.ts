/** A process for the watchdog's tests: says `blocks`, does what its argument says, says `lives`, and goes on. */
import { execFileSync } from 'node:child_process';
import { startEventLoopWatchdog } from './event-loop-watchdog.js';

const [limitMs, how, ms] = process.argv.slice(2);
const watchdog = startEventLoopWatchdog({ service: 'media', limitMs: Number(limitMs) });
watchdog.running('media.transform done')();
watchdog.running('media.transform 0199');

const blocks: Record<string, () => unknown> = {
  spin,
  native: () => execFileSync('sleep', ['10']),
  stop: () => watchdog.stop().then(spin),
  nothing: () => {},
};

function spin(): void {
  const end = Date.now() + Number(ms);
  while (Date.now() < end);
}

if (how === 'end') console.log('ends');
else
  setTimeout(async () => {
    console.log('blocks');
    await blocks[how!]!();
    setTimeout(() => console.log('lives'), 1);
    setInterval(() => {}, 1_000);
  }, 300);
