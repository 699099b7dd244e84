package weather.analytics.sinks;

/**
 * @param partitionKey unused where the service has none
 */
public record BatchEntry(String partitionKey, byte[] bytes) {}
