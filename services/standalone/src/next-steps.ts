import type { TourReport } from './tour.js';

/** What a person needs to go on by themselves. */
export interface NextSteps {
  url: string;
  metricsUrl: string;
  logFile: string;
  /** Tokens come from a Supabase project, not from the development issuer. */
  supabase: boolean;
  report?: TourReport;
}

/** The closing lines of `npm start`: addresses, how to get a token, and curl lines that work when pasted. */
export function nextSteps({ url, metricsUrl, logFile, supabase, report }: NextSteps): string {
  const token = supabase ? '$TOKEN' : '$(npm run --silent token)';
  const curl = `curl -sS -H "Authorization: Bearer ${token}"`;
  const source = report ? `"${report.sourceId}"` : '"<id of the upload>"';
  const transform = `{"source":{"object":${source}},"renditions":[{"name":"small","width":320,"format":"avif"}]}`;
  return [
    '',
    `Tandem serves at    ${url}   (API reference: ${url}/docs)`,
    `Metrics             ${metricsUrl}`,
    `Log                 ${logFile}`,
    supabase
      ? 'A token             the access token of a signed-in user of your Supabase project'
      : 'A token             npm run --silent token -- --sub <uuid> --tenant acme --role authenticated',
    ...(report ? [`An image on the fly ${report.imageUrl}`] : []),
    '',
    'Try it:',
    `  ${curl} --data-binary @examples/photos/coffee.png "${url}/v1/objects?name=coffee.png"`,
    `  ${curl} -H 'Content-Type: application/json' -H 'Prefer: wait=10' -d '${transform}' ${url}/v1/media/transform`,
    `  ${curl} -H 'Content-Type: application/json' -H 'Prefer: wait=10' -d '{"source":{"object":${source}}}' ${url}/v1/media/inspect`,
    `  ${curl} -H 'Content-Type: application/json' -d '{}' -o quote.pdf ${url}/v1/templates/quote/preview`,
    `  ${curl} "${url}/v1/jobs?status=succeeded"`,
    '',
    'Ctrl-C stops everything that was started here.',
  ].join('\n');
}
