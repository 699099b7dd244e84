/** What a station id may be: thing name, MQTT client id and one level of a topic at once; the averages take 100 characters. */
export const STATION_ID = /^[A-Za-z0-9:_-]{1,100}$/;
export const STATION_ID_IN_WORDS = '1 to 100 letters, digits, :, _ or -';

/** What AWS IoT Core takes, bytes of UTF-8. */
export const TOPIC_MAX_BYTES = 256;
