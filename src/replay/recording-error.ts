/** A recording, or its mapping, that cannot be read at all; the message is for the user, complete. */
export class RecordingError extends Error {}
