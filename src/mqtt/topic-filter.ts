/** Whether a topic matches an MQTT topic filter: `+` is one level, a last `#` is the rest. */
export const matchesFilter = (filter: string, topic: string): boolean => {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  const isOpen = wanted.at(-1) === '#';
  if (isOpen) wanted.pop();
  const isLongEnough = isOpen ? levels.length >= wanted.length : levels.length === wanted.length;
  return isLongEnough && wanted.every((level, index) => level === '+' || level === levels[index]);
};
