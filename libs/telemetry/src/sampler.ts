import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';

/**
 * The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` ask for. SDK 3 no longer reads them itself.
 * Unknown names mean the specification's default, `parentbased_always_on`.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function samplerFromEnv(env: NodeJS.ProcessEnv): Sampler {
  const name = env.OTEL_TRACES_SAMPLER || 'parentbased_always_on';
  const root = rootSampler(name.replace(/^parentbased_/, ''), env.OTEL_TRACES_SAMPLER_ARG);
  return name.startsWith('parentbased_') || !root
    ? new ParentBasedSampler({ root: root ?? new AlwaysOnSampler() })
    : root;
}

function rootSampler(name: string, argument: string | undefined): Sampler | undefined {
  if (name === 'always_on') return new AlwaysOnSampler();
  if (name === 'always_off') return new AlwaysOffSampler();
  if (name === 'traceidratio') return new TraceIdRatioBasedSampler(ratio(argument));
  return undefined;
}

function ratio(argument: string | undefined): number {
  const value = Number(argument || 1);
  return value >= 0 && value <= 1 ? value : 1;
}
