import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLOUD = fileURLToPath(new URL('..', import.meta.url));

/** Where `mvn package` in `cloud/analytics` leaves the Flink job. */
export const BUILT_JAR = resolve(CLOUD, 'analytics/target/weather-analytics.jar');
/** What stands in a template that is only looked at; such a template refuses to be deployed. */
const JAR_NOT_BUILT = resolve(CLOUD, 'stack/analytics-jar-not-built.txt');

type AnalyticsJar = { readonly path: string; readonly isBuilt: boolean };

/** Synth needs no Java: without a built job the template carries a marker instead of one. */
export const findAnalyticsJar = (given: string | undefined): AnalyticsJar => {
  if (given !== undefined) {
    if (!existsSync(given)) throw new Error(`analyticsJar: there is no ${given}`);
    return { path: resolve(given), isBuilt: true };
  }
  return existsSync(BUILT_JAR) ? { path: BUILT_JAR, isBuilt: true } : { path: JAR_NOT_BUILT, isBuilt: false };
};
