package weather.analytics.kinesis;

import java.util.Set;

/**
 * What the enumerator knows of the stream's shards.
 *
 * @param assigned handed to a reader at some time
 * @param finished of these, the ones that were read to their end
 */
record ShardLedger(Set<String> assigned, Set<String> finished) {}
