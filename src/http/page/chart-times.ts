const DAY_SECONDS = 86_400;

const clockTime = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric' });

/** The labels of a time axis, in the viewer's own time: days where they are a day or more apart. */
export const timeLabels = (seconds: number[]): string[] => {
  const [first = 0, second = 0] = seconds;
  return seconds.map((each) => (second - first >= DAY_SECONDS ? dayName : clockTime).format(each * 1000));
};
