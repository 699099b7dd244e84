import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** By how long they take: the last one to start should be short. */
const longestFirst = ['update.long', 'service', 'power-cut', 'buses', 'pulses'];

const placeOf = ({ moduleId }: TestSpecification): number =>
  longestFirst.indexOf(basename(moduleId, '.test.ts'));

/** Vitest's own order on a fresh clone goes by the size of the files. */
export class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((a, b) => placeOf(a) - placeOf(b)));
  }
}
